using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class CommitterTests
{
    [Fact]
    public async Task An_append_is_durable_after_the_pass_that_flushed_it()
    {
        using var data = new TestData(FlushPolicy.Group);
        var result = data.Append(Batches.Of(2));
        var durable = data.Log.WhenDurable(result.EndOffset).AsTask();
        Assert.False(durable.IsCompleted);
        Assert.Equal(1, data.Manager.Committer.RunOnce());
        Assert.Equal(ErrorCode.None, await durable);
        Assert.True(data.Log.WhenDurable(result.EndOffset).AsTask().IsCompletedSuccessfully);
        Assert.Equal(0, data.Manager.Committer.RunOnce());
    }

    [Fact]
    public void One_flush_serves_all_who_wait()
    {
        using var data = new TestData(FlushPolicy.Group);
        var flushes = 0;
        data.Files.Fault = (operation, path) =>
        {
            flushes += operation == FileOperation.Flush && path.EndsWith(".log", StringComparison.Ordinal) ? 1 : 0;
            return null;
        };
        for (var i = 0; i < 50; i++)
            data.Appended(Batches.Of(1));
        data.Manager.Committer.RunOnce();
        Assert.Equal(1, flushes);
        Assert.Equal(50, data.Log.HighWatermark);
    }

    [Fact]
    public async Task A_failed_flush_puts_the_log_offline_and_is_never_retried()
    {
        using var data = new TestData(FlushPolicy.Group);
        var result = data.Append(Batches.Of(1));
        var durable = data.Log.WhenDurable(result.EndOffset).AsTask();
        data.Files.FailNext(FileOperation.Flush, StorageError.Failed, ".log");
        data.Manager.Committer.RunOnce();
        Assert.Equal(ErrorCode.KafkaStorageError, await durable);
        Assert.Equal(ErrorCode.KafkaStorageError, await data.Log.WhenDurable(5));
        Assert.Equal(0, data.Log.HighWatermark);
        data.Manager.Committer.RunOnce();
        Assert.Equal(ErrorCode.KafkaStorageError, data.Append(Batches.Of(1)).Error);
        // Such a stop is not clean: the next start reads everything again.
        data.Manager.Dispose();
        Assert.False(data.Files.FileExists("/data/.kafka_cleanshutdown"));
    }

    [Fact]
    public async Task The_thread_flushes_by_itself_and_many_appenders_share_it()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Manager.Start();
        var appenders = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                var result = data.Append(Batches.Of(1));
                Assert.Equal(ErrorCode.None, await data.Log.WhenDurable(result.EndOffset));
                Assert.True(data.Log.HighWatermark >= result.EndOffset);
            }
        }));
        await Task.WhenAll(appenders);
        Assert.Equal(800, data.Log.HighWatermark);
        Assert.True(data.Manager.Committer.Passes <= 801);
    }

    [Fact]
    public void Os_mode_flushes_only_sealed_segments()
    {
        var size = Batches.Of(1).Length;
        using var data = new TestData(FlushPolicy.Os, settings: ("segment.bytes", $"{2 * size}"));
        data.Appended(Batches.Of(1));
        Assert.Equal(0, data.Manager.Committer.RunOnce());
        data.Appended(Batches.Of(1));
        data.Appended(Batches.Of(1));
        Assert.Equal(1, data.Manager.Committer.RunOnce());
        Assert.Equal(2, data.Log.FlushedOffset);
        Assert.True(data.Files.FileExists(data.LogDirectory + "/00000000000000000002.snapshot"));
        Assert.True(data.Files.FileExists(data.LogDirectory + "/00000000000000000000.timeindex"));
    }

    [Fact]
    public void Interval_mode_answers_at_once_and_flushes_when_asked()
    {
        using var data = new TestData(FlushPolicy.Every(TimeSpan.FromSeconds(1)));
        data.Appended(Batches.Of(1));
        Assert.Equal((1L, 0L), (data.Log.HighWatermark, data.Log.FlushedOffset));
        Assert.Equal(1, data.Manager.Committer.RunOnce());
        Assert.Equal(1, data.Log.FlushedOffset);
    }

    [Fact]
    public void Memory_mode_touches_no_file()
    {
        using var data = new TestData(FlushPolicy.Memory);
        data.Appended(Batches.Of(3));
        Assert.Equal(3, data.Log.HighWatermark);
        Assert.Empty(data.Files.List("/"));
    }

    [Fact]
    public void Index_files_that_find_no_space_are_left_out_and_made_again()
    {
        var size = Batches.Of(1).Length;
        using var data = new TestData(FlushPolicy.Group,
            settings: [("segment.bytes", $"{2 * size}"), ("index.interval.bytes", "0")]);
        for (var i = 0; i < 5; i++)
            data.Appended(Batches.Of(1, 1_000 + i));
        data.Files.FailNext(FileOperation.Write, StorageError.Full, ".timeindex");
        data.Files.FailNext(FileOperation.Write, StorageError.Full, ".snapshot");
        data.Manager.Committer.RunOnce();
        Assert.Equal((ErrorCode.None, 5L), (data.Log.Fault, data.Log.HighWatermark));
        Assert.False(data.Files.FileExists(data.LogDirectory + "/00000000000000000000.timeindex"));
        data.Reopen();
        Assert.Equal(new TimestampedOffset(1_001, 1, 0), data.Log.OffsetOfTimestamp(1_001, ReadIsolation.EndOffset));
    }

    [Fact]
    public void Waiters_are_woken_once_by_the_offset_they_wait_for()
    {
        using var data = new TestData(FlushPolicy.Group);
        var end = new Counter { Bound = ReadIsolation.EndOffset, Beyond = 1 };
        var high = new Counter { Bound = ReadIsolation.HighWatermark, Beyond = 0 };
        var removed = new Counter { Bound = ReadIsolation.EndOffset, Beyond = 0 };
        Assert.True(data.Log.AddWaiter(end));
        Assert.True(data.Log.AddWaiter(high));
        Assert.True(data.Log.AddWaiter(removed));
        Assert.True(data.Log.RemoveWaiter(removed));
        Assert.False(data.Log.RemoveWaiter(removed));
        data.Appended(Batches.Of(1));
        Assert.Equal((0, 0), (end.Woken, high.Woken));
        data.Appended(Batches.Of(1));
        Assert.Equal((1, 0), (end.Woken, high.Woken));
        data.Manager.Committer.RunOnce();
        data.Appended(Batches.Of(1));
        Assert.Equal((1, 1, 0), (end.Woken, high.Woken, removed.Woken));
        Assert.False(data.Log.AddWaiter(new Counter { Bound = ReadIsolation.EndOffset, Beyond = 2 }));
    }

    [Fact]
    public void Deleting_a_topic_wakes_its_waiters()
    {
        using var data = new TestData();
        var log = data.Log;
        var waiter = new Counter { Beyond = 100 };
        Assert.True(log.AddWaiter(waiter));
        data.Manager.DeleteTopic("t");
        Assert.Equal((1, ErrorCode.UnknownTopicOrPartition), (waiter.Woken, log.Fault));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, log.Append(Batches.Of(1), 0).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, log.Read(0, 1, true, ReadIsolation.EndOffset).Error);
    }

    [Fact]
    public void What_is_flushed_already_is_not_flushed_again()
    {
        using var data = new TestData(FlushPolicy.Group);
        var flushes = 0;
        data.Files.Fault = (operation, path) =>
        {
            flushes += operation == FileOperation.Flush && path.EndsWith(".log", StringComparison.Ordinal) ? 1 : 0;
            return null;
        };
        // An append between the moment in which a flush takes the log off the queue and the one in which it looks how
        // far the log goes is covered by that flush, and queued once more.
        data.Appended(Batches.Of(1));
        data.Log.Flush();
        Assert.Equal(1, data.Manager.Committer.RunOnce());
        Assert.Equal((1, 1L), (flushes, data.Log.HighWatermark));
        data.Appended(Batches.Of(1));
        data.Manager.Committer.RunOnce();
        Assert.Equal((2, 2L), (flushes, data.Log.HighWatermark));
    }

    [Fact]
    public void Nobody_waits_for_the_caches_of_a_sealed_segment()
    {
        var size = Batches.Of(1).Length;
        using var data = new TestData(FlushPolicy.Group, settings: ("segment.bytes", $"{2 * size}"));
        for (var i = 0; i < 3; i++)
            data.Appended(Batches.Of(1));
        var seen = new List<long>();
        data.Files.Fault = (operation, path) =>
        {
            if (operation == FileOperation.Flush && !path.EndsWith(".log", StringComparison.Ordinal))
                seen.Add(data.Log.HighWatermark);
            return null;
        };
        data.Manager.Committer.RunOnce();
        Assert.Equal([3, 3, 3], seen);
        Assert.Equal(3, data.Log.FlushedOffset);
    }

    [Fact]
    public async Task A_mistake_in_a_flush_puts_its_log_offline_and_the_committer_goes_on()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Manager.CreateTopic("other", 1);
        var other = data.Manager.Find("other", 0)!;
        data.Files.Fault = static (operation, path) =>
            operation == FileOperation.Flush && path.Contains("t-0", StringComparison.Ordinal)
                ? throw new InvalidOperationException("A mistake.")
                : null;
        var lost = data.Append(Batches.Of(1));
        var kept = other.Append(Batches.Of(1), data.Time.NowMs);
        var durable = data.Log.WhenDurable(lost.EndOffset).AsTask();
        data.Manager.Committer.RunOnce();
        Assert.Equal(ErrorCode.KafkaStorageError, await durable);
        Assert.Equal(ErrorCode.None, await other.WhenDurable(kept.EndOffset));
        data.Files.Fault = null;
    }

    sealed class Counter : LogWaiter
    {
        public int Woken { get; private set; }

        public override void Wake(PartitionLog log) => Woken++;
    }
}
