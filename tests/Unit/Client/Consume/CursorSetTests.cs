using System.Text;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Xunit;

namespace Millrace.Unit.Client.Consume;

public sealed class CursorSetTests
{
    [Fact]
    public void Records_come_from_the_position_on_and_reading_goes_on_behind_the_batch()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 12, 5);

        var plan = fetch.Plan();
        Assert.Equal(12, CursorHarness.Offsets(plan)[0]);
        fetch.Answer(plan, (0, fetch.Batch(10, 0, 1, 2, 3)));

        Assert.Equal(["0:12", "0:13"], fetch.TakeAll());
        Assert.Equal(14, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void A_compacted_batch_moves_the_position_by_its_last_delta_even_without_a_record()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 10, -1);
        var batch = fetch.Batch(10, 0, 3);
        RecordBatchHeader.PatchLastOffsetDelta(batch, 9);

        fetch.Answer(fetch.Plan(), (0, batch));

        Assert.Equal(["0:10", "0:13"], fetch.TakeAll());
        Assert.True(fetch.Cursors.TryGetPosition(CursorHarness.P(0), out var position));
        Assert.Equal(20, position);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    public void A_record_has_all_its_parts(CompressionType compression)
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(1), 5, -1);
        fetch.Answer(fetch.Plan(), (1, fetch.Batch(5, compression, -1, 0)));

        using var batch = Assert.Single(fetch.Cursors.Take(fetch.Now)!);
        var record = Assert.Single(batch);

        Assert.Equal((5L, 1_700_000_000_000L), (record.Offset, record.TimestampMs));
        Assert.Equal("k5v5", Encoding.UTF8.GetString(record.Key.Span) + Encoding.UTF8.GetString(record.Value.Span));
        Assert.False(record.IsKeyNull || record.IsValueNull);
        Assert.Equal(["h", "h"], record.Headers.ToArray().Select(h => h.Key));
        Assert.True(record.Headers.TryGetLast("h", out var last));
        Assert.Null(last);
        Assert.False(record.Headers.TryGetLast("x", out _));
        Assert.Equal((1_000L, 5, 6L), (batch.HighWatermark, batch.LeaderEpoch, batch.NextOffset));
    }

    [Fact]
    public void A_batch_is_readable_until_its_last_holder_lets_go_and_not_longer()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Answer(fetch.Plan(), (0, fetch.Batch(0, 0)));
        var batch = Assert.Single(fetch.Cursors.Take(fetch.Now)!);
        var record = batch[0];

        batch.Retain();
        batch.Dispose();
        Assert.Equal(2, record.Value.Length);
        Assert.True(fetch.Budget.Held > 0);
        fetch.TakeAll();   // lets the cursor let go of the frame as well
        batch.Dispose();

        Assert.Throws<ObjectDisposedException>(() => record.Value);
        Assert.Throws<ObjectDisposedException>(batch.Retain);
        Assert.Throws<ObjectDisposedException>(batch.Dispose);
    }

    [Fact]
    public void What_was_fetched_before_a_seek_is_dropped()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Answer(fetch.Plan(), (0, fetch.Batch(0, 0, 1)));
        var inFlight = fetch.Plan();

        fetch.Cursors.Seek(CursorHarness.P(0), 50);
        fetch.Answer(inFlight, (0, fetch.Batch(2, 0, 1)));

        Assert.Empty(fetch.TakeAll());
        Assert.Equal(50, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void A_seek_to_the_same_offset_still_drops_what_is_in_flight()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        var inFlight = fetch.Plan();
        fetch.Cursors.Seek(CursorHarness.P(0), 0);
        fetch.Answer(inFlight, (0, fetch.Batch(0, 0)));

        Assert.Empty(fetch.TakeAll());
    }

    [Fact]
    public void What_arrives_for_a_revoked_partition_is_dropped_also_if_it_came_back()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        var inFlight = fetch.Plan();
        fetch.Cursors.Remove([CursorHarness.P(0)]);
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Answer(inFlight, (0, fetch.Batch(0, 0)));

        Assert.Empty(fetch.TakeAll());
    }

    [Fact]
    public void A_paused_partition_keeps_its_buffer_and_is_not_fetched()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Answer(fetch.Plan(), (0, fetch.Batch(0, 0)));
        fetch.Cursors.SetPaused(CursorHarness.P(0), true);

        Assert.Empty(fetch.TakeAll());
        fetch.NothingToFetch();
        fetch.Cursors.SetPaused(CursorHarness.P(0), false);

        Assert.Equal(["0:0"], fetch.TakeAll());
    }

    [Fact]
    public void Partitions_take_turns()
    {
        using var fetch = new CursorHarness(new ConsumerOptions { MaxPollRecords = 1 });
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Cursors.Add(CursorHarness.P(1), 0, -1);
        fetch.Answer(fetch.Plan(),
            (0, [.. fetch.Batch(0, 0), .. fetch.Batch(1, 0)]), (1, [.. fetch.Batch(0, 0), .. fetch.Batch(1, 0)]));

        Assert.Equal(["0:0", "1:0", "0:1", "1:1"], fetch.TakeAll());
    }

    [Fact]
    public void A_batch_that_is_cut_off_is_left_out_and_the_first_one_is_asked_for_with_more_bytes()
    {
        using var fetch = new CursorHarness(new ConsumerOptions { MaxPartitionFetchBytes = 1024 });
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        var second = fetch.Batch(1, 0);
        fetch.Answer(fetch.Plan(), (0, [.. fetch.Batch(0, 0), .. second.AsSpan(0, 70)]));
        Assert.Equal(["0:0"], fetch.TakeAll());

        var plan = fetch.Plan();
        Assert.Equal(1, CursorHarness.Offsets(plan)[0]);
        fetch.Answer(plan, (0, second[..30]));

        Assert.Equal(2048, fetch.Plan().Request.Topics[0].Partitions[0].PartitionMaxBytes);
    }

    [Fact]
    public void Control_batches_never_show_and_at_the_end_an_empty_batch_tells_where_reading_goes_on()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Answer(fetch.Plan(),
            (0, [.. fetch.Batch(0, CompressionType.None, 7, 0),
                .. CursorHarness.Marker(1, 7, ControlRecordType.Abort)]));

        // Read uncommitted shows the record although it was aborted.
        Assert.Equal(["0:0", "0 to 2"], fetch.TakeAll());
        Assert.Equal(2, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void An_empty_batch_has_no_bytes_and_says_what_every_batch_says()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 7, -1);
        fetch.Answer(fetch.Plan(), (0, CursorHarness.Marker(7, 7, ControlRecordType.Commit)));

        var batch = Assert.Single(fetch.Cursors.Take(fetch.Now)!);

        Assert.Equal((0, 0, 8L, 1_000L), (batch.Count, batch.SizeBytes, batch.NextOffset, batch.HighWatermark));
        Assert.Empty(batch);
        batch.Retain();
        batch.Dispose();
        batch.Dispose();
        Assert.Throws<ObjectDisposedException>(batch.Dispose);
        Assert.Null(fetch.Cursors.Take(fetch.Now));
    }

    [Fact]
    public void Markers_between_records_bring_no_empty_batch()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        var marker = CursorHarness.Marker(0, 7, ControlRecordType.Commit);
        fetch.Answer(fetch.Plan(), (0, [.. marker, .. fetch.Batch(1, 0)]));

        Assert.Equal(["0:1"], fetch.TakeAll());
    }

    [Fact]
    public void Read_committed_leaves_out_exactly_the_aborted_transactions()
    {
        using var fetch = new CursorHarness(new ConsumerOptions { IsolationLevel = IsolationLevel.ReadCommitted });
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        byte[] records =
        [
            .. fetch.Batch(0, CompressionType.None, 7, 0),                 // aborted
            .. fetch.Batch(1, CompressionType.None, 8, 0),                 // committed
            .. fetch.Batch(2, 0),                                          // no transaction
            .. CursorHarness.Marker(3, 7, ControlRecordType.Abort),
            .. CursorHarness.Marker(4, 8, ControlRecordType.Commit),
            .. fetch.Batch(5, CompressionType.None, 7, 0),                 // the next of producer 7, committed
            .. fetch.Batch(6, CompressionType.None, 9, 0),                 // aborted; listed first by the broker
        ];
        fetch.Answer(fetch.Plan(), new FetchResponse.PartitionData
        {
            HighWatermark = 20,
            LastStableOffset = 8,
            Records = records,
            AbortedTransactions = [new() { ProducerId = 9, FirstOffset = 6 },
                new() { ProducerId = 7, FirstOffset = 0 }],
        });

        Assert.Equal(["0:1", "0:2", "0:5", "0 to 7"], fetch.TakeAll());
        Assert.Equal(7, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void A_damaged_batch_names_its_place_and_a_seek_goes_past_it()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 10, -1);
        var bad = fetch.Batch(10, 0, 1);
        bad[^1] ^= 1;
        fetch.Answer(fetch.Plan(), (0, bad));

        var error = Assert.Throws<CorruptBatchException>(fetch.TakeAll);
        Assert.Equal((CursorHarness.P(0), 10L, 12L), (error.TopicPartition, error.Offset, error.NextOffset));
        Assert.Contains("t-0", error.Message);
        fetch.NothingToFetch();   // a pause, then it is fetched again
        fetch.Now += 1_000;
        Assert.Equal(10, CursorHarness.Offsets(fetch.Plan())[0]);
        fetch.Cursors.Seek(CursorHarness.P(0), error.NextOffset);

        Assert.Equal(12, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void A_damaged_batch_holds_up_its_own_partition_only()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Cursors.Add(CursorHarness.P(1), 0, -1);
        var bad = fetch.Batch(0, 0);
        bad[^1] ^= 1;
        fetch.Answer(fetch.Plan(), (0, fetch.Batch(0, 0)), (1, bad));

        foreach (var batch in fetch.Cursors.Take(fetch.Now)!)
            batch.Dispose();

        Assert.Throws<CorruptBatchException>(() => fetch.Cursors.Take(fetch.Now));
        Assert.Null(fetch.Cursors.Take(fetch.Now));
    }

    [Theory]
    [InlineData(AutoOffsetReset.Earliest, -2L)]
    [InlineData(AutoOffsetReset.Latest, -1L)]
    public void An_offset_out_of_range_is_reset_by_policy(AutoOffsetReset policy, long timestamp)
    {
        using var fetch = new CursorHarness(new ConsumerOptions { AutoOffsetReset = policy });
        fetch.Cursors.Add(CursorHarness.P(0), 5, -1);
        var outcome = fetch.Answer(fetch.Plan(), Error(ErrorCode.OffsetOutOfRange));

        Assert.True(outcome.NeedsReset);
        fetch.NothingToFetch();
        var reset = Assert.Single(fetch.Cursors.PlanResets(fetch.Now, out _));
        Assert.Equal(timestamp, reset.Timestamp);
        Assert.Empty(fetch.Cursors.PlanResets(fetch.Now, out _));
        fetch.Cursors.Complete(reset, 77, 5);

        Assert.Equal(77, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void A_seek_wins_over_a_reset_that_is_under_way()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), null, -1);
        var reset = Assert.Single(fetch.Cursors.PlanResets(fetch.Now, out _));
        fetch.Cursors.Seek(CursorHarness.P(0), 3);
        fetch.Cursors.Complete(reset, 77, 5);

        Assert.Equal(3, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void Without_a_policy_the_poll_throws_until_the_application_seeks()
    {
        using var fetch = new CursorHarness(new ConsumerOptions { AutoOffsetReset = AutoOffsetReset.Error });
        fetch.Cursors.Add(CursorHarness.P(0), null, -1);

        var error = Assert.Throws<KafkaServerException>(() => fetch.Cursors.Take(fetch.Now));
        Assert.Equal(ErrorCode.OffsetOutOfRange, error.Code);
        Assert.Contains("Seek", error.Message);
        fetch.Cursors.Seek(CursorHarness.P(0), 0);
        Assert.Null(fetch.Cursors.Take(fetch.Now));
        fetch.Plan();
    }

    [Theory]
    [InlineData(ErrorCode.NotLeaderOrFollower)]
    [InlineData(ErrorCode.FencedLeaderEpoch)]
    [InlineData(ErrorCode.UnknownTopicId)]
    public void Outdated_metadata_is_refreshed_and_the_position_stays(ErrorCode code)
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 5, -1);
        var data = Error(code);
        data.CurrentLeader = new() { LeaderId = 3, LeaderEpoch = 9 };
        var outcome = fetch.Answer(fetch.Plan(), data);

        Assert.True(outcome.NeedsRefresh);
        Assert.Equal(("t", 0, 3, 9), Assert.Single(outcome.Leaders!));
        fetch.NothingToFetch();
        fetch.Now += 100;
        Assert.Equal(5, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void A_truncated_log_moves_the_position_back_to_where_it_parts()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 50, 4);
        var plan = fetch.Plan();
        Assert.Equal(4, plan.Request.Topics[0].Partitions[0].LastFetchedEpoch);
        fetch.Answer(plan, new FetchResponse.PartitionData { DivergingEpoch = new() { Epoch = 3, EndOffset = 40 } });

        Assert.Equal(40, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void A_topic_made_anew_starts_over()
    {
        using var fetch = new CursorHarness();
        fetch.Cursors.Add(CursorHarness.P(0), 50, 4);
        fetch.Plan();
        fetch.View = CursorHarness.ViewOf(Guid.Parse("00000000-0000-0000-0000-000000000002"), 2);

        fetch.NothingToFetch();
        Assert.Single(fetch.Cursors.PlanResets(fetch.Now, out _));
    }

    [Fact]
    public void Topics_without_an_id_are_asked_for_by_name()
    {
        using var fetch = new CursorHarness();
        fetch.View = CursorHarness.ViewOf(Guid.Empty, 2);
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);

        Assert.Equal(12, fetch.Plan().VersionCap);
        Assert.Equal(6, fetch.Plan(version: 6).VersionCap);
    }

    [Fact]
    public void Held_batches_stop_fetching_until_they_are_released()
    {
        using var fetch = new CursorHarness(Small);
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        byte[] records = [.. Enumerable.Range(0, 40).SelectMany(i => fetch.Batch(i, 0))];
        Assert.True(records.Length > 1024);
        fetch.Answer(fetch.Plan(), (0, records));
        var held = fetch.Cursors.Take(fetch.Now)!;

        fetch.NothingToFetch();
        Assert.Null(fetch.Cursors.Take(fetch.Now));
        held.ForEach(b => b.Dispose());

        Assert.Equal(40, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    [Fact]
    public void Paused_buffers_make_room_when_the_others_would_starve()
    {
        using var fetch = new CursorHarness(Small);
        fetch.Cursors.Add(CursorHarness.P(0), 0, -1);
        fetch.Answer(fetch.Plan(), (0, [.. Enumerable.Range(0, 40).SelectMany(i => fetch.Batch(i, 0))]));
        fetch.Cursors.SetPaused(CursorHarness.P(0), true);
        fetch.Cursors.Add(CursorHarness.P(1), 0, -1);

        Assert.Equal([1], CursorHarness.Offsets(fetch.Plan()).Keys);
        fetch.Cursors.SetPaused(CursorHarness.P(0), false);
        Assert.Equal(0, CursorHarness.Offsets(fetch.Plan())[0]);
    }

    static ConsumerOptions Small => new() { MaxPartitionFetchBytes = 1024, MaxBufferedBytes = 1024 };

    static FetchResponse.PartitionData Error(ErrorCode code) => new() { ErrorCode = code };
}
