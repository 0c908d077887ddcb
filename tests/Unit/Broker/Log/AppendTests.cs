using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class AppendTests
{
    [Fact]
    public void Offsets_follow_one_another()
    {
        using var data = new TestData();
        Assert.Equal(0, data.Appended(Batches.Of(3)));
        Assert.Equal(3, data.Appended(Batches.Of(2)));
        Assert.Equal(5, data.Log.EndOffset);
        Assert.Equal(5, data.Log.HighWatermark);
    }

    [Fact]
    public void The_received_bytes_are_not_changed_and_stored_but_for_offset_and_epoch()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(4));
        var batch = Batches.Of(3);
        var before = batch.ToArray();
        data.Appended(batch);
        Assert.Equal(before, batch);
        var read = data.Log.Read(4, 1 << 20, true, ReadIsolation.EndOffset);
        var stored = read.Records.ToArray();
        read.Release();
        Assert.Equal(batch.Length, stored.Length);
        Assert.Equal(before[16..], stored[16..]);
        Assert.True(RecordBatchHeader.TryRead(stored, out var header));
        Assert.Equal(4, header.BaseOffset);
        Assert.Equal(data.Log.LeaderEpoch, header.PartitionLeaderEpoch);
    }

    [Fact]
    public void A_batch_above_max_message_bytes_is_too_large()
    {
        using var data = new TestData(settings: ("max.message.bytes", "200"));
        Assert.Equal(ErrorCode.MessageTooLarge, data.Append(Batches.Of(1, valueSize: 300)).Error);
        Assert.Equal(ErrorCode.None, data.Append(Batches.Of(1, valueSize: 50)).Error);
        Assert.Equal(ErrorCode.None, data.Append(Batches.Of(1, valueSize: 300), AppendOrigin.Coordinator).Error);
    }

    [Fact]
    public void A_batch_above_segment_bytes_is_a_record_list_too_large()
    {
        using var data = new TestData(settings: ("segment.bytes", "300"));
        Assert.Equal(ErrorCode.RecordListTooLarge, data.Append(Batches.Of(1, valueSize: 400)).Error);
        Assert.Equal(0, data.Log.EndOffset);
    }

    [Fact]
    public void Damaged_and_foreign_bytes_are_refused()
    {
        using var data = new TestData();
        var flipped = Batches.Of(2);
        flipped[^1] ^= 1;
        Assert.Equal(ErrorCode.CorruptMessage, data.Append(flipped).Error);
        Assert.Equal(ErrorCode.CorruptMessage, data.Append([]).Error);
        Assert.Equal(ErrorCode.CorruptMessage, data.Append(Batches.Of(1)[..^1]).Error);
        Assert.Equal(ErrorCode.CorruptMessage, data.Append([.. Batches.Of(1), 7]).Error);
        Assert.Equal(ErrorCode.InvalidRecord, data.Append([.. Batches.Of(1), .. Batches.Of(1)]).Error);
        Assert.Equal(ErrorCode.InvalidRecord, data.Append(Batches.Marker(ControlRecordType.Commit, 1, 0)).Error);
        Assert.Equal(0, data.Log.EndOffset);
    }

    [Fact]
    public void The_broker_may_append_many_batches_at_once()
    {
        using var data = new TestData();
        byte[] many = [.. Batches.Of(2), .. Batches.Of(3), .. Batches.Of(4), .. Batches.Of(1), .. Batches.Of(1)];
        var result = data.Append(many, AppendOrigin.Coordinator);
        Assert.Equal((0L, 10L), (result.BaseOffset, result.LastOffset));
        Assert.Equal([0L, 2, 5, 9, 10], data.ReadAll().Select(static h => h.BaseOffset));
    }

    [Fact]
    public void Timestamps_too_far_away_are_refused()
    {
        using var data = new TestData(settings:
            [("message.timestamp.after.max.ms", "1000"), ("message.timestamp.before.max.ms", "5000")]);
        var now = data.Time.NowMs;
        Assert.Equal(ErrorCode.InvalidTimestamp, data.Append(Batches.Of(1, now + 1001)).Error);
        Assert.Equal(ErrorCode.InvalidTimestamp, data.Append(Batches.Of(1, now - 5001)).Error);
        Assert.Equal(ErrorCode.None, data.Append(Batches.Of(1, now + 1000)).Error);
        Assert.Equal(ErrorCode.None, data.Append(Batches.Of(1, now - 5000)).Error);
    }

    [Fact]
    public void Log_append_time_is_stamped_with_a_new_checksum()
    {
        using var data = new TestData(settings: ("message.timestamp.type", "LogAppendTime"));
        var batch = Batches.Of(3, 5);
        var result = data.Append(batch);
        Assert.Equal(data.Time.NowMs, result.AppendTimeMs);
        var header = Assert.Single(data.ReadAll());
        Assert.Equal(TimestampType.LogAppendTime, header.TimestampType);
        Assert.Equal(data.Time.NowMs, header.MaxTimestamp);
        Assert.Equal(new TimestampedOffset(data.Time.NowMs, 0, 0),
            data.Log.OffsetOfTimestamp(6, ReadIsolation.EndOffset));
    }

    [Fact]
    public void Create_time_answers_no_append_time()
    {
        using var data = new TestData();
        Assert.Equal(-1, data.Append(Batches.Of(1)).AppendTimeMs);
    }

    [Fact]
    public void A_segment_is_sealed_before_it_grows_over_its_size()
    {
        var size = Batches.Of(1).Length;
        using var data = new TestData(settings: ("segment.bytes", $"{3 * size}"));
        for (var i = 0; i < 7; i++)
            data.Appended(Batches.Of(1));
        Assert.Equal(3, data.Log.SegmentCount);
        Assert.Equal(["00000000000000000000.log", "00000000000000000003.log", "00000000000000000006.log"],
            LogNames(data));
        Assert.Equal(7, data.ReadAll().Count);
    }

    [Fact]
    public void A_segment_is_sealed_by_age_of_its_records()
    {
        using var data = new TestData(settings: ("segment.ms", "1000"));
        data.Appended(Batches.Of(1, 5_000));
        data.Appended(Batches.Of(1, 6_000));
        Assert.Equal(1, data.Log.SegmentCount);
        data.Appended(Batches.Of(1, 6_001));
        Assert.Equal(2, data.Log.SegmentCount);
    }

    [Fact]
    public void A_segment_is_sealed_when_its_index_is_full()
    {
        // Two entries of the offset index, one of the time index (12 bytes).
        using var data = new TestData(settings: [("segment.index.bytes", "24"), ("index.interval.bytes", "0")]);
        for (var i = 0; i < 8; i++)
            data.Appended(Batches.Of(1, 1_000 + i));
        Assert.True(data.Log.SegmentCount > 1);
        Assert.Equal(8, data.ReadAll().Count);
    }

    [Fact]
    public void A_segment_is_sealed_before_relative_offsets_overflow()
    {
        using var data = new TestData();
        var batch = Batches.Of(1);
        RecordBatchHeader.PatchLastOffsetDelta(batch, int.MaxValue - 1);
        data.Appended(batch, AppendOrigin.Coordinator);
        data.Appended(Batches.Of(1));
        Assert.Equal(1, data.Log.SegmentCount);
        Assert.Equal(int.MaxValue + 1L, data.Appended(Batches.Of(1)));
        Assert.Equal(2, data.Log.SegmentCount);
        Assert.Equal(3, data.ReadAll().Count);
    }

    [Fact]
    public void A_full_disk_refuses_the_append_and_the_log_goes_on_when_there_is_space()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Appended(Batches.Of(2));
        data.Files.Capacity = Used(data) + 30;
        var refused = data.Append(Batches.Of(2, valueSize: 100));
        Assert.Equal(ErrorCode.KafkaStorageError, refused.Error);
        Assert.Equal(ErrorCode.None, data.Log.Fault);
        Assert.Equal(2, data.Log.EndOffset);
        data.Files.Capacity = long.MaxValue;
        Assert.Equal(2, data.Appended(Batches.Of(3)));
        Assert.Equal([0L, 2], data.ReadAll().Select(static h => h.BaseOffset));
        data.Kill();
        Assert.Equal([0L, 2], data.ReadAll().Select(static h => h.BaseOffset));
    }

    [Fact]
    public void A_failed_write_puts_the_log_offline()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(1));
        data.Files.FailNext(FileOperation.Write, StorageError.Failed, ".log");
        Assert.Equal(ErrorCode.KafkaStorageError, data.Append(Batches.Of(1)).Error);
        Assert.Equal(ErrorCode.KafkaStorageError, data.Log.Fault);
        Assert.Equal(ErrorCode.KafkaStorageError, data.Append(Batches.Of(1)).Error);
        Assert.Equal(ErrorCode.KafkaStorageError, data.Log.Read(0, 100, true, ReadIsolation.EndOffset).Error);
    }

    [Fact]
    public void A_roll_that_finds_no_space_can_be_tried_again()
    {
        var size = Batches.Of(1).Length;
        using var data = new TestData(settings: ("segment.bytes", $"{size}"));
        data.Appended(Batches.Of(1));
        data.Files.FailNext(FileOperation.Create, StorageError.Full, ".log");
        Assert.Equal(ErrorCode.KafkaStorageError, data.Append(Batches.Of(1)).Error);
        Assert.Equal(1, data.Appended(Batches.Of(1)));
        Assert.Equal(2, data.ReadAll().Count);
    }

    static long Used(TestData data)
    {
        data.Files.Capacity = 1L << 40;
        return (1L << 40) - data.Files.Space("/").Free;
    }

    static IEnumerable<string> LogNames(TestData data) =>
        data.Files.List(data.LogDirectory).Select(static e => e.Name)
            .Where(static n => n.EndsWith(".log", StringComparison.Ordinal));
}
