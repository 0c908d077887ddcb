using System.Diagnostics;
using System.Globalization;
using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Compression;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

// Prints MB/s of codecs and checksums, and records/s of batches, one thread:
// dotnet run -c Release --project bench/Codecs
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var json = Json(1 << 20);
Console.WriteLine("1 MiB of JSON lines in batches of      16 KiB                      1 MiB");
foreach (var type in Enum.GetValues<CompressionType>())
{
    if (type != CompressionType.None)
    {
        Console.WriteLine($"{type,-8} {Codecs(type, json, 16 * 1024)}   {Codecs(type, json, 1 << 20)}");
    }
}

foreach (var size in new[] { 100, 1024, 16 * 1024, 64 * 1024, 1 << 20 })
{
    var bytes = json.AsMemory(0, size);
    var rate = Rate(() => Crc32C.Compute(bytes.Span), size) / 1000;
    Console.WriteLine($"CRC-32C of {size,8} bytes: {rate,6:f1} GB/s");
}

foreach (var size in new[] { 100, 1024 })
{
    Records(json.AsMemory(0, size));
}

static string Codecs(CompressionType type, byte[] json, int pieceSize)
{
    var codec = Codec.For(type);
    using var packed = new PooledWriter(BufferPool.Default);
    using var plain = new PooledWriter(BufferPool.Default);
    var pieces = new List<byte[]>();
    for (var at = 0; at < json.Length; at += pieceSize)
    {
        packed.Truncate(0);
        codec.Compress(json.AsSpan(at, pieceSize), packed);
        pieces.Add(packed.WrittenSpan.ToArray());
    }

    var ratio = (double)json.Length / pieces.Sum(piece => piece.Length);
    var compress = Rate(
        () =>
        {
            for (var at = 0; at < json.Length; at += pieceSize)
            {
                packed.Truncate(0);
                codec.Compress(json.AsSpan(at, pieceSize), packed);
            }
        },
        json.Length);
    var decompress = Rate(
        () =>
        {
            foreach (var piece in pieces)
            {
                plain.Truncate(0);
                codec.Decompress(piece, plain, pieceSize);
            }
        },
        json.Length);
    return $"ratio {ratio:f2} enc {compress,5:f0} dec {decompress,5:f0} MB/s";
}

static void Records(ReadOnlyMemory<byte> value)
{
    const int count = 1000;
    using var builder = new RecordBatchBuilder(BufferPool.Default, 64 << 20);
    var key = "key-0000"u8.ToArray();
    var encode = Rate(
        () =>
        {
            builder.Reset();
            for (var i = 0; i < count; i++)
            {
                builder.TryAppend(1000 + i, key, false, value.Span, false, default);
            }

            builder.Seal();
        },
        count);
    var section = builder.SealedBatch[RecordBatchHeader.Size..];
    var read = Rate(
        () =>
        {
            var reader = new RecordReader(section.Span, count);
            while (reader.MoveNext())
            {
            }

            reader.ThrowIfBad();
        },
        count);
    Console.WriteLine($"records of {value.Length} bytes: encode and seal {encode:f0}, read {read:f0} million/s");
}

// Million units (bytes, records) a second: the best of several rounds.
static double Rate(Action action, long units)
{
    var best = 0.0;
    var until = Stopwatch.GetTimestamp() + (Stopwatch.Frequency * 6 / 10);
    while (Stopwatch.GetTimestamp() < until)
    {
        var start = Stopwatch.GetTimestamp();
        var runs = 0;
        do
        {
            action();
            runs++;
        }
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < 20);

        best = Math.Max(best, units * runs / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6);
    }

    return best;
}

static byte[] Json(int size)
{
    var random = new Random(42);
    var text = new StringBuilder(size + 300);
    string[] cities = ["Berlin", "Zurich", "Lisbon", "Oslo", "Vienna", "Madrid"];
    string[] states = ["pending", "shipped", "cancelled", "paid"];
    for (var id = 100_000; text.Length < size; id++)
    {
        text.Append(CultureInfo.InvariantCulture, $"{{\"orderId\":{id},\"customer\":\"customer-{random.Next(5000)}\",");
        text.Append(CultureInfo.InvariantCulture, $"\"city\":\"{cities[random.Next(6)]}\",");
        text.Append(CultureInfo.InvariantCulture, $"\"state\":\"{states[random.Next(4)]}\",");
        text.Append(CultureInfo.InvariantCulture, $"\"amount\":{random.Next(100000) / 100.0},");
        text.Append(CultureInfo.InvariantCulture, $"\"ts\":{1_700_000_000_000 + (id * 37L)}}}\n");
    }

    return Encoding.UTF8.GetBytes(text.ToString()[..size]);
}
