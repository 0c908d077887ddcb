using System.Runtime.CompilerServices;
using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Client.Consume;
using Millrace.Protocol;

namespace Millrace.Ops;

/// <summary>Where each partition of a topic starts and ends at one moment, and the reading of just that.</summary>
sealed class TopicRange
{
    readonly Dictionary<TopicPartition, (long Start, long End)> _partitions = [];

    /// <summary>The topic's partitions, in order.</summary>
    public IReadOnlyList<TopicPartition> Partitions { get; private init; } = [];

    public long Start(TopicPartition partition) => _partitions[partition].Start;

    public long End(TopicPartition partition) => _partitions[partition].End;

    /// <summary>How many offsets lie between starts and ends.</summary>
    public long Count => _partitions.Values.Sum(p => p.End - p.Start);

    /// <summary>Looks the topic up. Throws <see cref="KafkaServerException"/> when it does not exist.</summary>
    public static async Task<TopicRange> OfAsync(KafkaClient client, string topic, CancellationToken cancellation)
    {
        var found = await client.Admin.DescribeTopicsAsync([topic], cancellation).ConfigureAwait(false);
        if (found[0].Error is { } error)
        {
            throw new KafkaServerException(error.Code, $"the topic '{topic}' cannot be read. {error.Text}");
        }

        var partitions = found[0].Partitions.Select(p => new TopicPartition(topic, p.Index)).ToArray();
        var starts = await OffsetsAsync(client, partitions, OffsetSpec.Earliest, cancellation).ConfigureAwait(false);
        var ends = await OffsetsAsync(client, partitions, OffsetSpec.Latest, cancellation).ConfigureAwait(false);
        var range = new TopicRange { Partitions = partitions };
        foreach (var partition in partitions)
        {
            range._partitions[partition] = (starts[partition].Offset, ends[partition].Offset);
        }

        return range;
    }

    /// <summary>The same ends, but each start raised to where the given offsets say.</summary>
    public TopicRange From(IReadOnlyDictionary<TopicPartition, long> starts)
    {
        var range = new TopicRange { Partitions = Partitions };
        foreach (var (partition, (start, end)) in _partitions)
        {
            range._partitions[partition] = (Math.Min(end, Math.Max(start, starts.GetValueOrDefault(partition, start))), end);
        }

        return range;
    }

    /// <summary>Reads the range. A record is borrowed until the next one is asked for.</summary>
    public async IAsyncEnumerable<(TopicPartition Partition, FetchedRecord Record)> ReadAsync(
        KafkaClient client, TimeSpan pollTimeout, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var open = _partitions.Where(p => p.Value.End > p.Value.Start).ToDictionary(p => p.Key, p => p.Value.End);
        if (open.Count == 0)
        {
            yield break;
        }

        var consumer = client.CreateConsumer(new ConsumerOptions());
        await using var _ = consumer.ConfigureAwait(false);
        consumer.Assign([.. open.Keys.Select(p => new PartitionStart(p, _partitions[p].Start))]);
        while (open.Count > 0)
        {
            var poll = await consumer.PollAsync(pollTimeout, cancellation).ConfigureAwait(false);
            foreach (var batch in poll.Batches)
            {
                using (batch)
                {
                    if (!open.TryGetValue(batch.TopicPartition, out var end))
                    {
                        continue;
                    }

                    for (var i = 0; i < batch.Count && batch[i].Offset < end; i++)
                    {
                        yield return (batch.TopicPartition, batch[i]);
                    }

                    if (batch.NextOffset >= end)
                    {
                        open.Remove(batch.TopicPartition);
                    }
                }
            }
        }
    }

    static async Task<IReadOnlyDictionary<TopicPartition, OffsetResult>> OffsetsAsync(
        KafkaClient client, TopicPartition[] partitions, OffsetSpec spec, CancellationToken cancellation)
    {
        var offsets = await client.Admin.ListOffsetsAsync(
            partitions.ToDictionary(p => p, _ => spec), cancellation: cancellation).ConfigureAwait(false);
        foreach (var (partition, result) in offsets)
        {
            if (result.Error is { } error)
            {
                throw new KafkaServerException(error.Code, $"the offsets of {partition} cannot be read. {error.Text}");
            }
        }

        return offsets;
    }
}
