// A topic that was created can be described with its settings, is listed, and is gone after it was deleted.
using Millrace.Client.Administration;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Administration;

public sealed class TopicsComeAndGo
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_topic_is_created_described_listed_and_deleted(string engine)
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var cluster = await Cluster.StartAsync(engine);
        var name = Cluster.NewName("topics");
        var topic = new NewTopic(name, 3) { Configs = new Dictionary<string, string> { ["retention.ms"] = "123456" } };
        Assert.Null((await cluster.Client.Admin.CreateTopicsAsync([topic], cancellation: cancellation))[0].Error);
        var again = await cluster.Client.Admin.CreateTopicsAsync([topic], cancellation: cancellation);
        Assert.Equal(ErrorCode.TopicAlreadyExists, again[0].Error!.Code);

        // Brokers learn of topics a moment after the controller.
        await Until.TrueAsync(
            async () => (await cluster.Client.Admin.DescribeTopicsAsync([name], cancellation))[0].Partitions.Count == 3,
            "the topic has three partitions");
        Assert.Contains(await cluster.Client.Admin.ListTopicsAsync(cancellation: cancellation), t => t.Name == name);
        var resource = new ConfigResource(ConfigResourceType.Topic, name);
        var configs = await cluster.Client.Admin.DescribeConfigsAsync([resource], cancellation);
        var retention = configs[0].Entries["retention.ms"];
        Assert.Equal(("123456", false), (retention.Value, retention.IsDefault));
        Assert.NotEmpty((await cluster.Client.Admin.DescribeClusterAsync(cancellation)).Brokers);

        Assert.Null((await cluster.Client.Admin.DeleteTopicsAsync([name], cancellation))[0].Error);
        await Until.TrueAsync(
            async () => (await cluster.Client.Admin.DescribeTopicsAsync([name], cancellation))[0].Error is { } error
                && error.Code == ErrorCode.UnknownTopicOrPartition,
            "the topic is gone");
    }
}
