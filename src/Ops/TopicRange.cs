using System.Runtime.CompilerServices;
using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Client.Consume;
using Millrace.Protocol;

namespace Millrace.Ops;

/// <summary>Where each partition of a topic starts and ends at one moment, and the reading of just that.</summary>
sealed class TopicRange
{
    // A poll returns early when there are records; an empty one only looks whether the position moved past records that
    // are never handed out (transaction markers, aborted transactions).
    static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(200);

    // 30 s, the client's request timeout: a broker that has brought nothing for longer than it may take to answer is
    // gone.
    static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(30);

    readonly Dictionary<TopicPartition, (long Start, long End)> _partitions = [];
    readonly IsolationLevel _isolation;

    TopicRange(IReadOnlyList<TopicPartition> partitions, IsolationLevel isolation)
    {
        Partitions = partitions;
        _isolation = isolation;
    }

    /// <summary>The topic's partitions, in order.</summary>
    public IReadOnlyList<TopicPartition> Partitions { get; }

    /// <summary>How many offsets lie between starts and ends.</summary>
    public long Count => _partitions.Values.Sum(static p => p.End - p.Start);

    public bool Has(TopicPartition partition) => _partitions.ContainsKey(partition);

    public long Start(TopicPartition partition) => _partitions[partition].Start;

    public long End(TopicPartition partition) => _partitions[partition].End;

    /// <summary>Looks the topic up. With read-committed isolation the ends lie before open transactions, and what was
    /// aborted is not read.</summary>
    /// <exception cref="KafkaServerException">The topic does not exist, or may not be read.</exception>
    public static async Task<TopicRange> OfAsync(
        KafkaClient client, string topic, IsolationLevel isolation, CancellationToken cancellation)
    {
        var found = await client.Admin.DescribeTopicsAsync([topic], cancellation).ConfigureAwait(false);
        if (found[0].Error is { } error)
        {
            throw new KafkaServerException(error.Code, error.Code == ErrorCode.UnknownTopicOrPartition
                ? $"there is no topic '{topic}'. millrace topics list shows those that exist."
                : $"topic '{topic}': {error.Text}");
        }

        var partitions = found[0].Partitions.Select(p => new TopicPartition(topic, p.Index)).ToArray();
        var starts = await AskAsync(client, partitions, OffsetSpec.Earliest, isolation, cancellation)
            .ConfigureAwait(false);
        var ends = await AskAsync(client, partitions, OffsetSpec.Latest, isolation, cancellation).ConfigureAwait(false);
        var range = new TopicRange(partitions, isolation);
        foreach (var partition in partitions)
        {
            range._partitions[partition] = (starts[partition], Math.Max(starts[partition], ends[partition]));
        }

        return range;
    }

    /// <summary>The same ends, but each start raised to where the given offsets say.</summary>
    public TopicRange From(IReadOnlyDictionary<TopicPartition, long> starts)
    {
        var range = new TopicRange(Partitions, _isolation);
        foreach (var (partition, (start, end)) in _partitions)
        {
            range._partitions[partition] = (
                Math.Min(end, Math.Max(start, starts.GetValueOrDefault(partition, start))), end);
        }

        return range;
    }

    /// <summary>One offset of one partition; empty when it is outside of the range.</summary>
    public TopicRange Only(TopicPartition partition, long offset)
    {
        var range = new TopicRange([partition], _isolation);
        if (_partitions.TryGetValue(partition, out var p) && offset >= p.Start && offset < p.End)
        {
            range._partitions[partition] = (offset, offset + 1);
        }

        return range;
    }

    /// <summary>Reads the range. A record is borrowed until the next one is asked for.</summary>
    /// <exception cref="KafkaConnectionException">The broker has brought nothing for 30 s.</exception>
    public async IAsyncEnumerable<(TopicPartition Partition, FetchedRecord Record)> ReadAsync(
        KafkaClient client, TimeProvider clock, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var open = _partitions.Where(static p => p.Value.End > p.Value.Start)
            .ToDictionary(p => p.Key, p => p.Value.End);
        if (open.Count == 0)
        {
            yield break;
        }

        var consumer = client.CreateConsumer(new ConsumerOptions { IsolationLevel = _isolation });
        await using var _ = consumer.ConfigureAwait(false);
        consumer.Assign([.. open.Keys.Select(p => new PartitionStart(p, _partitions[p].Start))]);
        var lastMove = clock.GetTimestamp();
        var lastPositions = 0L;
        while (open.Count > 0)
        {
            var poll = await consumer.PollAsync(PollTimeout, cancellation).ConfigureAwait(false);
            foreach (var batch in poll.Batches)
            {
                using (batch)
                {
                    var end = open.GetValueOrDefault(batch.TopicPartition, -1);
                    for (var i = 0; i < batch.Count && batch[i].Offset < end; i++)
                    {
                        yield return (batch.TopicPartition, batch[i]);
                    }
                }
            }

            // Positions and not batches tell when a partition is done: its last offsets may be of records that nobody
            // gets.
            foreach (var (partition, end) in open)
            {
                if (consumer.Position(partition) >= end)
                {
                    open.Remove(partition);
                    consumer.Pause(partition);
                }
            }

            var positions = _partitions.Keys.Sum(p => consumer.Position(p) ?? 0);
            if (positions != lastPositions)
            {
                (lastPositions, lastMove) = (positions, clock.GetTimestamp());
            }
            else if (clock.GetElapsedTime(lastMove) > StallTimeout)
            {
                throw new KafkaConnectionException(
                    $"Nothing came from {open.Keys.First()} for {StallTimeout.TotalSeconds} s. Are its brokers up?");
            }
        }
    }

    static async Task<Dictionary<TopicPartition, long>> AskAsync(
        KafkaClient client, TopicPartition[] partitions, OffsetSpec spec, IsolationLevel isolation,
        CancellationToken cancellation)
    {
        var results = await client.Admin.ListOffsetsAsync(
            partitions.ToDictionary(p => p, _ => spec), isolation == IsolationLevel.ReadCommitted, cancellation)
                .ConfigureAwait(false);
        return results.ToDictionary(r => r.Key, r => r.Value.Error is { } error
            ? throw new KafkaServerException(error.Code, $"the offsets of {r.Key} could not be read. {error.Text}")
            : r.Value.Offset);
    }
}
