using System.Text;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Processing.Listeners;

public sealed class ListenerCoreTests
{
    static readonly TopicPartition Partition = new("orders", 0);

    [Fact]
    public void By_partition_runs_one_record_at_a_time_in_order()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Assign(0).Receive("a", "b", "c");
        var first = test.Start();
        Assert.Equal(0, first.Offset);
        Assert.Null(test.TryStart());
        test.Core.End(first, Outcome.Done);
        Assert.Equal(1, test.Start().Offset);
    }

    [Fact]
    public void By_key_runs_keys_side_by_side_and_records_of_a_key_in_order()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive("a", "a", "b");
        var a = test.Start();
        var b = test.Start();
        Assert.Equal((0, 2), (a.Offset, b.Offset));
        Assert.Null(test.TryStart());
        test.Core.End(a, Outcome.Done);
        Assert.Equal(1, test.Start().Offset);
    }

    [Fact]
    public void A_commit_follows_to_the_end_of_a_partition_that_ends_in_transaction_markers()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Assign(0).Receive("a").ReceiveMarkers(2);
        var record = test.Start();
        test.Now += 60_000;
        Assert.Empty(test.Tick().Commits);     // the record before the markers is not done
        test.End(record, Outcome.Done);
        test.Now += 60_000;

        var commit = Assert.Single(test.Tick().Commits);
        Assert.Equal(new OffsetCommit(Partition, 3, ""), Assert.Single(commit.Offsets));
        test.Answer(commit, ErrorCode.None);
        test.ReceiveMarkers(1);
        test.Now += 60_000;

        Assert.Equal(4, Assert.Single(Assert.Single(test.Tick().Commits).Offsets).Offset);
        Assert.Equal(0, test.LiveBatches);
    }

    [Fact]
    public void Records_without_a_key_do_not_wait_for_each_other()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive(null, null, null);
        Assert.Equal([0, 1, 2], [test.Start().Offset, test.Start().Offset, test.Start().Offset]);
    }

    [Fact]
    public void A_retry_parks_its_key_and_nobody_overtakes()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive("a", "a", "b");
        var a = test.Start();
        test.Core.End(a, Outcome.RetryAfter(TimeSpan.FromMilliseconds(500)));
        test.Tick();
        test.End(test.Start(), Outcome.Done);                     // b goes on
        test.Now += 499;
        test.Tick();
        Assert.Null(test.TryStart());
        test.Now += 1;
        test.Tick();
        var again = test.Start();
        Assert.Equal((0, 2), (again.Offset, again.Attempt));
    }

    [Fact]
    public void Only_what_is_done_is_committed_and_the_rest_travels_as_a_map()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.Unordered });
        test.Assign(0).Receive("a", "b", "c", "d");
        var stuck = test.Start();
        test.End(test.Start(), Outcome.Done);
        test.End(test.Start(), Outcome.DeadLettered);
        test.Now += 1000;
        var commit = Assert.Single(Assert.Single(test.Tick().Commits).Offsets);
        Assert.Equal(0, commit.Offset);
        Assert.True(OffsetMap.TryDecode(commit.Metadata, 0, out var map, out _));
        Assert.Equal([false, true, true, false], [map!.IsDone(0), map.IsDone(1), map.IsDone(2), map.IsDone(3)]);
        Assert.Equal(0, stuck.Offset);
    }

    [Fact]
    public void A_failed_commit_is_sent_again_and_a_good_one_is_not()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Assign(0).Receive("a");
        test.End(test.Start(), Outcome.Done);
        test.Now += 1000;
        var request = Assert.Single(test.Tick().Commits);
        test.Now += 1000;
        Assert.Empty(test.Tick().Commits);                        // one in flight at a time
        test.Answer(request, ErrorCode.RebalanceInProgress);
        test.Now += 1000;
        var second = Assert.Single(test.Tick().Commits);
        test.Answer(second, ErrorCode.None);
        test.Now += 1000;
        Assert.Empty(test.Tick().Commits);
        Assert.Equal(1, test.Core.Status.CommitFailures);
    }

    [Fact]
    public void A_broker_that_takes_no_map_gets_offsets_alone()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.Unordered });
        test.Assign(0).Receive("a", "b", "c");
        var first = test.Start();
        var stuck = test.Start();
        test.End(test.Start(), Outcome.Done);
        test.End(first, Outcome.Done);
        test.Now += 1000;
        var request = Assert.Single(test.Tick().Commits);
        Assert.NotEqual("", request.Offsets[0].Metadata);
        test.Answer(request, ErrorCode.OffsetMetadataTooLarge);
        test.Now += 1000;
        Assert.Equal(new OffsetCommit(Partition, 1, ""), Assert.Single(Assert.Single(test.Tick().Commits).Offsets));
        Assert.Equal(1, stuck.Offset);
    }

    [Fact]
    public void Without_a_policy_the_partition_stops_and_nothing_is_skipped()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive("a", "b", "c");
        var a = test.Start();
        var b = test.Start();
        test.Core.End(b, Outcome.StopPartition(new InvalidOperationException("bad")));
        Assert.Null(test.TryStart());
        test.Core.End(a, Outcome.Done);
        test.Now += 1000;
        var decisions = test.Tick();
        Assert.Equal([Partition], decisions.Pauses);
        Assert.Equal(1, Assert.Single(Assert.Single(decisions.Commits).Offsets).Offset);
        var status = Assert.Single(test.Core.Status.Partitions);
        Assert.Equal(1, status.StoppedAt);
        Assert.Equal("bad", status.StoppedBy!.Message);
        Assert.Equal(0, test.Core.Status.Outstanding);
    }

    [Fact]
    public void Revoking_waits_for_what_runs_and_commits_exactly_that()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive("a", "a", "b");
        var a = test.Start();
        test.Core.OnRevoking([Partition], test.Now);
        Assert.False(test.Core.MayPoll);
        Assert.Null(test.TryStart());
        Assert.False(test.Tick().AcknowledgeRevocation);
        test.Core.End(a, Outcome.Done);
        var decisions = test.Tick();
        Assert.False(decisions.AcknowledgeRevocation);
        var request = Assert.Single(decisions.Commits);
        Assert.Equal(new OffsetCommit(Partition, 1, ""), Assert.Single(request.Offsets));
        test.Answer(request, ErrorCode.None);
        test.Now += 200;
        Assert.True(test.Tick().AcknowledgeRevocation);
        Assert.True(test.Core.MayPoll);
        Assert.Null(test.TryStart());
        test.Tick();
        Assert.True(test.Core.IsQuiet);
    }

    [Fact]
    public void A_handler_that_does_not_return_is_cancelled_and_then_left_behind()
    {
        var test = new Bench(new ListenerPlan
        {
            Name = "t",
            DrainTimeout = TimeSpan.FromSeconds(1),
            CancelGrace = TimeSpan.FromSeconds(1),
        });
        test.Assign(0).Receive("a");
        var zombie = test.Start();
        test.Core.OnRevoking([Partition], test.Now);
        test.Tick();
        Assert.False(zombie.Lease.Cancellation.IsCancellationRequested);
        test.Now += 1000;
        test.Tick();
        Assert.True(zombie.Lease.Cancellation.IsCancellationRequested);
        test.Now += 1000;
        Assert.True(test.Tick().AcknowledgeRevocation);

        // The same partition comes back: its key waits for the zombie.
        test.Assign(0).Receive("a");
        Assert.Null(test.TryStart());
        test.End(zombie, Outcome.Done);
        Assert.Equal(0, test.Start().Offset);
        test.Now += 1000;
        Assert.Empty(test.Tick().Commits);                        // the zombie's completion counts for nobody
    }

    [Fact]
    public void A_lost_partition_is_never_committed()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Assign(0).Receive("a", "b");
        test.End(test.Start(), Outcome.Done);
        test.Core.OnLost([Partition], test.Now);
        test.Now += 10_000;
        Assert.Empty(test.Tick().Commits);
        Assert.Null(test.TryStart());
        test.Tick();
        Assert.True(test.Core.IsQuiet);
        Assert.Equal(0, test.LiveBatches);
    }

    [Fact]
    public void Stopping_drains_commits_and_says_so()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Assign(0).Receive("a", "b");
        var a = test.Start();
        test.Core.BeginStop();
        Assert.False(test.Tick().IsStopped);
        test.Core.End(a, Outcome.Done);
        var request = Assert.Single(test.Tick().Commits);
        Assert.Equal(1, request.Offsets[0].Offset);
        test.Answer(request, ErrorCode.None);
        test.Now += 200;
        Assert.True(test.Tick().IsStopped);
    }

    [Fact]
    public void A_full_partition_pauses_once_and_resumes_at_the_low_mark()
    {
        var test = new Bench(new ListenerPlan
        {
            Name = "t",
            Order = RecordOrder.Unordered,
            MaxOutstandingRecords = 100,
            MaxOutstandingPerPartition = 10,
            LowMark = 0.5,
        });
        test.Assign(0).Receive(Enumerable.Repeat("k", 20).ToArray());
        Assert.Equal([Partition], test.Tick().Pauses);
        Assert.Equal(10, test.Outstanding);
        for (var left = 9; left > 5; left--)
        {
            test.Core.End(test.Start(), Outcome.Done);
            test.Tick();
            Assert.Equal(left, test.Outstanding);
        }

        test.Core.End(test.Start(), Outcome.Done);
        Assert.Empty(test.Tick().Resumes);                        // the five that were held back took the room
        Assert.Equal(10, test.Outstanding);
        while (test.TryStart() is { } record)
        {
            test.Core.End(record, Outcome.Done);
        }

        Assert.Equal([Partition], test.Tick().Resumes);
    }

    [Fact]
    public void The_byte_budget_holds_back_large_records()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.Unordered, MaxOutstandingBytes = 250 });
        test.Assign(0).Receive(Enumerable.Repeat("k", 20).ToArray());      // 101 bytes each
        test.Tick();
        Assert.Equal(3, test.Outstanding);
    }

    [Fact]
    public void What_the_previous_owner_did_is_not_run_again_and_not_forgotten()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.Unordered });
        test.Assign(0, OffsetMap.Encode(0, 6, [0, 2, 4], 4096), end: 10).Receive("a", "b", "c");
        var first = test.Start();
        Assert.Equal([0, 2], [first.Offset, test.Start().Offset]);
        Assert.Null(test.TryStart());
        test.Now += 1000;
        Assert.Empty(test.Tick().Commits);                        // the broker knows all this
        test.Core.End(first, Outcome.Done);
        test.Now += 1000;
        var commit = Assert.Single(Assert.Single(test.Tick().Commits).Offsets);
        Assert.True(OffsetMap.TryDecode(commit.Metadata, commit.Offset, out var map, out _));
        Assert.Equal((2, 6), (map!.Base, map.End));
        Assert.Equal([2, 4], map.Incomplete.ToArray());
    }

    [Fact]
    public void A_map_beyond_the_end_of_the_log_is_not_trusted()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.Unordered });
        test.Assign(0, OffsetMap.Encode(0, 600, [0], 4096), end: 3).Receive("a", "b", "c");
        Assert.Equal([0, 1, 2], [test.Start().Offset, test.Start().Offset, test.Start().Offset]);
    }

    [Fact]
    public void A_log_that_went_back_starts_the_partition_anew()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive("a", "b", "c");
        var old = test.Start();
        test.Rewind(1).Receive("x", "a");
        test.Tick();
        var x = test.Start();
        Assert.Equal(1, x.Offset);
        Assert.NotEqual(old.LeaseEpoch, x.LeaseEpoch);
        Assert.Null(test.TryStart());                             // a waits for the old a
        test.End(old, Outcome.Done);
        Assert.Equal(2, test.Start().Offset);
    }

    [Fact]
    public void Fencing_tokens_carry_the_generation()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Core.OnAssigned([new AssignedPartition(Partition, 0, null, 42)], 0);
        test.Receive("a");
        Assert.Equal(new FencingToken(Partition, 42, 0), test.Start().FencingToken);
    }

    [Fact]
    public void Nothing_is_taken_in_once_a_pump_has_closed_the_gate()
    {
        // The pump that stops a partition closes the gate first and gives its record back last. What others give back
        // in between is reused, so the tracker must not look at it any more.
        var test = new Bench(new ListenerPlan
        {
            Name = "t",
            Order = RecordOrder.Unordered,
            RingCapacity = 64,
            MaxOutstandingPerPartition = 64,
        });
        test.Assign(0).Receive(Enumerable.Repeat("k", 200).ToArray());
        var stopping = test.Start();
        stopping.Lease.CloseGate();
        Assert.Null(test.TryStart());
        test.Tick();
        Assert.Equal(1, test.Outstanding);
        test.End(stopping, Outcome.StopPartition(new InvalidOperationException("bad")));
        Assert.Equal(0, test.Outstanding);
        Assert.Equal(0, test.LiveBatches);
    }

    [Fact]
    public void A_handed_over_partition_is_acknowledged_as_soon_as_its_commit_is()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Assign(0).Receive("a");
        test.End(test.Start(), Outcome.Done);
        test.Core.OnRevoking([Partition], test.Now);
        test.Answer(Assert.Single(test.Tick().Commits), ErrorCode.None);
        Assert.True(test.Tick().AcknowledgeRevocation);
    }

    [Fact]
    public void A_refused_last_commit_waits_before_it_is_sent_again()
    {
        var test = new Bench(new ListenerPlan { Name = "t" });
        test.Assign(0).Receive("a");
        test.End(test.Start(), Outcome.Done);
        test.Core.OnRevoking([Partition], test.Now);
        test.Answer(Assert.Single(test.Tick().Commits), ErrorCode.NotCoordinator);
        var decisions = test.Tick();
        Assert.Empty(decisions.Commits);
        Assert.False(decisions.AcknowledgeRevocation);
        test.Now += 100;
        test.Answer(Assert.Single(test.Tick().Commits), ErrorCode.None);
        Assert.True(test.Tick().AcknowledgeRevocation);
    }

    [Fact]
    public void A_key_that_waits_does_not_keep_the_batches_that_its_records_came_in()
    {
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive("a", "a", "b");
        var a = test.Start();
        test.End(test.Start(), Outcome.Done);                     // b
        test.End(a, Outcome.RetryAfter(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, test.LiveBatches);
        test.Receive("a");
        test.Tick();
        Assert.Equal(0, test.LiveBatches);
        test.Now += 10_000;
        test.Tick();
        foreach (var offset in new[] { 0, 1, 3 })
        {
            var record = test.Start();
            Assert.Equal((offset, "a", 100), (record.Offset, Encoding.UTF8.GetString(record.Key.Span),
                record.Value.Length));
            test.End(record, Outcome.Done);
        }

        Assert.True(test.Core.IsQuiet);
    }

    [Fact]
    public void Bytes_that_cannot_be_read_stop_their_partition_alone_and_after_all_before_them()
    {
        var other = new TopicPartition("orders", 1);
        var test = new Bench(new ListenerPlan { Name = "t", Order = RecordOrder.ByKey });
        test.Assign(0).Receive("a", "b");
        test.Core.OnAssigned([new AssignedPartition(other, 0, null)], test.Now);
        test.Core.OnUnreadable(new UnreadableBytes(Partition, 2, 5, new InvalidDataException("bad CRC")));
        Assert.Equal([Partition], test.Tick().Pauses);
        test.End(test.Start(), Outcome.Done);                     // what came before it still runs
        test.End(test.Start(), Outcome.Done);
        test.Now += 1000;
        Assert.Equal(
            new OffsetCommit(Partition, 2, ""), Assert.Single(Assert.Single(test.Tick().Commits).Offsets));
        var stopped = test.Core.Status.Partitions.Single(p => p.Partition == Partition);
        Assert.Equal((2, "bad CRC"), (stopped.StoppedAt, stopped.StoppedBy!.Message));
        Assert.Null(test.Core.Status.Partitions.Single(p => p.Partition == other).StoppedBy);
        test.Now += 60_000;
        Assert.Empty(test.Tick().Resumes);

        // Assigned anew, it is read again.
        test.Assign(2).Receive("c");
        Assert.Equal(2, test.Start().Offset);
        Assert.Null(test.Core.Status.Partitions.Single(p => p.Partition == Partition).StoppedBy);
    }
}
