using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Consume;

// Committed offsets: kept by the group's coordinator.
public sealed partial class Consumer
{
    const short CommitCap = 9;        // 10 names topics by id only
    const short CommittedCap = 7;     // 8 batches several groups, which one consumer does not have
    const short FirstRequireStable = 7;

    /// <summary>Commits for the group. What it says about each partition is in the answer:
    /// <see cref="ErrorCode.RebalanceInProgress"/> means that the same commit may succeed after the rebalance, if the
    /// partition is still held then; <see cref="ErrorCode.IllegalGeneration"/>,
    /// <see cref="ErrorCode.UnknownMemberId"/> and <see cref="ErrorCode.FencedInstanceId"/> that this member lost its
    /// partitions.</summary>
    /// <param name="offsets">Each partition at most once.</param>
    /// <param name="cancellation">Stops waiting; the commit may have been made.</param>
    /// <exception cref="KafkaConnectionException">The coordinator did not answer within the API timeout.</exception>
    /// <exception cref="InvalidOperationException">The consumer has no group id.</exception>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, ErrorCode>> CommitAsync(
        IReadOnlyList<OffsetToCommit> offsets, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        var group = RequireGroup();
        var result = new Dictionary<TopicPartition, ErrorCode>(offsets.Count);
        if (offsets.Count == 0)
            return result;
        var sentBy = _mode == Mode.Subscribed ? _member!.Identity : (MemberId: "", Generation: -1);
        if (_mode == Mode.Subscribed && sentBy.Generation < 0)
        {
            // Not a member now: a commit without generation would be refused, or would overwrite a new owner's.
            foreach (var offset in offsets)
                result[offset.TopicPartition] = ErrorCode.UnknownMemberId;
            return result;
        }
        var response = await _core.SendToCoordinatorAsync<OffsetCommitRequest, OffsetCommitResponse>(
            group, Request(group, offsets, sentBy), static r => CoordinatorError(r), CommitCap, cancellation)
            .ConfigureAwait(false);
        ErrorCode seen = ErrorCode.None, told = ErrorCode.None;
        foreach (var topic in response.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                var code = partition.ErrorCode;
                if (code != ErrorCode.None && _mode == Mode.Subscribed)
                {
                    // The membership hears of it once, not once a partition.
                    if (code != seen)
                        (seen, told) = (code, _member!.OnCommitRefused(sentBy, code));
                    code = told;
                }
                result[new TopicPartition(topic.Name, partition.PartitionIndex)] = code;
            }
        }
        return result;
    }

    /// <summary>What the group committed. Partitions without a commit are missing.</summary>
    /// <exception cref="KafkaServerException">The coordinator refused.</exception>
    /// <exception cref="KafkaConnectionException">The coordinator did not answer within the API timeout.</exception>
    /// <exception cref="InvalidOperationException">The consumer has no group id.</exception>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, CommittedOffset>> CommittedAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        var group = RequireGroup();
        var result = new Dictionary<TopicPartition, CommittedOffset>(partitions.Count);
        if (partitions.Count == 0)
            return result;
        var request = new OffsetFetchRequest { GroupId = group, Topics = [] };
        foreach (var topic in partitions.GroupBy(tp => tp.Topic))
        {
            var entry = new OffsetFetchRequest.OffsetFetchRequestTopic { Name = topic.Key };
            entry.PartitionIndexes.AddRange(topic.Select(tp => tp.Partition));
            request.Topics.Add(entry);
        }
        var response = await AskAsync(group, request, cancellation).ConfigureAwait(false);
        if (response.ErrorCode != ErrorCode.None)
            throw new KafkaServerException(response.ErrorCode,
                $"The committed offsets of group '{group}' cannot be read.");
        foreach (var topic in response.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                var topicPartition = new TopicPartition(topic.Name, partition.PartitionIndex);
                if (partition.ErrorCode != ErrorCode.None)
                    throw new KafkaServerException(partition.ErrorCode,
                        $"The committed offset of {topicPartition} in group '{group}' cannot be read.");
                if (partition.CommittedOffset >= 0)
                    result[topicPartition] = new CommittedOffset(
                        partition.CommittedOffset,
                        string.IsNullOrEmpty(partition.Metadata) ? null : partition.Metadata,
                        partition.CommittedLeaderEpoch);
            }
        }
        return result;
    }

    string RequireGroup()
    {
        ThrowIfClosed();
        return _options.GroupId
            ?? throw new InvalidOperationException("Committed offsets belong to a group; set ConsumerOptions.GroupId.");
    }

    // RequireStable (KIP-447): an offset inside an undecided transaction is waited for, or the same records come twice.
    async ValueTask<OffsetFetchResponse> AskAsync(
        string group, OffsetFetchRequest request, CancellationToken cancellation)
    {
        return await _core.RetryAsync(ApiKey.OffsetFetch, async token =>
        {
            var node = await _core.FindCoordinatorAsync(group, token).ConfigureAwait(false);
            try
            {
                var connection = await _core.ConnectAsync(node, Net.ConnectionKind.Group, token).ConfigureAwait(false);
                var version = connection.Versions.Choose<OffsetFetchRequest, OffsetFetchResponse>(
                    CommittedCap, connection.Broker);
                request.RequireStable = version >= FirstRequireStable;
                var response = await connection.SendAsync<OffsetFetchRequest, OffsetFetchResponse>(
                    request, version, cancellation: token).ConfigureAwait(false);
                if (response.ErrorCode is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable)
                    _core.Coordinators.Invalidate(group, CoordinatorKind.Group, node);
                return response;
            }
            catch (KafkaConnectionException)
            {
                _core.Coordinators.Invalidate(group, CoordinatorKind.Group, node);
                throw;
            }
        }, static r => FirstRetriable(r), static () => { }, cancellation).ConfigureAwait(false);
    }

    static ErrorCode FirstRetriable(OffsetFetchResponse response)
    {
        if (response.ErrorCode != ErrorCode.None)
            return response.ErrorCode;
        foreach (var topic in response.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                if (partition.ErrorCode.IsRetriable())
                    return partition.ErrorCode;
            }
        }
        return ErrorCode.None;
    }

    static ErrorCode CoordinatorError(OffsetCommitResponse response)
    {
        foreach (var topic in response.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                if (partition.ErrorCode is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable
                    or ErrorCode.CoordinatorLoadInProgress or ErrorCode.RequestTimedOut)
                    return partition.ErrorCode;
            }
        }
        return ErrorCode.None;
    }

    OffsetCommitRequest Request(
        string group, IReadOnlyList<OffsetToCommit> offsets, (string MemberId, int Generation) sentBy)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            MemberId = sentBy.MemberId,
            GenerationIdOrMemberEpoch = sentBy.Generation,
            GroupInstanceId = sentBy.Generation >= 0 ? _options.GroupInstanceId : null,
        };
        OffsetCommitRequest.OffsetCommitRequestTopic? topic = null;
        foreach (var offset in offsets)
        {
            if (topic?.Name != offset.TopicPartition.Topic)
            {
                topic = request.Topics.Find(t => t.Name == offset.TopicPartition.Topic);
                if (topic is null)
                    request.Topics.Add(topic = new() { Name = offset.TopicPartition.Topic });
            }
            topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
            {
                PartitionIndex = offset.TopicPartition.Partition,
                CommittedOffset = offset.Offset,
                CommittedLeaderEpoch = offset.LeaderEpoch,
                CommittedMetadata = offset.Metadata ?? "",
            });
        }
        return request;
    }
}
