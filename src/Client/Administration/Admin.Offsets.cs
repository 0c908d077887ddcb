using Millrace.Client.Net;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Administration;

/// <summary>Which offset of a partition is wanted.</summary>
/// <param name="WireTimestamp">The number that goes over the wire.</param>
public readonly record struct OffsetSpec(long WireTimestamp)
{
    /// <summary>The first offset that the partition still holds.</summary>
    public static OffsetSpec Earliest => new(-2);

    /// <summary>The offset that the next record will have (with read-committed isolation: the last stable
    /// offset).</summary>
    public static OffsetSpec Latest => new(-1);

    /// <summary>The first record whose timestamp is not below the given one (milliseconds since 1970 UTC); -1 if
    /// there is none.</summary>
    public static OffsetSpec AtTimestamp(long timestampMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(timestampMs);
        return new OffsetSpec(timestampMs);
    }
}

/// <summary>An offset of a partition.</summary>
/// <param name="Offset">The offset; -1 if no record matches, or with an error.</param>
/// <param name="TimestampMs">The record's timestamp when one was asked for by time, else -1.</param>
/// <param name="LeaderEpoch">The leader epoch of the record, -1 if the broker does not tell.</param>
/// <param name="Error">Why it could not be told, or null.</param>
public sealed record OffsetResult(long Offset, long TimestampMs, int LeaderEpoch, ItemError? Error);

/// <summary>Offsets that partitions hold.</summary>
public sealed partial class Admin
{
    /// <summary>Looks offsets up at the partitions' leaders, each asked once for all its partitions; a partition
    /// whose leader moved or
    /// is just being elected is asked again until <see cref="ClientOptions.ApiTimeout"/>.</summary>
    /// <param name="partitions">What is wanted of which partition.</param>
    /// <param name="readCommitted">"Latest" means the last stable offset, below open transactions.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, OffsetResult>> ListOffsetsAsync(
        IReadOnlyDictionary<TopicPartition, OffsetSpec> partitions, bool readCommitted = false,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var results = new Dictionary<TopicPartition, OffsetResult>();
        var open = new Dictionary<TopicPartition, OffsetSpec>(partitions);
        var deadline = _core.Runtime.NowMs() + (long)_core.Options.ApiTimeout.TotalMilliseconds;
        for (var failures = 0; open.Count > 0; failures++)
        {
            if (failures > 0)
            {
                var pause = Backoff.DelayMs(
                    failures - 1, _core.Options.RetryBackoff, _core.Options.RetryBackoffMax, _core.Runtime);
                if (_core.Runtime.NowMs() + pause >= deadline)
                {
                    break;
                }
                await Task.Delay(TimeSpan.FromMilliseconds(pause), _core.Runtime.TimeProvider, cancellation)
                    .ConfigureAwait(false);
            }
            await AskLeadersAsync(open, results, readCommitted, cancellation).ConfigureAwait(false);
        }
        return results;
    }

    /// <summary>One round: asks every leader; what is answered for good leaves <paramref name="open"/>.</summary>
    async ValueTask AskLeadersAsync(
        Dictionary<TopicPartition, OffsetSpec> open, Dictionary<TopicPartition, OffsetResult> results,
            bool readCommitted,
        CancellationToken cancellation)
    {
        var view = await AskMetadataAsync([.. open.Keys.Select(static p => p.Topic).Distinct()], cancellation)
            .ConfigureAwait(false);
        _core.Pool.Update(view);
        var byLeader = new Dictionary<int, List<TopicPartition>>();
        foreach (var partition in open.Keys)
        {
            var topic = view.Topic(partition.Topic);
            var leader = view.LeaderOf(partition.Topic, partition.Partition);
            if (leader >= 0)
            {
                (byLeader.TryGetValue(leader, out var list) ? list : byLeader[leader] = []).Add(partition);
                continue;
            }
            var code = topic is { IsUsable: true } && partition.Partition < topic.Partitions.Count
                ? ErrorCode.LeaderNotAvailable
                : topic is { Error: not ErrorCode.None } ? topic.Error : ErrorCode.UnknownTopicOrPartition;
            results[partition] = new OffsetResult(-1, -1, -1, ErrorOf(code, null));
        }
        var answers = await Task.WhenAll(byLeader.Select(
            l => AskLeaderAsync(l.Key, l.Value, open, view, readCommitted, cancellation).AsTask()))
                .ConfigureAwait(false);
        foreach (var (partition, result) in answers.SelectMany(static a => a))
        {
            results[partition] = result;
        }
        foreach (var (partition, result) in results)
        {
            if (result.Error is null || Retries.Decide(result.Error.Code) == RetryDecision.Fatal)
            {
                open.Remove(partition);
            }
        }
    }

    async ValueTask<List<(TopicPartition, OffsetResult)>> AskLeaderAsync(
        int leader, List<TopicPartition> partitions, Dictionary<TopicPartition, OffsetSpec> specs,
            Metadata.ClusterView view,
        bool readCommitted, CancellationToken cancellation)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            IsolationLevel = (sbyte)(readCommitted ? 1 : 0),
            TimeoutMs = BrokerTimeoutMs,
        };
        foreach (var topic in partitions.GroupBy(static p => p.Topic))
        {
            request.Topics.Add(new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.Select(p => new ListOffsetsRequest.ListOffsetsPartition
                {
                    PartitionIndex = p.Partition,
                    Timestamp = specs[p].WireTimestamp,
                    CurrentLeaderEpoch = view.Partition(p.Topic, p.Partition)?.LeaderEpoch ?? -1,
                })],
            });
        }
        try
        {
            var response = await _core.SendToAsync<ListOffsetsRequest, ListOffsetsResponse>(
                leader, ConnectionKind.General, request, cancellation: cancellation).ConfigureAwait(false);
            return [.. response.Topics.SelectMany(static t => t.Partitions, static (t, p) => (
                new TopicPartition(t.Name, p.PartitionIndex),
                new OffsetResult(p.Offset, p.Timestamp, p.LeaderEpoch, ErrorOf(p.ErrorCode, null))))];
        }
        catch (KafkaConnectionException e)
        {
            var code = e.IsTransient ? ErrorCode.NetworkException : ErrorCode.UnknownServerError;
            return partitions.ConvertAll(p => (p, new OffsetResult(-1, -1, -1, new ItemError(code, e.Message))));
        }
    }
}
