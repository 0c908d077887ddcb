// A topic that was created can be described with its settings, is listed, and is gone after it was deleted.
using Millrace.Client.Administration;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Administration;

public sealed class TopicsComeAndGo
{
    [Fact]
    public async Task A_topic_is_created_described_listed_and_deleted()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var client = Cluster.Connect();
        var name = $"it-topics-{Environment.ProcessId}-{Environment.TickCount64}";
        var topic = new NewTopic(name, 3) { Configs = new Dictionary<string, string> { ["retention.ms"] = "123456" } };
        Assert.Null((await client.Admin.CreateTopicsAsync([topic], cancellation: cancellation))[0].Error);
        var again = await client.Admin.CreateTopicsAsync([topic], cancellation: cancellation);
        Assert.Equal(ErrorCode.TopicAlreadyExists, again[0].Error!.Code);

        await UntilAsync(async () =>
            (await client.Admin.DescribeTopicsAsync([name], cancellation))[0].Partitions.Count == 3);
        Assert.Contains(await client.Admin.ListTopicsAsync(cancellation: cancellation), t => t.Name == name);
        var resource = new ConfigResource(ConfigResourceType.Topic, name);
        var configs = await client.Admin.DescribeConfigsAsync([resource], cancellation);
        Assert.Equal(("123456", false),
            (configs[0].Entries["retention.ms"].Value, configs[0].Entries["retention.ms"].IsDefault));
        Assert.NotEmpty((await client.Admin.DescribeClusterAsync(cancellation)).Brokers);

        Assert.Null((await client.Admin.DeleteTopicsAsync([name], cancellation))[0].Error);
        await UntilAsync(async () =>
            (await client.Admin.DescribeTopicsAsync([name], cancellation))[0].Error is { } error
            && error.Code == ErrorCode.UnknownTopicOrPartition);
    }

    // Brokers learn of topics a moment after the controller.
    static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var deadline = Environment.TickCount64 + 20_000;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "The condition did not come true within 20 s.");
        }
    }
}
