using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Administration;

/// <summary>A committed offset.</summary>
/// <param name="Offset">The position from which the group goes on; -1 if nothing is committed, or with an
/// error.</param>
/// <param name="LeaderEpoch">The leader epoch committed with it, -1 if none.</param>
/// <param name="Metadata">The text committed with it; empty if none.</param>
/// <param name="Error">Why it could not be told, or null.</param>
public sealed record GroupOffset(long Offset, int LeaderEpoch = -1, string Metadata = "", ItemError? Error = null);

/// <summary>Offsets that groups have committed.</summary>
public sealed partial class Admin
{
    // Version 10 has topic ids instead of names, which nothing here needs.
    const short LastOffsetVersionWithNames = 9;

    /// <summary>What a group has committed.</summary>
    /// <param name="group">The group's id.</param>
    /// <param name="partitions">Which partitions; null = all that have a committed offset.</param>
    /// <param name="requireStable">Wait for open transactions that commit offsets (KIP-447).</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="KafkaServerException">The coordinator refused.</exception>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, GroupOffset>> ListGroupOffsetsAsync(
        string group, IEnumerable<TopicPartition>? partitions = null, bool requireStable = false,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(group);
        var topics = partitions?.GroupBy(static p => p.Topic).ToList();
        var response = await _core.RetryAsync(
            ApiKey.OffsetFetch, token => AskGroupOffsetsAsync(group, topics, requireStable, token), WholeError,
            () => { }, cancellation).ConfigureAwait(false);
        if (WholeError(response) is var code && code != ErrorCode.None)
        {
            throw new KafkaServerException(code, $"the offsets of group '{group}' could not be read.");
        }
        var result = new Dictionary<TopicPartition, GroupOffset>();
        foreach (var topic in response.Topics)
        {
            foreach (var p in topic.Partitions)
            {
                result[new TopicPartition(topic.Name, p.PartitionIndex)] = new GroupOffset(
                    p.CommittedOffset, p.CommittedLeaderEpoch, p.Metadata ?? "", ErrorOf(p.ErrorCode, null));
            }
        }
        foreach (var topic in response.Groups.SelectMany(static g => g.Topics))
        {
            foreach (var p in topic.Partitions)
            {
                result[new TopicPartition(topic.Name, p.PartitionIndex)] = new GroupOffset(
                    p.CommittedOffset, p.CommittedLeaderEpoch, p.Metadata ?? "", ErrorOf(p.ErrorCode, null));
            }
        }
        return result;
    }

    /// <summary>Sets committed offsets of a group that has no active members; with members the coordinator answers
    /// <see cref="ErrorCode.UnknownMemberId"/> for each partition.</summary>
    /// <returns>The error of each partition, null = done.</returns>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, ItemError?>> AlterGroupOffsetsAsync(
        string group, IReadOnlyDictionary<TopicPartition, GroupOffset> offsets,
            CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(group);
        ArgumentNullException.ThrowIfNull(offsets);
        // Generation -1 and no member: a commit from outside.
        var request = new OffsetCommitRequest { GroupId = group, GenerationIdOrMemberEpoch = -1, MemberId = "" };
        foreach (var topic in offsets.GroupBy(static o => o.Key.Topic))
        {
            request.Topics.Add(new OffsetCommitRequest.OffsetCommitRequestTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.Select(static o => new OffsetCommitRequest.OffsetCommitRequestPartition
                {
                    PartitionIndex = o.Key.Partition,
                    CommittedOffset = o.Value.Offset,
                    CommittedLeaderEpoch = o.Value.LeaderEpoch,
                    CommittedMetadata = o.Value.Metadata,
                })],
            });
        }
        var response = await _core.SendToCoordinatorAsync<OffsetCommitRequest, OffsetCommitResponse>(
            group, request, static r => r.Topics.SelectMany(static t => t.Partitions).Select(static p => p.ErrorCode)
                .FirstOrDefault(static c => c is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable
                    or ErrorCode.CoordinatorLoadInProgress, ErrorCode.None),
            LastOffsetVersionWithNames, cancellation).ConfigureAwait(false);
        return response.Topics
            .SelectMany(static t => t.Partitions,
                static (t, p) => (Key: new TopicPartition(t.Name, p.PartitionIndex), p.ErrorCode))
            .ToDictionary(static p => p.Key, static p => ErrorOf(p.ErrorCode, null));
    }

    async ValueTask<OffsetFetchResponse> AskGroupOffsetsAsync(
        string group, List<IGrouping<string, TopicPartition>>? topics, bool requireStable,
            CancellationToken cancellation)
    {
        var node = await _core.FindCoordinatorAsync(group, cancellation).ConfigureAwait(false);
        var connection = await _core.ConnectAsync(node, Net.ConnectionKind.Group, cancellation).ConfigureAwait(false);
        var version = connection.Versions.Choose<OffsetFetchRequest, OffsetFetchResponse>(
            LastOffsetVersionWithNames, connection.Broker);
        var request = new OffsetFetchRequest { RequireStable = requireStable };
        if (version >= FirstOffsetFetchVersionWithGroups)
        {
            request.Groups.Add(new OffsetFetchRequest.OffsetFetchRequestGroup
            {
                GroupId = group,
                Topics = topics?.ConvertAll(static t => new OffsetFetchRequest.OffsetFetchRequestTopics
                {
                    Name = t.Key,
                    PartitionIndexes = [.. t.Select(static p => p.Partition)],
                }),
            });
        }
        else
        {
            request.GroupId = group;
            request.Topics = topics?.ConvertAll(static t => new OffsetFetchRequest.OffsetFetchRequestTopic
            {
                Name = t.Key,
                PartitionIndexes = [.. t.Select(static p => p.Partition)],
            });
        }
        var response = await connection.SendAsync<OffsetFetchRequest, OffsetFetchResponse>(
            request, version, cancellation: cancellation).ConfigureAwait(false);
        if (WholeError(response) is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable)
        {
            _core.Coordinators.Invalidate(group, Routing.CoordinatorKind.Group, node);
        }
        return response;
    }

    // From version 8 on the request names several groups (KIP-709).
    const short FirstOffsetFetchVersionWithGroups = 8;

    static ErrorCode WholeError(OffsetFetchResponse response)
    {
        if (response.ErrorCode != ErrorCode.None)
        {
            return response.ErrorCode;
        }
        var group = response.Groups.FirstOrDefault(static g => g.ErrorCode != ErrorCode.None);
        // Offsets of an open transaction are reported per partition, and concern the call as a whole: ask again.
        return group?.ErrorCode
            ?? (response.Groups.SelectMany(static g => g.Topics).SelectMany(static t => t.Partitions)
            .Any(static p => p.ErrorCode == ErrorCode.UnstableOffsetCommit) ? ErrorCode.UnstableOffsetCommit
                : ErrorCode.None);
    }
}
