using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Unit.Protocol.Compression;
using Xunit;

namespace Millrace.Unit.Protocol.Records;

public sealed class RecordBatchFuzzTests
{
    [Fact]
    public void Any_records_come_back_from_any_batch()
    {
        const int seed = 2024;
        var random = new Random(seed);
        var pool = new DiagnosticBufferPool();
        using var builder = new RecordBatchBuilder(pool, 100_000);
        for (var round = 0; round < 400; round++)
        {
            builder.Reset();
            var records = new List<TestRecord>();
            for (var count = 1 + random.Next(60); count > 0; count--)
            {
                var record = TestRecord.Any(random, 1_000_000);
                if (record.AppendTo(builder))
                {
                    records.Add(record);
                }
            }

            Assert.Equal(records.Count, builder.Count);
            Assert.True(builder.EstimatedSize <= builder.SizeLimit || records.Count == 1);
            var batch = builder.Seal((CompressionType)(round % 5));
            Assert.True(batch.Length <= builder.EstimatedSize);
            Check(records, batch, pool, $"seed {seed}, round {round}");
        }

        builder.Dispose();
        pool.AssertAllReturned();
    }

    [Fact]
    public void A_copied_record_is_the_same_at_another_offset()
    {
        const int seed = 909;
        var random = new Random(seed);
        using var first = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        using var second = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        for (var i = 0; i < 300; i++)
        {
            Assert.True(TestRecord.Any(random, 5000).AppendTo(first));
        }

        var batch = first.Seal();
        RecordBatchHeader.TryRead(batch.Span, out var header);
        var section = batch.Span[RecordBatchHeader.Size..];
        var expected = new StringBuilder();
        var reader = new RecordReader(section, header.RecordCount);
        while (reader.MoveNext())
        {
            if (reader.Current.OffsetDelta % 3 == 1)
            {
                ref readonly var record = ref reader.Current;
                Assert.True(second.TryAppendCopy(record.OffsetDelta, header.TimestampOf(record), record, section));
                TestRecord.Describe(expected, header, record, section);
            }
        }

        var copy = second.Seal();
        RecordBatchHeader.PatchLastOffsetDelta(copy.Span, 299);
        Assert.Equal(BatchFault.None, RecordBatch.Validate(copy.Span));
        RecordBatchHeader.TryRead(copy.Span, out var copied);
        Assert.Equal((100, 300L), (copied.RecordCount, copied.NextOffset));
        Assert.Equal(BatchFault.NotNumberedByProducer, RecordBatch.ValidateProduced(copied));
        var text = new StringBuilder();
        var copyReader = new RecordReader(copy.Span[RecordBatchHeader.Size..], copied.RecordCount);
        while (copyReader.MoveNext())
        {
            TestRecord.Describe(text, copied, copyReader.Current, copy.Span[RecordBatchHeader.Size..]);
        }

        Assert.Equal(expected.ToString(), text.ToString());
    }

