using System.Diagnostics;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Millrace.Unit.Protocol.Compression;
using Xunit;

namespace Millrace.Unit.Protocol.Records;

/// <summary>Kafka's own client and ours read each other's batches. See Golden/Records/README.md.</summary>
public sealed class KafkaAgreementTests
{
    // What Golden/Records/Oracle.java printed of its own files: the same for every compression.
    static readonly string[] Three = ["batch {0} 100 102 1700000000006 -1 -1 -1 false false 3", "records 3 88632cea"];
    static readonly string[] TwoHundred =
        ["batch {0} 100 299 1700000000597 4000 7 11 true false 200", "records 200 73a5ece7"];

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public void We_read_what_the_java_client_wrote(string compression)
    {
        foreach (var (name, expected) in new[] { ("3", Three), ("200", TwoHundred) })
        {
            var bytes = File.ReadAllBytes(Path.Combine(Samples.GoldenFolder, $"java-{compression}-{name}.bin"));
            Assert.Equal(
                expected.Select(line => line.Replace("{0}", compression, StringComparison.Ordinal)),
                Batches.Describe(bytes));
        }
    }

    [Fact]
    public void The_java_client_reads_what_we_wrote()
    {
        var kafka = FindKafka();
        Assert.SkipWhen(
            kafka is null, "No Kafka distribution: set MILLRACE_KAFKA_DIR to the folder with lib/kafka-clients-*.jar.");
        const int seed = 606;
        var random = new Random(seed);
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        using var file = new MemoryStream();
        for (var round = 0; round < 100; round++)
        {
            builder.Reset();
            for (var count = 1 + random.Next(round % 10 == 0 ? 500 : 30); count > 0; count--)
            {
                Assert.True(TestRecord.Any(random, 1_700_000_000_000).AppendTo(builder) || builder.Count > 0);
            }

            var compression = (CompressionType)(round % 5);
            var batch = round % 3 == 0
                ? builder.Seal(compression)
                : builder.Seal(compression, null, 4000 + round, (short)round, round * 10, round % 3 == 1);
            RecordBatchHeader.PatchBaseOffset(batch.Span, round * 1000);
            file.Write(batch.Span);
        }

        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, file.ToArray());
            Assert.Equal(Batches.Describe(file.ToArray()), RunOracle(kafka!, "read", path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    static string? FindKafka()
    {
        var named = Environment.GetEnvironmentVariable("MILLRACE_KAFKA_DIR");
        if (!string.IsNullOrEmpty(named))
        {
            return named;
        }

        for (var folder = new DirectoryInfo(Samples.GoldenFolder); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "shared", "kafka");
            if (Directory.Exists(Path.Combine(path, "lib")))
            {
                return path;
            }
        }

        return null;
    }

    static string[] RunOracle(string kafka, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            "java",
            ["-cp", Path.Combine(kafka, "lib", "*"), Path.Combine(Samples.GoldenFolder, "Oracle.java"), .. arguments])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
