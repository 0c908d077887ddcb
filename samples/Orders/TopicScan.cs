using Millrace.Client;
using Millrace.Protocol;

namespace Millrace.Orders;

/// <summary>Reads a topic from its beginning to where it ends now, without a group.</summary>
static class TopicScan
{
    /// <summary>Calls <paramref name="visit"/> for each record; what the record holds is borrowed during the call.</summary>
    public static async Task ForEachAsync(KafkaClient client, string topic, Action<FetchedRecord> visit, CancellationToken cancellation)
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

                    if (open.TryGetValue(batch.TopicPartition, out var end) && batch.NextOffset >= end)
                    {
                        open.Remove(batch.TopicPartition);
                    }
                }
            }
        }
    }

    /// <summary>Where each partition starts and ends now.</summary>
    public static async Task<(Dictionary<TopicPartition, long> Starts, Dictionary<TopicPartition, long> Ends)> RangeAsync(
        KafkaClient client, string topic, CancellationToken cancellation)
    {
        var description = (await client.Admin.DescribeTopicsAsync([topic], cancellation)).Single();
        var partitions = description.Partitions.Select(p => new TopicPartition(topic, p.Partition)).ToArray();
        var starts = await client.Admin.ListOffsetsAsync(partitions, OffsetSpec.Earliest, cancellation);
        var ends = await client.Admin.ListOffsetsAsync(partitions, OffsetSpec.Latest, cancellation);
        return (starts.ToDictionary(), ends.ToDictionary());
    }
}
