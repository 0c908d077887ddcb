using Millrace.Ops.Lag;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Ops.Lag;

public sealed class PartitionLagTests
{
    static readonly TopicPartition Partition = new("orders", 3);
    static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeMilliseconds(1_000_000);

    static PartitionLag Of(long start, long end, long? committed, long? stable = null) =>
        PartitionLag.Of(Partition, start, end, stable ?? end, committed);

    [Theory]
    [InlineData(0, 100, 60L, 40L)]
    [InlineData(20, 100, 20L, 80L)]
    [InlineData(20, 100, 100L, 0L)]
    public void Lag_is_the_distance_from_the_commit_to_the_end(long start, long end, long? committed, long lag)
    {
        var result = Of(start, end, committed);
        Assert.Equal((CommitState.Normal, lag, 0L), (result.State, result.Lag!.Value, result.Lost));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(-1L)]
    public void Without_a_commit_the_lag_is_not_known(long? committed)
    {
        var result = Of(10, 100, committed);
        Assert.Equal(CommitState.None, result.State);
        Assert.Null(result.Committed);
        Assert.Null(result.Lag);
        Assert.Null(result.At(default, Now).LagSeconds);
    }

    [Fact]
    public void Without_a_commit_an_empty_partition_has_no_lag() => Assert.Equal(0, Of(50, 50, null).Lag);

    [Fact]
    public void Below_the_start_what_is_there_is_lag_and_what_is_gone_is_lost()
    {
        var result = Of(40, 100, 25);
        Assert.Equal((CommitState.BelowStart, 60L, 15L), (result.State, result.Lag!.Value, result.Lost));
    }

    [Fact]
    public void Below_the_start_of_an_emptied_partition_everything_is_lost_and_nothing_waits()
    {
        var result = Of(100, 100, 25);
        Assert.Equal((CommitState.BelowStart, 0L, 75L), (result.State, result.Lag!.Value, result.Lost));
    }

    [Fact]
    public void Behind_the_end_there_is_no_negative_lag()
    {
        var result = Of(0, 100, 130);
        Assert.Equal((CommitState.AboveEnd, 0L), (result.State, result.Lag!.Value));
    }

    [Fact]
    public void What_an_open_transaction_holds_back_is_no_lag() => Assert.Equal(20, Of(0, 100, 60, stable: 80).Lag);

    [Fact]
    public void A_group_behind_the_stable_end_has_no_lag_and_is_normal()
    {
        var result = Of(0, 100, 90, stable: 80);
        Assert.Equal((CommitState.Normal, 0L), (result.State, result.Lag!.Value));
    }

    [Fact]
    public void Lag_in_seconds_is_the_age_of_the_next_record() =>
        Assert.Equal(12.5, Of(0, 100, 60).At(new NextRecord(NextKind.Record, 987_500), Now).LagSeconds);

    [Fact]
    public void A_record_from_the_future_waits_for_no_time() =>
        Assert.Equal(0, Of(0, 100, 60).At(new NextRecord(NextKind.Record, 1_000_001), Now).LagSeconds);

    [Fact]
    public void A_record_without_a_timestamp_tells_no_time()
    {
        var result = Of(0, 100, 60).At(new NextRecord(NextKind.Record, -1), Now);
        Assert.Equal(40, result.Lag);
        Assert.Null(result.LagSeconds);
    }

    [Fact]
    public void Only_markers_up_to_the_end_are_no_lag()
    {
        var result = Of(0, 100, 99).At(new NextRecord(NextKind.Nothing), Now);
        Assert.Equal((0L, 0.0), (result.Lag!.Value, result.LagSeconds!.Value));
    }

    [Fact]
    public void Without_lag_the_seconds_are_zero_and_nothing_needs_to_be_read() =>
        Assert.Equal(0, Of(0, 100, 100).At(default, Now).LagSeconds);

    [Fact]
    public void A_group_has_the_sum_of_lags_and_the_longest_wait()
    {
        var group = new GroupLag
        {
            GroupId = "g",
            Partitions =
            [
                Of(0, 100, 60).At(new NextRecord(NextKind.Record, 990_000), Now),
                Of(0, 100, 95).At(new NextRecord(NextKind.Record, 970_000), Now),
                Of(0, 100, null),
                Of(10, 20, 4),
            ],
        };
        Assert.Equal((55L, 30.0, 6L, 1), (group.Lag, group.LagSeconds!.Value, group.Lost, group.Unknown));
    }

    [Fact]
    public void A_group_without_partitions_has_no_lag()
    {
        var group = new GroupLag { GroupId = "g" };
        Assert.Equal((0L, 0.0), (group.Lag, group.LagSeconds!.Value));
    }

    [Theory]
    [InlineData(-1, 8, 3)]
    [InlineData(200, 0, 3)]
    [InlineData(200, 8, 0)]
    public void Options_out_of_range_are_refused(int timed, int parallel, int seconds) =>
        Assert.Throws<ArgumentException>(() => new LagOptions
        {
            MaxTimedPartitions = timed,
            MaxParallelGroups = parallel,
            TimingTimeout = TimeSpan.FromSeconds(seconds),
        }.Validate());
}
