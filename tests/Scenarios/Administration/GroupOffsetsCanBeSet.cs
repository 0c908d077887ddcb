// Offsets set from outside for a group without members are what it has committed; the group is listed and described.
using Millrace.Client.Administration;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Administration;

public sealed class GroupOffsetsCanBeSet
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task What_was_set_is_read_back(string engine)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 2);
        var group = Cluster.NewName("group");
        var wanted = new Dictionary<TopicPartition, GroupOffset>
        {
            [new TopicPartition(topic, 0)] = new(5, Metadata: "note"),
            [new TopicPartition(topic, 1)] = new(7),
        };
        var set = await cluster.Client.Admin.AlterGroupOffsetsAsync(group, wanted, cancellation);
        Assert.All(set.Values, static e => Assert.Null(e));
        var all = await cluster.Client.Admin.ListGroupOffsetsAsync(group, cancellation: cancellation);
        var first = all[new TopicPartition(topic, 0)];
        Assert.Equal((5L, "note"), (first.Offset, first.Metadata));
        Assert.Equal(7, all[new TopicPartition(topic, 1)].Offset);
        Assert.Contains(await cluster.Client.Admin.ListGroupsAsync(cancellation), g => g.GroupId == group);
        Assert.Equal("Empty", (await cluster.Client.Admin.DescribeGroupsAsync([group], cancellation))[0].State);
    }
}
