// Many test brokers run in one process and know nothing of each other.
using Millrace.Client.Produce;
using Millrace.Testing;
using Xunit;

namespace Millrace.Scenarios.Testing;

public sealed class InstancesAreIndependent
{
    [Fact]
    public async Task Twenty_brokers_have_a_topic_of_the_same_name_each()
    {
        var brokers = await Task.WhenAll(Enumerable.Range(0, 20).Select(static _ => TestKafka.StartAsync()));
        try
        {
            await Task.WhenAll(brokers.Select(static (broker, number) => FillAsync(broker, number + 1)));
            foreach (var (broker, number) in brokers.Select(static (broker, number) => (broker, number)))
            {
                await using var client = broker.CreateClient();
                var topic = (await client.Admin.ListTopicsAsync()).Single(static t => !t.Name.StartsWith('_'));
                Assert.Equal(("orders", number + 1), (topic.Name, topic.Partitions.Count));
            }
        }
        finally
        {
            await Task.WhenAll(brokers.Select(static broker => broker.DisposeAsync().AsTask()));
        }
    }

    static async Task FillAsync(TestKafka broker, int partitions)
    {
        await using var client = broker.CreateClient();
        await client.Admin.CreateTopicAsync("orders", partitions);
        await using var producer = client.CreateProducer();
        var written = await producer.SendAsync(ProducerRecord.FromText("orders", "k", "v"));
        Assert.Equal(0, written.Offset);
    }
}
