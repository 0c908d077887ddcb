// A batch above the topic's max.message.bytes fails with a message that names the setting; later records are written.
using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Produce;

public sealed class ABatchTooLargeForTheTopicSaysSo
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task The_error_names_the_setting_and_the_producer_goes_on(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = Cluster.NewName("too-large");
        var made = await cluster.Client.Admin.CreateTopicsAsync(
            [new NewTopic(topic, 1) { Configs = new Dictionary<string, string> { ["max.message.bytes"] = "2000" } }],
            cancellation: TestContext.Current.CancellationToken);
        Assert.Null(made[0].Error);
        await using var producer = cluster.Client.CreateProducer();
        var error = await Assert.ThrowsAsync<ProduceException>(
            () => producer.SendAsync(new ProducerRecord(topic, null, new byte[5000])).AsTask());
        Assert.Equal(ErrorCode.MessageTooLarge, error.Code);
        Assert.Contains("max.message.bytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await producer.SendAsync(new ProducerRecord(topic, null, new byte[50]))).Offset);
    }
}
