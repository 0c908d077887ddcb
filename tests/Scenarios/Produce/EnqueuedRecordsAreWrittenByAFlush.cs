// After a flush that does not throw, every enqueued record is in the topic exactly once.
using Millrace.Client.Administration;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Produce;

public sealed class EnqueuedRecordsAreWrittenByAFlush
{
    public static TheoryData<string, CompressionType> Cases =>
        new(Cluster.EngineNames.SelectMany(
            static _ => Enum.GetValues<CompressionType>(), static (engine, codec) => (engine, codec)));

    [Theory, MemberData(nameof(Cases))]
    public async Task The_end_offsets_add_up_to_the_number_of_records(string engine, CompressionType compression)
    {
        const int Count = 20_000;
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 4);
        await using var producer = cluster.Client.CreateProducer(new ProducerOptions { Compression = compression });
        var value = new byte[200];
        for (var i = 0; i < Count; i++)
        {
            await producer.EnqueueAsync(new ProducerRecord(topic, null, value), TestContext.Current.CancellationToken);
        }
        await producer.FlushAsync(TestContext.Current.CancellationToken);
        var ends = await cluster.Client.Admin.ListOffsetsAsync(
            Enumerable.Range(0, 4).ToDictionary(p => new TopicPartition(topic, p), static _ => OffsetSpec.Latest),
            cancellation: TestContext.Current.CancellationToken);
        Assert.All(ends.Values, static e => Assert.Null(e.Error));
        Assert.Equal(Count, ends.Values.Sum(static e => e.Offset));
    }
}