    [Fact]
    public void A_damaged_section_goes_bad_and_throws_nothing_else()
    {
        const int seed = 13;
        var random = new Random(seed);
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        for (var round = 0; round < 20_000 * Repository.FuzzFactor; round++)
        {
            builder.Reset();
            for (var count = 1 + random.Next(8); count > 0; count--)
            {
                TestRecord.Any(random, 10).AppendTo(builder);
            }

            var section = builder.Section.ToArray();
            CodecFuzzTests.Mutate(random, ref section);
            var claimed = random.Next(10) == 0 ? random.Next(int.MinValue, int.MaxValue) : builder.Count;
            var reader = new RecordReader(section, claimed);
            try
            {
                while (reader.MoveNext())
                {
                    var record = reader.Current;
                    _ = record.Key(section);
                    _ = record.Value(section);
                    var headers = record.Headers(section);
                    var found = 0;
                    while (headers.MoveNext())
                    {
                        _ = headers.Key;
                        _ = headers.Value;
                        found++;
                    }

                    Assert.Equal(record.HeaderCount, found);
                }

                reader.ThrowIfBad();
            }
            catch (WireFormatException)
            {
                Assert.True(reader.IsBad);
                Assert.False(reader.MoveNext());
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}");
            }
        }
    }

    [Fact]
    public void Every_single_damaged_byte_is_found()
    {
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        builder.TryAppend(5, "key"u8, false, "value"u8, false, default);
        var batch = builder.Seal().ToArray();
        for (var at = 0; at < batch.Length; at++)
        {
            // Base offset and leader epoch are outside the checksum.
            if (at is < 8 or (>= 12 and < 16))
            {
                continue;
            }

            batch[at] ^= 0x10;
            Assert.NotEqual(BatchFault.None, RecordBatch.Validate(batch));
            batch[at] ^= 0x10;
        }

        for (var length = 0; length < batch.Length; length++)
        {
            Assert.NotEqual(BatchFault.None, RecordBatch.Validate(batch.AsSpan(0, length)));
        }

        Assert.Equal(BatchFault.None, RecordBatch.Validate(batch));
    }

    [Fact]
    public void Damaged_batches_are_walked_without_an_exception()
    {
        const int seed = 66;
        var random = new Random(seed);
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        for (var i = 0; i < 10; i++)
        {
            TestRecord.Any(random, 10).AppendTo(builder);
        }

        var one = builder.Seal(CompressionType.Lz4).ToArray();
        for (var round = 0; round < 20_000 * Repository.FuzzFactor; round++)
        {
            byte[] bytes = [.. one, .. one, .. one];
            CodecFuzzTests.Mutate(random, ref bytes);
            var reader = new BatchReader(bytes);
            while (reader.MoveNext())
            {
                Assert.Equal(reader.Current.TotalSize, reader.CurrentBytes.Length);
                _ = RecordBatch.Validate(reader.CurrentBytes);
            }

            Assert.True(reader.Position == bytes.Length || reader.IsTruncated || reader.Fault != BatchFault.None);
        }
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void A_damaged_batch_opens_or_throws_one_exception_and_leaks_nothing(CompressionType type)
    {
        var pool = new DiagnosticBufferPool();
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        for (var seed = 0; seed < 1000 * Repository.FuzzFactor; seed++)
        {
            var random = new Random(seed);
            builder.Reset();
            for (var count = 1 + random.Next(20); count > 0; count--)
            {
                TestRecord.Any(random, 10).AppendTo(builder);
            }

            var batch = builder.Seal(type).ToArray();
            CodecFuzzTests.Mutate(random, ref batch);
            try
            {
                OpenAndWalk(batch, pool, random.NextInt64(-10, 120));
            }
            catch (WireFormatException)
            {
                // What is expected of most.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
        }

        pool.AssertAllReturned();
    }

    static void OpenAndWalk(byte[] batch, BufferPool pool, long timestamp)
    {
        var section = RecordSection.Open(batch, pool, 1 << 20);
        try
        {
            RecordBatchHeader.TryRead(batch, out var header);
            _ = RecordBatch.ValidateRecords(header, section.Bytes.Span, produced: false);
            RecordBatch.TryFindTimestamp(header, section.Bytes.Span, timestamp, out _, out _);
        }
        finally
        {
            section.Release();
        }
    }

    static void Check(List<TestRecord> records, Memory<byte> batch, BufferPool pool, string where)
    {
        Assert.True(RecordBatch.Validate(batch.Span) == BatchFault.None, where);
        RecordBatchHeader.TryRead(batch.Span, out var header);
        Assert.Equal(records.Count, header.RecordCount);
        Assert.Equal(records.Max(record => record.Timestamp), header.MaxTimestamp);
        var section = RecordSection.Open(batch, pool, 64 << 20);
        var bytes = section.Bytes.Span;
        Assert.Equal(BatchFault.None, RecordBatch.ValidateRecords(header, bytes, produced: true));
        var reader = new RecordReader(bytes, header.RecordCount);
        foreach (var expected in records)
        {
            Assert.True(reader.MoveNext(), where);
            Assert.Equal(expected.Timestamp, header.TimestampOf(reader.Current));
            Assert.True(expected.Key is null == reader.Current.KeyIsNull, where);
            Assert.True(reader.Current.Key(bytes).SequenceEqual(expected.Key), where);
            Assert.True(expected.Value is null == reader.Current.ValueIsNull, where);
            Assert.True(reader.Current.Value(bytes).SequenceEqual(expected.Value), where);
            Assert.Equal(expected.Headers.Length, reader.Current.HeaderCount);
            var headers = reader.Current.Headers(bytes);
            foreach (var wanted in expected.Headers)
            {
                Assert.True(headers.MoveNext(), where);
                Assert.Equal(wanted.Key, Encoding.UTF8.GetString(headers.Key));
                Assert.True(wanted.Value is null == headers.ValueIsNull, where);
                Assert.True(headers.Value.SequenceEqual(wanted.Value.GetValueOrDefault().Span), where);
            }
        }

        Assert.False(reader.MoveNext());
        reader.ThrowIfBad();
        section.Release();
    }
}
