using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Handlers;

/// <summary>A compacted topic keeps the last record of each key: one without a key could never be kept or removed, so
/// its batch is refused, with the places of such records (KIP-467).</summary>
static class CompactedKeys
{
    // As Kafka: enough to see what is wrong, however many records are.
    const int ListedErrors = 3;

    /// <summary>Looks at every record of a batch, decompressed if need be.</summary>
    /// <param name="batch">One batch; borrowed.</param>
    /// <param name="partition">Where it is to go.</param>
    /// <param name="pool">For decompressed records.</param>
    /// <param name="maxSectionBytes">The most bytes that they may have.</param>
    /// <param name="answer">Gets the error, if there is one.</param>
    /// <returns>True if every record has a key.</returns>
    public static bool Check(
        ReadOnlyMemory<byte> batch,
        TopicPartition partition,
        BufferPool pool,
        int maxSectionBytes,
        ProduceResponse.PartitionProduceResponse answer)
    {
        var keyless = 0;
        try
        {
            keyless = Count(batch, partition, pool, maxSectionBytes, answer);
        }
        catch (WireFormatException e)
        {
            answer.ErrorCode = ErrorCode.CorruptMessage;
            answer.ErrorMessage = e.Message;
            return false;
        }

        if (keyless == 0) return true;
        answer.ErrorCode = ErrorCode.InvalidRecord;
        answer.ErrorMessage = $"{keyless} of the batch's records have no key; {partition.Topic} is compacted "
            + "(cleanup.policy) and needs one.";
        return false;
    }

    static int Count(
        ReadOnlyMemory<byte> batch,
        TopicPartition partition,
        BufferPool pool,
        int maxSectionBytes,
        ProduceResponse.PartitionProduceResponse answer)
    {
        // What follows the first batch is the log's to refuse.
        if (RecordBatchHeader.TryRead(batch.Span, out var header) && header.TotalSize < batch.Length)
            batch = batch[..Math.Max(header.TotalSize, RecordBatchHeader.Size)];
        var section = RecordSection.Open(batch, pool, maxSectionBytes);
        try
        {
            var records = new RecordReader(section.Bytes.Span, header.RecordCount);
            var keyless = 0;
            for (var i = 0; records.MoveNext(); i++)
            {
                if (!records.Current.KeyIsNull) continue;
                if (++keyless > ListedErrors) continue;
                answer.RecordErrors.Add(new ProduceResponse.BatchIndexAndErrorMessage
                {
                    BatchIndex = i,
                    BatchIndexErrorMessage = $"A record for {partition} has no key.",
                });
            }

            records.ThrowIfBad();
            return keyless;
        }
        finally
        {
            section.Release();
        }
    }
}
