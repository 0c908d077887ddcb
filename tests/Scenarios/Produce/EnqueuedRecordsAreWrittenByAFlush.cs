// After a flush that does not throw, every enqueued record is in the topic exactly once.
using Millrace.Client.Administration;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Produce;

public sealed class EnqueuedRecordsAreWrittenByAFlush
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Zstd)]
    public async Task The_end_offsets_add_up_to_the_number_of_records(CompressionType compression)
    {
        const int Count = 20_000;
        await using var client = Cluster.Connect();
        var topic = await Cluster.CreateTopicAsync(client, $"flush-{compression}", partitions: 4);
        await using var producer = client.CreateProducer(new ProducerOptions { Compression = compression });
        var value = new byte[200];
        for (var i = 0; i < Count; i++)
        {
            await producer.EnqueueAsync(new ProducerRecord(topic, null, value), TestContext.Current.CancellationToken);
        }
        await producer.FlushAsync(TestContext.Current.CancellationToken);
        var ends = await client.Admin.ListOffsetsAsync(
            Enumerable.Range(0, 4).ToDictionary(p => new TopicPartition(topic, p), static _ => OffsetSpec.Latest),
            cancellation: TestContext.Current.CancellationToken);
        Assert.All(ends.Values, static e => Assert.Null(e.Error));
        Assert.Equal(Count, ends.Values.Sum(static e => e.Offset));
    }
}
