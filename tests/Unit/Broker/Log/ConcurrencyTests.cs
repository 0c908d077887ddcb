using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class ConcurrencyTests
{
    [Fact]
    public async Task Appends_reads_searches_flushes_and_retention_do_not_disturb_one_another()
    {
        using var data = new TestData(FlushPolicy.Group, settings:
            [("segment.bytes", "2000"), ("retention.bytes", "6000"), ("file.delete.delay.ms", "0"),
                ("index.interval.bytes", "100")]);
        data.Manager.Start();
        using var stop = new CancellationTokenSource();
        var log = data.Log;
        Task Loop(Action step) => Task.Factory.StartNew(() =>
        {
            while (!stop.IsCancellationRequested)
                step();
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var next = 0L;
        Task[] others =
        [
            Loop(() => data.Manager.Tick(data.Time.NowMs)),
            Loop(() => data.Manager.Checkpoint()),
            Loop(() =>
            {
                var found = log.OffsetOfTimestamp(log.StartOffset, ReadIsolation.HighWatermark);
                Assert.True(found.Offset == -1 || found.Offset < log.EndOffset);
                Assert.True(log.OffsetOfMaxTimestamp().Offset < log.EndOffset);
            }),
            Loop(() =>
            {
                var read = log.Read(next, 500, true, ReadIsolation.HighWatermark);
                if (read.Error == ErrorCode.OffsetOutOfRange)
                {
                    next = log.StartOffset;
                    return;
                }
                Assert.Equal(ErrorCode.None, read.Error);
                foreach (var header in Batches.Headers(read.Records.Span))
                {
                    Assert.True(header.BaseOffset <= next && header.LastOffset >= next);
                    next = header.NextOffset;
                }
                read.Release();
            }),
        ];
        for (var i = 0; i < 3_000; i++)
            data.Appended(Batches.Of(1 + i % 3, log.EndOffset, i % 100, step: 1));
        Assert.Equal(ErrorCode.None, await log.WhenDurable(log.EndOffset));
        await stop.CancelAsync();
        await Task.WhenAll(others);
        Assert.Equal(log.EndOffset, log.HighWatermark);
        // How much the loop's own ticks removed is a matter of luck; this one finds everything written and durable.
        data.Manager.Tick(data.Time.NowMs);
        Assert.True(log.StartOffset > 0);
        var (start, end) = (log.StartOffset, log.EndOffset);
        data.Reopen();
        Assert.Equal((start, end), (data.Log.StartOffset, data.Log.EndOffset));
    }

    [Fact]
    public void The_disk_keeps_what_memory_keeps()
    {
        var directory = Path.Combine(Path.GetTempPath(), $"millrace-log-{Environment.ProcessId}");
        var options = new LogManagerOptions
        {
            Directory = directory,
            Time = TimeProvider.System,
            Random = new Random(1),
        };
        try
        {
            using (var manager = LogManager.Open(options))
            {
                manager.Start();
                manager.CreateTopic("t", 2, [new("segment.bytes", "2000")]);
                var log = manager.Find("t", 1)!;
                for (var i = 0; i < 100; i++)
                    Assert.Equal(ErrorCode.None, log.Append(Batches.Of(2, producerId: 9, epoch: 0, sequence: i * 2), 5)
                        .Error);
                Assert.Equal(StorageError.Locked, Assert.Throws<StorageException>(() => LogManager.Open(options))
                    .Error);
            }
            // Once cleanly stopped, once not.
            foreach (var marker in (bool[])[true, false])
            {
                if (!marker)
                    DiskFileSystem.Instance.DeleteFile(Path.Combine(directory, LogFiles.CleanShutdown));
                using var manager = LogManager.Open(options);
                var log = manager.Find("t", 1)!;
                Assert.Equal((200L, 200L), (log.EndOffset, log.HighWatermark));
                Assert.Equal(199, Assert.Single(log.Producers()).LastSequence);
                var read = log.Read(101, 1, true, ReadIsolation.HighWatermark);
                Assert.Equal(100, Assert.Single(Batches.Headers(read.Records.Span)).BaseOffset);
                read.Release();
            }
        }
        finally
        {
            DiskFileSystem.Instance.DeleteDirectory(directory);
        }
    }
}
