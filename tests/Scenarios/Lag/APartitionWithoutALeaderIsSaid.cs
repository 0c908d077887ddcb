// The lag of a group is told at once when a partition has no leader: that partition is said to have none, the others
// have their lag.
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Client.Administration;
using Millrace.Client.Produce;
using Millrace.Ops.Lag;
using Millrace.Protocol;
using Millrace.Testing;
using Xunit;

namespace Millrace.Scenarios.Lag;

public sealed class APartitionWithoutALeaderIsSaid
{
    [Fact]
    public async Task The_others_have_their_lag()
    {
        var files = new MemoryFileSystem();
        await using var kafka = await TestKafka.StartAsync(new TestKafkaOptions
        {
            FileSystem = files,
            ConfigureBroker = static options => options with { Flush = FlushPolicy.Group },
        });
        // Patience enough for a call, and for none that waits for a leader.
        await using var client = kafka.CreateClient(o => o with { ApiTimeout = TimeSpan.FromHours(1) });
        await client.Admin.CreateTopicAsync("orders", 2);
        await using var producer = client.CreateProducer(
            new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(2) });
        await producer.SendAsync(new ProducerRecord("orders", null, [1]) { Partition = 0 });
        var commits = new Dictionary<TopicPartition, GroupOffset>
        {
            [new TopicPartition("orders", 0)] = new(0),
            [new TopicPartition("orders", 1)] = new(0),
        };
        await client.Admin.AlterGroupOffsetsAsync("billing", commits);
        // A failed flush takes a partition offline until the next start.
        files.FailNext(FileOperation.Flush, StorageError.Failed, "orders-1");
        var lost = producer.SendAsync(new ProducerRecord("orders", null, [1]) { Partition = 1 }).AsTask();
        await Until.TrueAsync(
            async () => (await client.Admin.DescribeTopicsAsync(["orders"]))[0].Partitions[1].Leader < 0,
            "the partition has no leader");

        var group = await new LagReader(client).ReadAsync("billing").WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(
            [(CommitState.Normal, 1L, null), (CommitState.Failed, null, "no leader")],
            group.Partitions.Select(static p => (p.State, p.Lag, p.Error)));
        Assert.False(lost.IsCompletedSuccessfully);
    }
}
