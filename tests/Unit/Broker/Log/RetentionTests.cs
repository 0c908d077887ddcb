using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class RetentionTests
{
    static readonly int Size = Batches.Of(1).Length;

    [Fact]
    public void Oldest_segments_go_while_the_rest_is_large_enough()
    {
        using var data = new TestData(settings: [("segment.bytes", $"{Size}"), ("retention.bytes", $"{3 * Size}"),
            ("retention.ms", "-1")]);
        for (var i = 0; i < 10; i++)
            data.Appended(Batches.Of(1));
        data.Manager.Tick(data.Time.NowMs);
        Assert.Equal((7L, 10L), (data.Log.StartOffset, data.Log.EndOffset));
        Assert.Equal(3 * Size, data.Log.Size);
        Assert.Equal(ErrorCode.OffsetOutOfRange, data.Log.Read(6, 100, true, ReadIsolation.EndOffset).Error);
    }

    [Fact]
    public void Segments_go_when_their_newest_record_is_too_old()
    {
        using var data = new TestData(settings: [("segment.bytes", $"{2 * Size}"), ("retention.ms", "1000")]);
        var now = data.Time.NowMs;
        foreach (var age in (int[])[3_000, 900, 2_000, 1_900, 500, 400])
            data.Appended(Batches.Of(1, now - age));
        data.Manager.Tick(now);
        // The first segment's newest record is 900 ms old: it stays, and so does all behind it.
        Assert.Equal(0, data.Log.StartOffset);
        data.Manager.Tick(now + 200);
        Assert.Equal(4, data.Log.StartOffset);
    }

    [Fact]
    public void An_expired_active_segment_is_sealed_and_goes_too()
    {
        using var data = new TestData(settings: ("retention.ms", "1000"));
        data.Appended(Batches.Of(3, data.Time.NowMs));
        data.Manager.Tick(data.Time.NowMs + 1_001);
        Assert.Equal((3L, 3L, 1), (data.Log.StartOffset, data.Log.EndOffset, data.Log.SegmentCount));
        Assert.Equal(3, data.Appended(Batches.Of(1)));
        data.Reopen();
        Assert.Equal((3L, 4L), (data.Log.StartOffset, data.Log.EndOffset));
    }

    [Fact]
    public void Nothing_above_the_high_watermark_goes()
    {
        using var data = new TestData(FlushPolicy.Group,
            settings: [("segment.bytes", $"{Size}"), ("retention.ms", "1000")]);
        for (var i = 0; i < 4; i++)
            data.Appended(Batches.Of(1));
        data.Manager.Tick(data.Time.NowMs);
        Assert.Equal(0, data.Log.StartOffset);
        data.Manager.Committer.RunOnce();
        data.Manager.Tick(data.Time.NowMs);
        Assert.Equal(4, data.Log.StartOffset);
    }

    [Fact]
    public void A_compacted_topic_keeps_old_segments()
    {
        using var data = new TestData(settings: [("segment.bytes", $"{Size}"), ("retention.ms", "1"),
            ("cleanup.policy", "compact")]);
        for (var i = 0; i < 4; i++)
            data.Appended(Batches.Of(1));
        data.Manager.Tick(data.Time.NowMs);
        Assert.Equal(0, data.Log.StartOffset);
    }

    [Fact]
    public void Files_are_renamed_at_once_and_removed_after_the_delay()
    {
        using var data = new TestData(settings:
            [("segment.bytes", $"{Size}"), ("retention.bytes", $"{Size}"), ("file.delete.delay.ms", "500")]);
        for (var i = 0; i < 3; i++)
            data.Appended(Batches.Of(1, data.Time.NowMs));
        data.Manager.Committer.RunOnce();
        data.Manager.Tick(data.Time.NowMs);
        var deleted = Names(data).Where(static n => n.EndsWith(".deleted", StringComparison.Ordinal)).ToList();
        Assert.Contains("00000000000000000000.log.deleted", deleted);
        Assert.Contains("00000000000000000001.timeindex.deleted", deleted);
        data.Manager.Tick(data.Time.NowMs + 499);
        Assert.Equal(deleted, Names(data).Where(static n => n.EndsWith(".deleted", StringComparison.Ordinal)));
        data.Manager.Tick(data.Time.NowMs + 500);
        Assert.DoesNotContain(Names(data), static n => n.EndsWith(".deleted", StringComparison.Ordinal));
        Assert.DoesNotContain(Names(data), static n => n.StartsWith("00000000000000000000.", StringComparison.Ordinal));
    }

    [Fact]
    public void Deleted_records_stay_deleted_after_a_kill()
    {
        using var data = new TestData(settings: ("segment.bytes", $"{2 * Size}"));
        for (var i = 0; i < 7; i++)
            data.Appended(Batches.Of(1));
        var partition = new TopicPartition("t", 0);
        Assert.Equal(ErrorCode.OffsetOutOfRange, data.Manager.DeleteRecords(partition, 8, out var start));
        Assert.Equal(-1, start);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition,
            data.Manager.DeleteRecords(new TopicPartition("nothing", 0), 0, out _));
        Assert.Equal(ErrorCode.None, data.Manager.DeleteRecords(partition, 5, out start));
        Assert.Equal(5, start);
        data.Kill();
        Assert.Equal((5L, 7L), (data.Log.StartOffset, data.Log.EndOffset));
        data.Manager.Tick(data.Time.NowMs);
        Assert.Equal(2, data.Log.SegmentCount);
        Assert.Equal(ErrorCode.None, data.Manager.DeleteRecords(partition, -1, out start));
        Assert.Equal(7, start);
        Assert.Equal(ErrorCode.None, data.Manager.DeleteRecords(partition, 6, out start));
        Assert.Equal(7, start);
    }

    [Fact]
    public void Changed_settings_hold_at_once_and_after_a_restart()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(1, valueSize: 500));
        data.Manager.SetSettings("t", [new("max.message.bytes", "300")]);
        Assert.Equal(ErrorCode.MessageTooLarge, data.Append(Batches.Of(1, valueSize: 500)).Error);
        data.Kill();
        Assert.Equal(ErrorCode.MessageTooLarge, data.Append(Batches.Of(1, valueSize: 500)).Error);
        Assert.Throws<ArgumentException>(() => data.Manager.SetSettings("t", [new("max.message.bytes", "many")]));
        Assert.Equal(300, data.Log.Config.MaxMessageBytes);
    }

    [Fact]
    public void Retention_reads_no_file_under_the_lock_of_the_appends()
    {
        using var data = new TestData(settings:
            [("segment.bytes", $"{2 * Size}"), ("retention.ms", "1000"), ("index.interval.bytes", "0")]);
        for (var i = 0; i < 6; i++)
            data.Appended(Batches.Of(1, data.Time.NowMs));
        data.Reopen();
        var reads = 0;
        data.Files.Fault = (operation, path) =>
        {
            if (operation != FileOperation.Read) return null;
            reads++;
            // Takes the lock: gets it at once, or never before the read ends.
            var other = new Thread(() => _ = data.Log.Size);
            other.Start();
            Assert.True(other.Join(TimeSpan.FromSeconds(10)), $"The lock is held while {path} is read.");
            return null;
        };
        data.Manager.Tick(data.Time.NowMs + 500);
        Assert.Equal(0, data.Log.StartOffset);
        Assert.True(reads > 0);
        data.Files.Fault = null;
    }

    static IEnumerable<string> Names(TestData data) => data.Files.List(data.LogDirectory).Select(static e => e.Name);
}
