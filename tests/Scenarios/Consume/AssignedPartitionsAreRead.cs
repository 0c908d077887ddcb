// Without a group, named partitions are read from the named offset on, and a seek goes anywhere.
using Millrace.Client.Consume;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Consume;

public sealed class AssignedPartitionsAreRead
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Reading_begins_at_the_offset_and_a_seek_repeats_records(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        await cluster.FillAsync(topic, 100);
        var partition = new TopicPartition(topic, 0);
        await using var consumer = cluster.Client.CreateConsumer();

        consumer.Assign([new PartitionStart(partition, 90)]);
        Assert.Equal([90, 91, 92, 93, 94, 95, 96, 97, 98, 99], await ReadToEndAsync(consumer, 100));
        consumer.Seek(partition, 98);
        Assert.Equal([98, 99], await ReadToEndAsync(consumer, 100));
        Assert.Equal(100, consumer.Position(partition));

        Assert.True(consumer.Pause(partition));
        await cluster.FillAsync(topic, 1);
        Assert.Equal(PollKind.Empty, (await PollAsync(consumer, TimeSpan.FromMilliseconds(200))).Kind);
        consumer.Resume(partition);
        Assert.Equal([100], await ReadToEndAsync(consumer, 101));
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task An_offset_that_is_gone_is_reset_to_the_oldest(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        await cluster.FillAsync(topic, 3);
        await using var consumer = cluster.Client.CreateConsumer();

        consumer.Assign([new PartitionStart(new TopicPartition(topic, 0), 1_000)]);

        Assert.Equal([0, 1, 2], await ReadToEndAsync(consumer, 3));
    }

    static async Task<List<long>> ReadToEndAsync(Consumer consumer, long end)
    {
        var offsets = new List<long>();
        while (offsets.Count == 0 || offsets[^1] < end - 1)
        {
            var poll = await PollAsync(consumer, TimeSpan.FromSeconds(30));
            Assert.Equal(PollKind.Records, poll.Kind);
            foreach (var batch in poll.Batches)
            {
                foreach (var record in batch)
                    offsets.Add(record.Offset);
                batch.Dispose();
            }
        }
        return offsets;
    }

    static async Task<PollResult> PollAsync(Consumer consumer, TimeSpan timeout) =>
        await consumer.PollAsync(timeout, TestContext.Current.CancellationToken);
}
