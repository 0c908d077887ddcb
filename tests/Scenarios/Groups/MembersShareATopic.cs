// Members of a group share a topic: each record is read by one of them, when members come and go as well.
using Xunit;

namespace Millrace.Scenarios.Groups;

public sealed class MembersShareATopic
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Every_record_is_read_once_while_members_come_and_go(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 4);
        var group = Cluster.NewName("group");
        await cluster.FillAsync(topic, 500);

        await using var a = new GroupMemberRun(cluster.Client, topic, group);
        await a.PollUntilAsync(() => a.Read.Count == 500);
        Assert.Equal(4, a.Partitions.Count);

        var b = new GroupMemberRun(cluster.Client, topic, group);
        await a.PollUntilAsync(() => a.Partitions.Count == 2 && b.Partitions.Count == 2, b);
        Assert.Equal(1, a.Revocations);   // cooperative: only what moved was given up
        await cluster.FillAsync(topic, 500, 500);
        await a.PollUntilAsync(() => a.Read.Count + b.Read.Count >= 1000, b);

        await b.CommitAsync();
        await b.DisposeAsync();
        await a.PollUntilAsync(() => a.Partitions.Count == 4);
        await cluster.FillAsync(topic, 500, 1000);
        await a.PollUntilAsync(() => a.Read.Count + b.Read.Count >= 1500);

        Assert.Equal(Enumerable.Range(0, 1500), a.Read.Concat(b.Read).Select(int.Parse).Order());
    }
}
