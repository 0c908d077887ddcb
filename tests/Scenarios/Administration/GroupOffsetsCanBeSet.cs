// Offsets set from outside for a group without members are what the group has committed, and the group is listed and
// described.
using Millrace.Client.Administration;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Administration;

public sealed class GroupOffsetsCanBeSet
{
    [Fact]
    public async Task What_was_set_is_read_back()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var client = Cluster.Connect();
        var topic = await Cluster.CreateTopicAsync(client, "group-offsets", partitions: 2);
        var group = $"it-group-{Environment.ProcessId}-{Environment.TickCount64}";
        var wanted = new Dictionary<TopicPartition, CommittedOffset>
        {
            [new TopicPartition(topic, 0)] = new(5, Metadata: "note"),
            [new TopicPartition(topic, 1)] = new(7),
        };
        var set = await client.Admin.AlterGroupOffsetsAsync(group, wanted, cancellation);
        Assert.All(set.Values, static e => Assert.Null(e));
        var all = await client.Admin.ListGroupOffsetsAsync(group, cancellation: cancellation);
        Assert.Equal((5, "note"),
            ((int)all[new TopicPartition(topic, 0)].Offset, all[new TopicPartition(topic, 0)].Metadata));
        Assert.Equal(7, all[new TopicPartition(topic, 1)].Offset);
        Assert.Contains(await client.Admin.ListGroupsAsync(cancellation), g => g.GroupId == group);
        Assert.Equal("Empty", (await client.Admin.DescribeGroupsAsync([group], cancellation))[0].State);
    }
}
