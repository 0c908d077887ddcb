using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Consume;

/// <summary>Makes a <see cref="FetchedBatch"/> of one checked batch: opens the section and parses it once, so that a
/// damaged record shows here and never while the application reads.</summary>
sealed class BatchDecoder(BufferPool pool, BufferBudget budget, bool checkCrcs, int maxDecompressedBytes)
{
    const int LeastRecordSize = 7;   // length, attributes, two deltas, two lengths, header count: one byte each

    /// <summary>Checks what can be checked without opening.</summary>
    public BatchFault Validate(ReadOnlySpan<byte> batch) => RecordBatch.Validate(batch, checkCrcs);

    /// <summary>Opens and parses.</summary>
    /// <param name="topicPartition">Where it comes from.</param>
    /// <param name="batch">Exactly one batch, validated.</param>
    /// <param name="header">Its header.</param>
    /// <param name="frame">The answer that the batch lies in; gets one more reference if the section is borrowed from
    /// it.</param>
    /// <param name="position">Records below this offset are left out.</param>
    /// <param name="highWatermark">For <see cref="FetchedBatch.HighWatermark"/>.</param>
    /// <param name="logStart">For <see cref="FetchedBatch.LogStartOffset"/>.</param>
    /// <returns>Null if no record is at or above the position.</returns>
    /// <exception cref="WireFormatException">The section is damaged or too large.</exception>
    public FetchedBatch? Decode(
        TopicPartition topicPartition,
        ReadOnlyMemory<byte> batch,
        in RecordBatchHeader header,
        FetchBuffer frame,
        long position,
        long highWatermark,
        long logStart)
    {
        var section = RecordSection.Open(batch, pool, maxDecompressedBytes);
        FetchBuffer buffer;
        if (section.Owner is { } owner)
        {
            buffer = new FetchBuffer(owner, budget);
        }
        else
        {
            buffer = frame;
            frame.Retain();
        }
        byte[]? index = null;
        try
        {
            if (header.RecordCount > section.Bytes.Length / LeastRecordSize)
                throw new WireFormatException($"{header.RecordCount} records do not fit {section.Bytes.Length} bytes");
            index = pool.Rent(header.RecordCount * Unsafe.SizeOf<RecordView>());
            var slots = MemoryMarshal.Cast<byte, RecordView>(index.AsSpan());
            var count = Parse(section.Bytes.Span, header, position, slots);
            if (count > 0)
            {
                var result = new FetchedBatch(topicPartition, header, section.Bytes, buffer, pool, index, count)
                {
                    HighWatermark = highWatermark,
                    LogStartOffset = logStart,
                };
                index = null;
                return result;
            }
        }
        catch
        {
            if (index is not null)
                pool.Return(index);
            buffer.Release();
            throw;
        }
        pool.Return(index);
        buffer.Release();
        return null;
    }

    static int Parse(ReadOnlySpan<byte> section, in RecordBatchHeader header, long position, Span<RecordView> slots)
    {
        var reader = new RecordReader(section, header.RecordCount);
        var wanted = position - header.BaseOffset;
        var last = -1;
        var count = 0;
        while (reader.MoveNext())
        {
            ref readonly var record = ref reader.Current;
            if (record.OffsetDelta <= last || record.OffsetDelta > header.LastOffsetDelta)
                throw new WireFormatException($"the record with offset delta {record.OffsetDelta} is out of order");
            last = record.OffsetDelta;
            if (last >= wanted)
                slots[count++] = record;
        }
        reader.ThrowIfBad();
        return count;
    }
}
