using Xunit;

namespace Millrace.Scenarios.Groups;

// A group goes on where it committed, and gets the string committed beside the offset back.
public sealed class CommitsAreResumed
{
    [Fact]
    public async Task A_new_member_goes_on_at_the_commit_and_reads_its_metadata()
    {
        await using var client = Cluster.Connect();
        var topic = await Cluster.NewTopicAsync(client, 1);
        var group = Cluster.NewName("group");
        await Cluster.FillAsync(client, topic, 100);
        await using (var first = new GroupMemberRun(client, topic, group))
        {
            await first.PollUntilAsync(() => first.Read.Count == 100);
            Assert.Null(first.Assigned[0].Offset);
            await first.CommitAsync("done above: 3, 5");
        }
        await Cluster.FillAsync(client, topic, 10, 100);

        await using var second = new GroupMemberRun(client, topic, group);
        await second.PollUntilAsync(() => second.Read.Count == 10);

        Assert.Equal((100L, "done above: 3, 5"), (second.Assigned[0].Offset, second.Assigned[0].Metadata));
        Assert.Equal("100", second.Read[0]);
    }
}
