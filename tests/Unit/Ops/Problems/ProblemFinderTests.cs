using Millrace.Ops.DeadLetters;
using Millrace.Ops.Lag;
using Millrace.Ops.Problems;
using Millrace.Ops.Topics;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Ops.Problems;

public sealed class ProblemFinderTests
{
    static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(10_000);

    static GroupLag Group(long committed, double seconds, string state = "Stable", long start = 0) => new()
    {
        GroupId = "g",
        State = state,
        Partitions =
        [
            PartitionLag.Of(new TopicPartition("orders", 0), start, 100, 100, committed) with { LagSeconds = seconds },
        ],
    };

    static IReadOnlyList<Problem> Find(params GroupLag[] groups) =>
        ProblemFinder.Find([], groups, [], TimeSpan.FromMinutes(1), Now);

    [Fact]
    public void A_group_within_the_limit_is_no_problem() => Assert.Empty(Find(Group(90, 60)));

    [Fact]
    public void A_late_group_is_a_warning_since_its_next_record_came()
    {
        var problem = Assert.Single(Find(Group(90, 61)));
        Assert.Equal((Severity.Warning, Now.AddSeconds(-61)), (problem.Severity, problem.Since!.Value));
        Assert.Equal("61 s behind, more than 60 s; 10 records waiting.", problem.Text);
    }

    [Fact]
    public void Lag_without_members_is_critical_whatever_the_time()
    {
        var problem = Assert.Single(Find(Group(99, 1, "Empty")));
        Assert.Equal((Severity.Critical, "No members, and 1 record waiting."), (problem.Severity, problem.Text));
    }

    [Fact]
    public void An_idle_group_without_members_is_no_problem() => Assert.Empty(Find(Group(100, 0, "Empty")));

    [Fact]
    public void Lost_records_are_critical_and_come_first()
    {
        var problems = Find(Group(4, 61, start: 10));
        Assert.Equal([Severity.Critical, Severity.Warning], problems.Select(p => p.Severity));
        Assert.StartsWith("6 records removed", problems[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_replays_group_is_no_problem() => Assert.Empty(Find(Group(0, 9000, "Empty") with { IsReplay = true }));

    [Fact]
    public void Dead_letters_that_a_replay_came_by_are_not_open()
    {
        var topic = new TopicSummary
        {
            Name = "orders.DLT",
            Ranges = [new PartitionRange(0, 5, 10), new PartitionRange(1, 0, 3)],
        };
        Assert.Equal(8, ProblemFinder.OpenLetters(topic, []));
        var replay = new GroupLag
        {
            GroupId = "millrace-replay.orders.DLT.orders",
            IsReplay = true,
            Partitions = [PartitionLag.Of(new TopicPartition("orders.DLT", 0), 5, 10, 10, 9)],
        };
        Assert.Equal(4, ProblemFinder.OpenLetters(topic, [replay]));
        var letters = new DeadLetterSummary(
            "orders.DLT", 8, true, [new DeadLetterGroup("X", 8, Now.AddHours(-1), Now, "")]);
        var problem = Assert.Single(ProblemFinder.Find([topic], [replay], [letters], TimeSpan.FromMinutes(1), Now));
        Assert.Equal("4 dead letters not replayed; most often X.", problem.Text);
    }

    [Fact]
    public void A_topic_without_a_leader_is_critical()
    {
        var topic = new TopicSummary { Name = "t", Partitions = 3, Leaderless = [1, 2], UnderReplicated = [1, 2] };
        var problem = Assert.Single(ProblemFinder.Find([topic], [], [], TimeSpan.FromMinutes(1), Now));
        Assert.Equal(
            (Severity.Critical, "2 partitions of 3 without a leader: 1, 2."), (problem.Severity, problem.Text));
    }
}
