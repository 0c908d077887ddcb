using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Protocol;

namespace Millrace.Ops.Lag;

/// <summary>Looks at the record where a group goes on, to tell since when it has been waiting. Remembers what it saw,
/// so that a group that stands still costs nothing the next time.</summary>
sealed class NextRecordReader(KafkaClient client, TimeProvider clock, LagOptions options)
{
    // Beyond it everything is forgotten and looked at again. 10,000 entries are about 1 MB.
    const int MaxRemembered = 10_000;

    static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(100);

    // Only records: a place that held nothing holds something as soon as somebody writes.
    readonly Dictionary<(TopicPartition, long), NextRecord> _seen = [];

    /// <summary>What lies at these places, or next behind them and before the end.</summary>
    public async Task<Dictionary<(TopicPartition Partition, long Offset), NextRecord>> LookAsync(
        IReadOnlyCollection<(TopicPartition Partition, long Offset, long End)> places, CancellationToken cancellation)
    {
        var found = new Dictionary<(TopicPartition, long), NextRecord>();
        var open = new List<(TopicPartition Partition, long Offset, long End)>();
        lock (_seen)
        {
            foreach (var place in places)
            {
                if (_seen.TryGetValue((place.Partition, place.Offset), out var known))
                {
                    found[(place.Partition, place.Offset)] = known;
                }
                else
                {
                    open.Add(place);
                }
            }
        }

        // One consumer reads a partition at one place only. Groups at different places of one partition take turns.
        var until = clock.GetTimestamp() + (long)(options.TimingTimeout.TotalSeconds * clock.TimestampFrequency);
        while (open.Count > 0 && clock.GetTimestamp() < until)
        {
            var turn = open.DistinctBy(static p => p.Partition).ToDictionary(static p => p.Partition);
            open.RemoveAll(p => turn[p.Partition] == p);
            await TakeTurnAsync(turn, found, until, cancellation).ConfigureAwait(false);
        }

        lock (_seen)
        {
            if (_seen.Count + found.Count > MaxRemembered)
            {
                _seen.Clear();
            }

            foreach (var (place, next) in found.Where(static f => f.Value.Kind == NextKind.Record))
            {
                _seen[place] = next;
            }
        }

        return found;
    }

    async Task TakeTurnAsync(
        Dictionary<TopicPartition, (TopicPartition Partition, long Offset, long End)> turn,
        Dictionary<(TopicPartition, long), NextRecord> found, long until, CancellationToken cancellation)
    {
        // 1 KiB a partition: a broker sends at least one whole batch, and no more than that is wanted.
        var consumer = client.CreateConsumer(new ConsumerOptions
        {
            MaxPartitionFetchBytes = 1024,
            FetchMaxWait = PollTimeout,
            IsolationLevel = IsolationLevel.ReadCommitted,
        });
        await using var _ = consumer.ConfigureAwait(false);
        consumer.Assign([.. turn.Values.Select(static p => new PartitionStart(p.Partition, p.Offset))]);
        while (turn.Count > 0 && clock.GetTimestamp() < until)
        {
            var poll = await consumer.PollAsync(PollTimeout, cancellation).ConfigureAwait(false);
            foreach (var batch in poll.Batches)
            {
                using (batch)
                {
                    // An empty batch only moved the position, which is looked at below.
                    if (batch.Count > 0 && turn.Remove(batch.TopicPartition, out var place))
                    {
                        consumer.Pause(batch.TopicPartition);
                        found[(place.Partition, place.Offset)] = batch[0].Offset < place.End
                            ? new NextRecord(NextKind.Record, batch[0].TimestampMs)
                            : new NextRecord(NextKind.Nothing);
                    }
                }
            }

            foreach (var place in turn.Values)
            {
                if (consumer.Position(place.Partition) >= place.End)
                {
                    turn.Remove(place.Partition);
                    found[(place.Partition, place.Offset)] = new NextRecord(NextKind.Nothing);
                }
            }
        }
    }
}
