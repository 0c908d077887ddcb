using System.Diagnostics;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Broker.Log;

/// <summary>Apache Kafka's own dump tool reads what we write. Needs MILLRACE_KAFKA_DIR (a folder with the <c>kafka</c>
/// command) and Java.</summary>
public sealed class KafkaDumpLogTests
{
    [Fact]
    public async Task Segments_indexes_and_snapshots_are_what_dump_log_expects()
    {
        var kafka = Environment.GetEnvironmentVariable("MILLRACE_KAFKA_DIR");
        Assert.SkipWhen(string.IsNullOrEmpty(kafka), "MILLRACE_KAFKA_DIR is not set.");
        var directory = Path.Combine(Path.GetTempPath(), $"millrace-dump-{Environment.ProcessId}");
        try
        {
            Write(directory);
            var files = Directory.GetFiles(Path.Combine(directory, "t-0"))
                .Where(static f => f.Contains("0000", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).ToList();
            Assert.Contains(files, static f => f.EndsWith(".index", StringComparison.Ordinal));
            Assert.Contains(files, static f => f.EndsWith(".timeindex", StringComparison.Ordinal));
            Assert.Contains(files, static f => f.EndsWith(".snapshot", StringComparison.Ordinal));
            var output = await Run(kafka!, string.Join(',', files));
            Assert.DoesNotContain("Mismatches", output, StringComparison.Ordinal);
            // The tool says so of the first record of every later segment; anything else would be a gap.
            Assert.DoesNotMatch(@"(?m)^\s+[0-9]+ is followed by", output);
            Assert.DoesNotContain("out of order", output, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("not found in log", output, StringComparison.Ordinal);
            Assert.DoesNotContain("isvalid: false", output, StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", output, StringComparison.Ordinal);
            Assert.Equal(300, output.Split('\n')
                .Count(static l => l.StartsWith("baseOffset:", StringComparison.Ordinal)));
            Assert.Contains("producerId: 5", output, StringComparison.Ordinal);
        }
        finally
        {
            DiskFileSystem.Instance.DeleteDirectory(directory);
        }
    }

    static void Write(string directory)
    {
        using var manager = LogManager.Open(new LogManagerOptions
        {
            Directory = directory,
            Time = TimeProvider.System,
            Random = new Random(1),
            Flush = FlushPolicy.Os,
        });
        manager.CreateTopic("t", 1, [new("segment.bytes", "40000"), new("index.interval.bytes", "500")]);
        var log = manager.Find("t", 0)!;
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 0; i < 300; i++)
        {
            var compression = i % 3 == 0 ? CompressionType.Gzip : CompressionType.None;
            var batch = i % 2 == 0
                ? Batches.Of(3, now + i, 100, producerId: 5, epoch: 1, sequence: i / 2 * 3, compression: compression)
                : Batches.Of(1 + i % 5, now - i, i, compression: compression, step: 1);
            Assert.Equal(ErrorCode.None, log.Append(batch, now).Error);
        }
        Assert.True(log.SegmentCount > 1);
        manager.Committer.RunOnce();
    }

    static async Task<string> Run(string kafka, string files)
    {
        var start = new ProcessStartInfo(Path.Combine(kafka, "kafka"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])["dump-log", "--deep-iteration", "--files", files])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output + await error;
    }
}
