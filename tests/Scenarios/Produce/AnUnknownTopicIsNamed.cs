// A record for a topic that does not exist fails with the topic's name and the remedy; nothing is created by accident.
using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Produce;

public sealed class AnUnknownTopicIsNamed
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task The_error_names_the_topic_and_the_remedy(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        await using var producer = cluster.Client.CreateProducer(
            new ProducerOptions { TopicTimeout = TimeSpan.FromSeconds(1) });
        var error = await Assert.ThrowsAsync<ProduceException>(
            () => producer.SendAsync(ProducerRecord.FromText("it-nobody-made-this", null, "x")).AsTask());
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.Code);
        Assert.Contains("it-nobody-made-this", error.Message, StringComparison.Ordinal);
        Assert.Contains("CreateTopicsAsync", error.Message, StringComparison.Ordinal);
        var topics = await cluster.Client.Admin.ListTopicsAsync(cancellation: TestContext.Current.CancellationToken);
        Assert.DoesNotContain(topics, static t => t.Name == "it-nobody-made-this");
    }
}
