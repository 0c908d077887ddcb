// An acknowledged record has an offset; records sent one after the other to a partition have offsets in that order.
using Millrace.Client.Produce;
using Xunit;

namespace Millrace.Scenarios.Produce;

public sealed class AcknowledgedRecordsHaveOffsets
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Offsets_follow_the_order_of_the_calls(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 3);
        await using var producer = cluster.Client.CreateProducer();
        var sends = Enumerable.Range(0, 2000)
            .Select(i => producer.SendAsync(ProducerRecord.FromText(topic, $"key-{i % 7}", $"{i}")).AsTask())
            .ToArray();
        var results = await Task.WhenAll(sends);
        foreach (var partition in results.GroupBy(static r => r.Partition))
        {
            Assert.Equal(
                Enumerable.Range(0, partition.Count()).Select(static o => (long)o),
                partition.Select(static r => r.Offset));
        }
    }
}
