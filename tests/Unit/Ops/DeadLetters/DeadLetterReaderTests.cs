using Millrace.Ops.DeadLetters;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Unit.Client.Consume;
using Xunit;

namespace Millrace.Unit.Ops.DeadLetters;

public sealed class DeadLetterReaderTests
{
    static readonly TopicPartition Partition = CursorHarness.P(0);

    [Fact]
    public void Null_and_empty_stay_apart_in_key_value_and_headers()
    {
        var isNull = Letter(null, null, null);
        Assert.Null(isNull.Key);
        Assert.Null(isNull.Value);
        Assert.Null(Assert.Single(isNull.Headers).Value);

        var empty = Letter([], [], []);
        Assert.Equal(0, empty.Key!.Value.Length);
        Assert.Equal(0, empty.Value!.Value.Length);
        Assert.Equal(0, Assert.Single(empty.Headers).Value!.Value.Length);
    }

    [Fact]
    public void A_letter_holds_copies_of_its_bytes()
    {
        // The batch is given back by now, and its pool has written over the buffer.
        var letter = Letter([1, 2], [3], [4]);
        Assert.Equal([1, 2], letter.Key!.Value.ToArray());
        Assert.Equal([3], letter.Value!.Value.ToArray());
        Assert.Equal([4], Assert.Single(letter.Headers).Value!.Value.ToArray());
        Assert.Equal((Partition, 5L), (letter.Partition, letter.Offset));
    }

    /// <summary>Writes one record, fetches it and makes a letter of it.</summary>
    static DeadLetter Letter(byte[]? key, byte[]? value, byte[]? header)
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(Partition, 5, -1);
        fetch.Answer(fetch.Plan(), (0, Batch(5, key, value, header)));
        using var batch = Assert.Single(fetch.Cursors.Take(fetch.Now)!);
        return DeadLetterReader.ToLetter(Partition, Assert.Single(batch));
    }

    static byte[] Batch(long offset, byte[]? key, byte[]? value, byte[]? header)
    {
        var headerValue = header is null ? default(ReadOnlyMemory<byte>?) : header.AsMemory();
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 16);
        Assert.True(builder.TryAppendAt(
            0, 1_700_000_000_000, key, key is null, value, value is null, [new RecordHeader("h", headerValue)]));
        var batch = builder.Seal(CompressionType.None, null, -1, -1, -1, false).ToArray();
        RecordBatchHeader.PatchBaseOffset(batch, offset);
        return batch;
    }
}
