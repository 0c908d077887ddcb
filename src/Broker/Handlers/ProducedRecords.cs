using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Handlers;

/// <summary>Looks at every record of a batch before the log takes it, as Kafka does: a record that does not parse would
/// stop every consumer of its partition for good, and in a compacted topic one without a key could never be kept or
/// removed (KIP-467).</summary>
static class ProducedRecords
{
    // As Kafka: enough to see what is wrong, however many records are.
    const int ListedErrors = 3;

    /// <summary>Walks the records, decompressed if need be.</summary>
    /// <param name="batch">One batch; borrowed. What follows it is the log's to refuse.</param>
    /// <param name="log">Where it is to go.</param>
    /// <param name="pool">For decompressed records.</param>
    /// <param name="maxSectionBytes">The most bytes that they may have.</param>
    /// <param name="answer">Gets the error, if there is one.</param>
    /// <returns>True if the log may have the batch; it looks at the header and the checksum itself.</returns>
    public static bool Check(
        ReadOnlyMemory<byte> batch,
        Log.PartitionLog log,
        BufferPool pool,
        int maxSectionBytes,
        ProduceResponse.PartitionProduceResponse answer)
    {
        if (RecordBatchHeader.TryRead(batch.Span, out var header) && header.TotalSize < batch.Length)
            batch = batch[..Math.Max(header.TotalSize, RecordBatchHeader.Size)];
        var problem = Problem(header, batch, log, pool, maxSectionBytes, answer);
        // Damaged on the way: the log's answer makes the client send it again.
        if (problem is null || RecordBatch.Validate(batch.Span) != BatchFault.None) return true;
        answer.ErrorCode = ErrorCode.InvalidRecord;
        answer.ErrorMessage = problem;
        return false;
    }

    static string? Problem(
        in RecordBatchHeader header,
        ReadOnlyMemory<byte> batch,
        Log.PartitionLog log,
        BufferPool pool,
        int maxSectionBytes,
        ProduceResponse.PartitionProduceResponse answer)
    {
        RecordSection section = default;
        try
        {
            section = RecordSection.Open(batch, pool, maxSectionBytes);
            var records = section.Bytes.Span;
            if (RecordBatch.ValidateRecords(header, records, produced: true) is var fault and not BatchFault.None)
                return $"A batch for {log.Partition}: {fault.Text()}.";
            return log.Config.IsCompacting ? ProblemOfKeys(header, records, log.Partition, answer) : null;
        }
        catch (WireFormatException e)
        {
            return $"The records of a batch for {log.Partition} cannot be read: {e.Message}";
        }
        finally
        {
            section.Release();
        }
    }

    static string? ProblemOfKeys(
        in RecordBatchHeader header,
        ReadOnlySpan<byte> section,
        TopicPartition partition,
        ProduceResponse.PartitionProduceResponse answer)
    {
        var records = new RecordReader(section, header.RecordCount);
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

        return keyless == 0
            ? null
            : $"{keyless} of the batch's records have no key; {partition.Topic} is compacted (cleanup.policy) and "
                + "needs one.";
    }
}
