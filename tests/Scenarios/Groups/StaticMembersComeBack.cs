// A static member (KIP-345) that restarts gets its partitions back without a rebalance of the others.
using Xunit;

namespace Millrace.Scenarios.Groups;

public sealed class StaticMembersComeBack
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_restart_takes_nothing_from_the_others(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 4);
        var group = Cluster.NewName("group");
        await using var a = new GroupMemberRun(cluster.Client, topic, group, "a");
        var b = new GroupMemberRun(cluster.Client, topic, group, "b");
        await a.PollUntilAsync(() => a.Partitions.Count == 2 && b.Partitions.Count == 2, b);
        var before = a.Partitions.Order().ToList();
        var revocations = a.Revocations;

        await b.DisposeAsync();
        await using var again = new GroupMemberRun(cluster.Client, topic, group, "b");
        await a.PollUntilAsync(() => again.Partitions.Count == 2, again);

        Assert.Equal(before, a.Partitions.Order());
        Assert.Equal(revocations, a.Revocations);
        Assert.Equal(b.Partitions.Order(), again.Partitions.Order());
    }
}
