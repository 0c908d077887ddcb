using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Client.Consume;
using Millrace.Protocol;

namespace Millrace.Orders;

/// <summary>Reads a topic from its beginning to where it ends now, without a group.</summary>
static class TopicScan
{
    /// <summary>Calls <paramref name="visit"/> for each record; what the record holds is borrowed during the
    /// call.</summary>
    public static async Task ForEachAsync(
        KafkaClient client, string topic, Action<FetchedRecord> visit, CancellationToken cancellation)
    {
        var (starts, ends) = await RangeAsync(client, topic, cancellation);
        var open = ends.Where(e => e.Value > starts[e.Key]).ToDictionary(e => e.Key, e => e.Value);
        if (open.Count == 0)
        {
            return;
        }

        await using var consumer = client.CreateConsumer(new ConsumerOptions());
        consumer.Assign([.. open.Keys.Select(p => new PartitionStart(p, starts[p]))]);
        while (open.Count > 0)
        {
            var poll = await consumer.PollAsync(TimeSpan.FromSeconds(1), cancellation);
            foreach (var batch in poll.Batches)
            {
                using (batch)
                {
                    foreach (var record in batch)
                    {
                        visit(record);
                    }

                }
            }

            // Positions tell when a partition is done, and not batches: its last offsets may be of transaction markers.
            foreach (var (partition, end) in open)
            {
                if (consumer.Position(partition) >= end)
                {
                    open.Remove(partition);
                    consumer.Pause(partition);
                }
            }
        }
    }

    /// <summary>Where each partition starts and ends now.</summary>
    public static async Task<(Dictionary<TopicPartition, long> Starts, Dictionary<TopicPartition, long> Ends)>
        RangeAsync(KafkaClient client, string topic, CancellationToken cancellation)
    {
        var description = (await client.Admin.DescribeTopicsAsync([topic], cancellation))[0];
        if (description.Error is { } error)
        {
            throw new KafkaServerException(error.Code, $"the topic {topic} cannot be read. {error.Text}");
        }

        var partitions = description.Partitions.Select(p => new TopicPartition(topic, p.Index)).ToArray();
        return (
            await OffsetsAsync(client, partitions, OffsetSpec.Earliest, cancellation),
            await OffsetsAsync(client, partitions, OffsetSpec.Latest, cancellation));
    }

    static async Task<Dictionary<TopicPartition, long>> OffsetsAsync(
        KafkaClient client, TopicPartition[] partitions, OffsetSpec spec, CancellationToken cancellation)
    {
        var results = await client.Admin.ListOffsetsAsync(
            partitions.ToDictionary(p => p, _ => spec), cancellation: cancellation);
        return results.ToDictionary(
            r => r.Key, r => r.Value.Error is { } error ? throw error.ToException() : r.Value.Offset);
    }
}
