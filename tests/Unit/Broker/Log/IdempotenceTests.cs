using Millrace.Broker.Log;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class IdempotenceTests
{
    [Fact]
    public void A_retry_of_any_of_the_last_five_batches_gets_its_original_offset()
    {
        using var data = new TestData();
        for (var i = 0; i < 7; i++)
            data.Appended(Produced(sequence: i * 2, count: 2));
        for (var i = 2; i < 7; i++)
        {
            var again = data.Append(Produced(sequence: i * 2, count: 2));
            Assert.Equal((ErrorCode.None, true, i * 2L, i * 2 + 1L),
                (again.Error, again.IsDuplicate, again.BaseOffset, again.LastOffset));
        }
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, data.Append(Produced(sequence: 2, count: 2)).Error);
        Assert.Equal(14, data.Log.EndOffset);
    }

    [Fact]
    public void A_gap_or_a_different_cut_is_out_of_order()
    {
        using var data = new TestData();
        data.Appended(Produced(0, 3));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, data.Append(Produced(4, 1)).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, data.Append(Produced(0, 2)).Error);
        Assert.Equal(ErrorCode.None, data.Append(Produced(3, 1)).Error);
    }

    [Fact]
    public void An_older_epoch_is_fenced_and_a_newer_one_starts_at_zero()
    {
        using var data = new TestData();
        data.Appended(Produced(0, 1, epoch: 3));
        Assert.Equal(ErrorCode.InvalidProducerEpoch, data.Append(Produced(1, 1, epoch: 2)).Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, data.Append(Produced(1, 1, epoch: 4)).Error);
        Assert.Equal(ErrorCode.None, data.Append(Produced(0, 1, epoch: 4)).Error);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, data.Append(Produced(1, 1, epoch: 3)).Error);
    }

    [Fact]
    public void An_unknown_producer_may_start_anywhere()
    {
        using var data = new TestData();
        Assert.Equal(ErrorCode.None, data.Append(Produced(1234, 2)).Error);
        Assert.Equal(ErrorCode.None, data.Append(Produced(1236, 1)).Error);
    }

    [Fact]
    public void Sequences_wrap_from_the_greatest_to_zero()
    {
        using var data = new TestData();
        data.Appended(Produced(int.MaxValue - 1, 4));
        Assert.Equal(1, Assert.Single(data.Log.Producers()).LastSequence);
        data.Reopen();
        Assert.True(data.Append(Produced(int.MaxValue - 1, 4)).IsDuplicate);
        Assert.Equal(ErrorCode.None, data.Append(Produced(2, 1)).Error);
        data.Appended(Produced(int.MaxValue, 1, id: 8));
        data.Appended(Produced(0, 1, id: 8));
    }

    [Fact]
    public void Any_restart_keeps_the_window_of_five()
    {
        var size = Produced(0, 1).Length;
        foreach (var restart in (Action<TestData>[])[static d => d.Reopen(), static d => d.Kill()])
        {
            using var data = new TestData(settings: ("segment.bytes", $"{size * 4}"));
            for (var i = 0; i < 9; i++)
                data.Appended(Produced(i, 1));
            data.Manager.Committer.RunOnce();
            restart(data);
            for (var i = 4; i < 9; i++)
                Assert.Equal((true, (long)i),
                    (data.Append(Produced(i, 1)).IsDuplicate, data.Append(Produced(i, 1)).BaseOffset));
            Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, data.Append(Produced(10, 1)).Error);
            Assert.Equal(ErrorCode.None, data.Append(Produced(9, 1)).Error);
        }
    }

    [Fact]
    public void Idle_producers_are_forgotten()
    {
        using var data = new TestData();
        data.Appended(Produced(0, 1));
        data.Time.NowMs += (long)TimeSpan.FromHours(20).TotalMilliseconds;
        data.Appended(Produced(0, 1, id: 8));
        data.Time.NowMs += (long)TimeSpan.FromHours(5).TotalMilliseconds;
        data.Manager.Tick(data.Time.NowMs);
        Assert.Equal(8, Assert.Single(data.Log.Producers()).ProducerId);
        Assert.Equal(ErrorCode.None, data.Append(Produced(77, 1)).Error);
    }

    [Fact]
    public void Too_many_producers_push_out_the_one_that_was_idle_longest()
    {
        var states = new ProducerStates();
        for (var id = 0; id < 10; id++)
        {
            RecordBatchHeader.TryRead(Produced(0, 1, id: id), out var header);
            states.Take(header, id, 1_000 + id);
        }
        Assert.Equal(6, states.Expire(2_000, new LogLimits { MaxProducersPerPartition = 4 }));
        Assert.Equal([6L, 7, 8, 9], states.All.Select(static p => p.ProducerId).Order());
    }

    [Fact]
    public void An_open_transaction_holds_back_the_last_stable_offset()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(2));
        data.Appended(Transactional(0, id: 1));
        data.Appended(Transactional(0, id: 2));
        data.Appended(Batches.Of(1));
        Assert.Equal((2L, 5L), (data.Log.LastStableOffset, data.Log.HighWatermark));
        Assert.Equal(ErrorCode.InvalidTxnState, data.Append(Produced(1, 1, id: 1)).Error);
        data.Reopen();
        Assert.Equal(2, data.Log.LastStableOffset);
        data.Appended(Batches.Marker(ControlRecordType.Commit, 1, 0), AppendOrigin.Coordinator);
        Assert.Equal(3, data.Log.LastStableOffset);
        data.Kill();
        Assert.Equal(3, data.Log.LastStableOffset);
        data.Appended(Batches.Marker(ControlRecordType.Abort, 2, 0), AppendOrigin.Coordinator);
        Assert.Equal(7, data.Log.LastStableOffset);
        Assert.Single(data.Read(6, isolation: ReadIsolation.LastStable));
    }

    [Fact]
    public void A_marker_that_is_not_flushed_does_not_release_readers()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Appended(Transactional(0, id: 1));
        data.Manager.Committer.RunOnce();
        data.Appended(Batches.Marker(ControlRecordType.Commit, 1, 0), AppendOrigin.Coordinator);
        Assert.Equal((0L, 1L), (data.Log.LastStableOffset, data.Log.HighWatermark));
        data.Manager.Committer.RunOnce();
        Assert.Equal((2L, 2L), (data.Log.LastStableOffset, data.Log.HighWatermark));
    }

    [Fact]
    public void A_damaged_snapshot_is_passed_over()
    {
        using var data = new TestData();
        for (var i = 0; i < 4; i++)
            data.Appended(Produced(i, 1));
        data.Manager.Dispose();
        using (var file = data.Files.Open(data.LogDirectory + "/00000000000000000004.snapshot",
            Millrace.Broker.Storage.FileOpening.Existing))
            file.Write([0xFF], 20);
        data.Kill();
        Assert.Equal(3, Assert.Single(data.Log.Producers()).LastSequence);
        Assert.True(data.Append(Produced(0, 1)).IsDuplicate);
    }

    static byte[] Produced(int sequence, int count, long id = 7, short epoch = 0) =>
        Batches.Of(count, producerId: id, epoch: epoch, sequence: sequence);

    static byte[] Transactional(int sequence, long id) =>
        Batches.Of(1, producerId: id, epoch: 0, sequence: sequence, isTransactional: true);
}
