using Millrace.Broker.Log;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class ReadTests
{
    [Fact]
    public void A_read_begins_with_the_batch_that_contains_the_offset()
    {
        using var data = new TestData();
        for (var i = 0; i < 10; i++)
            data.Appended(Batches.Of(10));
        for (var offset = 0; offset < 100; offset++)
            Assert.Equal(offset / 10 * 10, data.Read(offset, 200)[0].BaseOffset);
    }

    [Fact]
    public void The_first_batch_comes_even_above_the_limit()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(1, valueSize: 5_000));
        data.Appended(Batches.Of(1, valueSize: 5_000));
        Assert.Single(data.Read(0, 1));
        Assert.Single(data.Read(1, 100));
        Assert.Empty(data.Read(0, 100, minOneBatch: false));
        Assert.Empty(data.Read(0, 0, minOneBatch: false));
        Assert.Single(data.Read(0, 6_000, minOneBatch: false));
        Assert.Equal(2, data.Read(0, 20_000).Count);
    }

    [Fact]
    public void A_batch_above_the_limit_is_found_again_by_the_next_read_too()
    {
        using var data = new TestData();
        for (var i = 0; i < 6; i++)
            data.Appended(Batches.Of(2, valueSize: 3_000));
        for (var offset = 0L; offset < 12;)
        {
            var batch = Assert.Single(data.Read(offset, 64));
            Assert.Equal(offset, batch.BaseOffset);
            Assert.Empty(data.Read(offset, 64, minOneBatch: false));
            offset = batch.NextOffset;
        }
    }

    [Fact]
    public void Offsets_outside_the_log_are_out_of_range_with_its_bounds()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(5));
        Assert.Empty(data.Read(5));
        var read = data.Log.Read(6, 100, true, ReadIsolation.EndOffset);
        Assert.Equal(ErrorCode.OffsetOutOfRange, read.Error);
        Assert.Equal(new LogBounds(0, 5, 5, 5), read.Bounds);
        Assert.Equal(ErrorCode.OffsetOutOfRange, data.Log.Read(-1, 100, true, ReadIsolation.EndOffset).Error);
        Assert.Equal(ErrorCode.None, data.Log.DeleteRecordsBefore(3));
        Assert.Equal(ErrorCode.OffsetOutOfRange, data.Log.Read(2, 100, true, ReadIsolation.EndOffset).Error);
        Assert.Single(data.Read(3));
    }

    [Fact]
    public void Consumers_do_not_see_beyond_the_high_watermark()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Appended(Batches.Of(2));
        Assert.Empty(data.Read(0, isolation: ReadIsolation.HighWatermark));
        Assert.Single(data.Read(0, isolation: ReadIsolation.EndOffset));
        data.Manager.Committer.RunOnce();
        data.Appended(Batches.Of(2));
        var seen = Assert.Single(data.Read(0, isolation: ReadIsolation.HighWatermark));
        Assert.Equal(2, seen.NextOffset);
        Assert.Equal(seen.TotalSize, data.Log.AvailableBytes(0, ReadIsolation.HighWatermark));
        Assert.Equal(data.Log.Size, data.Log.AvailableBytes(0, ReadIsolation.EndOffset));
    }

    [Fact]
    public void A_read_stops_at_the_end_of_a_segment_and_the_next_goes_on()
    {
        var size = Batches.Of(1).Length;
        using var data = new TestData(settings: ("segment.bytes", $"{2 * size}"));
        for (var i = 0; i < 5; i++)
            data.Appended(Batches.Of(1));
        Assert.Equal([0L, 1], data.Read(0).Select(static h => h.BaseOffset));
        Assert.Equal([2L, 3], data.Read(2).Select(static h => h.BaseOffset));
        Assert.Equal([4L], data.Read(4).Select(static h => h.BaseOffset));
        Assert.Equal(5 * size, data.Log.AvailableBytes(0, ReadIsolation.HighWatermark));
        Assert.Equal(2 * size, data.Log.AvailableBytes(3, ReadIsolation.HighWatermark));
        Assert.Equal(0, data.Log.AvailableBytes(5, ReadIsolation.HighWatermark));
        Assert.Equal(5 * size, data.Log.Size);
    }

    [Fact]
    public void Every_offset_is_found_through_indexes_of_any_density()
    {
        foreach (var interval in (int[])[0, 100, 1_000, 4_096])
        {
            var random = new Random(interval);
            using var data = new TestData(settings:
                [("index.interval.bytes", $"{interval}"), ("segment.bytes", "8000")]);
            var starts = new List<long>();
            for (var i = 0; i < 200; i++)
                starts.Add(data.Appended(Batches.Of(random.Next(1, 9), valueSize: random.Next(200))));
            for (var round = 0; round < 2; round++)
            {
                for (var offset = 0; offset < data.Log.EndOffset; offset++)
                    Assert.Equal(starts.Last(s => s <= offset), data.Read(offset, 1)[0].BaseOffset);
                data.Reopen();
            }
        }
    }

    [Fact]
    public void A_time_leads_to_the_first_record_at_or_after_it()
    {
        foreach (var compression in (CompressionType[])[CompressionType.None, CompressionType.Gzip])
        {
            using var data = new TestData(settings: [("index.interval.bytes", "100"), ("segment.bytes", "3000")]);
            for (var i = 0; i < 50; i++)
                data.Appended(Batches.Of(10, 1_000 + i * 100, step: 10, compression: compression));
            for (var round = 0; round < 2; round++)
            {
                for (var time = 990; time < 5_990; time += 7)
                {
                    var expected = Math.Max(0, (time - 1_000 + 9) / 10);
                    Assert.Equal(new TimestampedOffset(1_000 + expected * 10, expected, 0),
                        data.Log.OffsetOfTimestamp(time, ReadIsolation.HighWatermark));
                }
                Assert.Equal(TimestampedOffset.None, data.Log.OffsetOfTimestamp(5_991, ReadIsolation.HighWatermark));
                Assert.Equal(new TimestampedOffset(5_990, 499, 0), data.Log.OffsetOfMaxTimestamp());
                data.Reopen();
            }
        }
    }

    [Fact]
    public void Times_out_of_order_are_found_by_the_running_maximum()
    {
        using var data = new TestData(settings: ("index.interval.bytes", "0"));
        long[] times = [500, 900, 100, 700, 950, 20];
        foreach (var time in times)
            data.Appended(Batches.Of(1, time));
        Assert.Equal(new TimestampedOffset(900, 1, 0), data.Log.OffsetOfTimestamp(600, ReadIsolation.EndOffset));
        Assert.Equal(new TimestampedOffset(950, 4, 0), data.Log.OffsetOfTimestamp(901, ReadIsolation.EndOffset));
        Assert.Equal(new TimestampedOffset(500, 0, 0), data.Log.OffsetOfTimestamp(0, ReadIsolation.EndOffset));
        Assert.Equal(new TimestampedOffset(950, 4, 0), data.Log.OffsetOfMaxTimestamp());
        Assert.Equal(ErrorCode.None, data.Log.DeleteRecordsBefore(2));
        Assert.Equal(new TimestampedOffset(700, 3, 0), data.Log.OffsetOfTimestamp(600, ReadIsolation.EndOffset));
    }

    [Fact]
    public void An_empty_log_has_no_times()
    {
        using var data = new TestData();
        Assert.Equal(TimestampedOffset.None, data.Log.OffsetOfTimestamp(0, ReadIsolation.EndOffset));
        Assert.Equal(TimestampedOffset.None, data.Log.OffsetOfMaxTimestamp());
    }

    [Fact]
    public void A_damaged_batch_is_a_storage_error_not_data()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(1));
        using (var file = data.Files.Open(data.LogDirectory + "/00000000000000000000.log",
            Millrace.Broker.Storage.FileOpening.Existing))
            file.Write([9], 16);
        Assert.Equal(ErrorCode.KafkaStorageError, data.Log.Read(0, 100, true, ReadIsolation.EndOffset).Error);
    }

    [Fact]
    public async Task Readers_see_whole_batches_while_somebody_appends()
    {
        using var data = new TestData(settings: ("segment.bytes", "20000"));
        using var stop = new CancellationTokenSource();
        var log = data.Log;
        var readers = Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(() =>
        {
            var next = 0L;
            while (!stop.IsCancellationRequested || next < log.EndOffset)
            {
                var read = log.Read(next, 3_000, true, ReadIsolation.HighWatermark);
                Assert.Equal(ErrorCode.None, read.Error);
                foreach (var header in Batches.Headers(read.Records.Span))
                {
                    Assert.Equal(next, header.BaseOffset);
                    next = header.NextOffset;
                }
                read.Release();
            }
            return next;
        }, TaskCreationOptions.LongRunning)).ToList();
        for (var i = 0; i < 2_000; i++)
            data.Appended(Batches.Of(1 + i % 3, valueSize: i % 100));
        await stop.CancelAsync();
        foreach (var reader in readers)
            Assert.Equal(log.EndOffset, await reader);
    }
}
