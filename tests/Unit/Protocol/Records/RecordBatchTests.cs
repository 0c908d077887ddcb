using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Records;

public sealed class RecordBatchTests
{
    [Fact]
    public void What_is_appended_is_read_back()
    {
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        RecordHeader[] headers = [new("a", "1"u8.ToArray()), new("ключ", null), new("", ReadOnlyMemory<byte>.Empty)];
        Assert.True(builder.TryAppend(1000, "k"u8, false, "v"u8, false, headers));
        Assert.True(builder.TryAppend(900, default, true, default, true, default));
        Assert.True(builder.TryAppend(long.MaxValue, default, false, new byte[300], false, default));
        var batch = builder.Seal(producerId: 7, producerEpoch: 3, baseSequence: int.MaxValue, isTransactional: true);

        Assert.Equal(BatchFault.None, RecordBatch.Validate(batch.Span));
        Assert.True(RecordBatchHeader.TryRead(batch.Span, out var header));
        Assert.Equal(BatchFault.None, RecordBatch.ValidateProduced(header));
        Assert.Equal((0L, -1), (header.BaseOffset, header.PartitionLeaderEpoch));
        Assert.Equal((3, 2), (header.RecordCount, header.LastOffsetDelta));
        Assert.Equal((7L, (short)3), (header.ProducerId, header.ProducerEpoch));
        Assert.Equal((int.MaxValue, 1), (header.BaseSequence, header.LastSequence));
        Assert.True(header.IsTransactional);
        Assert.False(header.IsControl);
        Assert.Equal((1000L, long.MaxValue), (header.BaseTimestamp, header.MaxTimestamp));

        var section = batch.Span[RecordBatchHeader.Size..];
        var reader = new RecordReader(section, header.RecordCount);
        Assert.True(reader.MoveNext());
        Assert.Equal(1000, header.TimestampOf(reader.Current));
        Assert.Equal("k"u8, reader.Current.Key(section));
        Assert.Equal("v"u8, reader.Current.Value(section));
        var read = reader.Current.Headers(section);
        foreach (var header1 in headers)
        {
            Assert.True(read.MoveNext());
            Assert.Equal(header1.Key, Encoding.UTF8.GetString(read.Key));
            Assert.Equal(header1.Value is null, read.ValueIsNull);
            Assert.Equal(header1.Value?.ToArray() ?? [], read.Value.ToArray());
        }

        Assert.False(read.MoveNext());
        Assert.True(reader.MoveNext());
        Assert.True(reader.Current.KeyIsNull && reader.Current.ValueIsNull);
        Assert.Equal(900, header.TimestampOf(reader.Current));
        Assert.True(reader.MoveNext());
        Assert.Equal((0, 300, 2), (reader.Current.KeyLength, reader.Current.ValueLength, reader.Current.OffsetDelta));
        Assert.Equal(long.MaxValue, header.TimestampOf(reader.Current));
        Assert.False(reader.MoveNext());
        Assert.False(reader.IsBad);
        Assert.Equal(BatchFault.None, RecordBatch.ValidateRecords(header, section, produced: true));
    }

    [Fact]
    public void A_record_behind_the_greatest_offset_there_can_be_is_refused()
    {
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        builder.TryAppend(0, "a"u8, false, "first"u8, false, default);
        var first = builder.Section.ToArray();
        builder.Reset();
        builder.TryAppendAt(int.MaxValue, 0, "a"u8, false, "last"u8, false, default);
        var batch = new byte[RecordBatchHeader.Size + builder.Section.Length + first.Length];
        builder.Section.CopyTo(batch.AsMemory(RecordBatchHeader.Size));
        first.CopyTo(batch.AsSpan(RecordBatchHeader.Size + builder.Section.Length));
        RecordBatchBuilder.WriteHeader(batch, 0, int.MaxValue, 0, 0, -1, -1, -1, count: 2);
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        Assert.Equal(BatchFault.None, RecordBatch.Validate(batch));

        var section = batch.AsSpan(RecordBatchHeader.Size);
        Assert.Equal(BatchFault.BadRecords, RecordBatch.ValidateRecords(header, section, produced: false));
    }

    [Fact]
    public void A_control_batch_is_sound_and_says_its_type()
    {
        var batch = new byte[ControlBatch.EndTransactionSize];
        ControlBatch.WriteEndTransaction(batch, ControlRecordType.Commit, 5, 6, 77, 123456);

        Assert.Equal(BatchFault.None, RecordBatch.Validate(batch));
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        Assert.True(header.IsControl && header.IsTransactional);
        Assert.Equal(BatchFault.ControlFromProducer, RecordBatch.ValidateProduced(header));
        var section = batch.AsSpan(RecordBatchHeader.Size);
        var reader = new RecordReader(section, header.RecordCount);
        Assert.True(reader.MoveNext());
        Assert.True(ControlBatch.TryReadType(reader.Current.Key(section), out var type));
        Assert.True(ControlBatch.TryReadCoordinatorEpoch(reader.Current.Value(section), out var epoch));
        Assert.Equal((ControlRecordType.Commit, 77), (type, epoch));
        Assert.False(reader.MoveNext());
        Assert.False(reader.IsBad);
    }
}
