using System.Globalization;
using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Unit.Protocol.Compression;

namespace Millrace.Unit.Protocol.Records;

/// <summary>One record of a test, and what a batch must make of it.</summary>
sealed record TestRecord(long Timestamp, byte[]? Key, byte[]? Value, RecordHeader[] Headers)
{
    public static TestRecord Any(Random random, long around)
    {
        var headers = new RecordHeader[random.Next(4) == 0 ? random.Next(5) : 0];
        for (var i = 0; i < headers.Length; i++)
        {
            // A null array would become an empty value, not a null one.
            var bytes = Bytes(random, 300);
            var value = bytes is null ? default(ReadOnlyMemory<byte>?) : bytes;
            headers[i] = new RecordHeader(
                random.Next(3) switch { 0 => "", 1 => "trace-id", _ => new string('ж', random.Next(100)) }, value);
        }

        var timestamp = random.Next(20) == 0
            ? random.NextInt64(long.MinValue, long.MaxValue)
            : around + random.Next(-5, 100);
        var valueSize = random.Next(10) == 0 ? 20_000 : 200;
        return new TestRecord(timestamp, Bytes(random, 100), Bytes(random, valueSize), headers);
    }

    public bool AppendTo(RecordBatchBuilder builder) =>
        builder.TryAppend(Timestamp, Key, Key is null, Value, Value is null, Headers);

    /// <summary>The line that Golden/Records/Oracle.java makes of a record.</summary>
    public static void Describe(
        StringBuilder text, in RecordBatchHeader header, in RecordView record, ReadOnlySpan<byte> section)
    {
        text.Append(CultureInfo.InvariantCulture, $"{header.OffsetOf(record)} {header.TimestampOf(record)} ");
        text.Append(Hex(record.KeyIsNull, record.Key(section))).Append(' ');
        text.Append(Hex(record.ValueIsNull, record.Value(section)));
        var headers = record.Headers(section);
        while (headers.MoveNext())
        {
            text.Append(' ').Append(Encoding.UTF8.GetString(headers.Key)).Append('=');
            text.Append(Hex(headers.ValueIsNull, headers.Value));
        }

        text.Append('\n');
    }

    static string Hex(bool isNull, ReadOnlySpan<byte> bytes) => isNull ? "null" : "x" + Convert.ToHexStringLower(bytes);

    static byte[]? Bytes(Random random, int max) => random.Next(6) == 0 ? null : Samples.Any(random, max);
}

/// <summary>Says what is in batches in the words of Golden/Records/Oracle.java.</summary>
static class Batches
{
    static readonly SlicedCrc Crc32 = new(0xEDB88320);

    public static List<string> Describe(ReadOnlyMemory<byte> bytes)
    {
        var pool = new DiagnosticBufferPool();
        var lines = new List<string>();
        var position = 0;
        while (position < bytes.Length)
        {
            var batches = new BatchReader(bytes.Span[position..]);
            Xunit.Assert.True(batches.MoveNext(), batches.Fault.Text());
            var header = batches.Current;
            var batch = bytes.Slice(position, batches.CurrentBytes.Length);
            position += batch.Length;
            Xunit.Assert.Equal(BatchFault.None, RecordBatch.Validate(batch.Span));
            var section = RecordSection.Open(batch, pool, 64 << 20);
            var fault = RecordBatch.ValidateRecords(header, section.Bytes.Span, produced: true);
            Xunit.Assert.Equal(BatchFault.None, fault);
            var compression = header.Compression.ToString().ToLowerInvariant();
            var isTransactional = header.IsTransactional ? "true" : "false";
            var isControl = header.IsControl ? "true" : "false";
            lines.Add(string.Join(
                ' ', "batch", compression, header.BaseOffset, header.LastOffset, header.MaxTimestamp, header.ProducerId,
                header.ProducerEpoch, header.BaseSequence, isTransactional, isControl, header.RecordCount));

            var text = new StringBuilder();
            var records = new RecordReader(section.Bytes.Span, header.RecordCount);
            while (records.MoveNext())
            {
                TestRecord.Describe(text, header, records.Current, section.Bytes.Span);
            }

            records.ThrowIfBad();
            var crc = ~Crc32.Continue(uint.MaxValue, Encoding.UTF8.GetBytes(text.ToString()));
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"records {header.RecordCount} {crc:x}"));
            section.Release();
        }

        pool.AssertAllReturned();
        return lines;
    }
}
