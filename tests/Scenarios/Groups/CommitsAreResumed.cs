// A group goes on where it committed, and gets the string committed beside the offset back.
using Xunit;

namespace Millrace.Scenarios.Groups;

public sealed class CommitsAreResumed
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_new_member_goes_on_at_the_commit_and_reads_its_metadata(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var group = Cluster.NewName("group");
        await cluster.FillAsync(topic, 100);
        await using (var first = new GroupMemberRun(cluster.Client, topic, group))
        {
            await first.PollUntilAsync(() => first.Read.Count == 100);
            Assert.Null(first.Assigned[0].Offset);
            await first.CommitAsync("done above: 3, 5");
        }
        await cluster.FillAsync(topic, 10, 100);

        await using var second = new GroupMemberRun(cluster.Client, topic, group);
        await second.PollUntilAsync(() => second.Read.Count == 10);

        Assert.Equal((100L, "done above: 3, 5"), (second.Assigned[0].Offset, second.Assigned[0].Metadata));
        Assert.Equal("100", second.Read[0]);
    }
}
