using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

sealed partial class GroupCoordinator
{
    /// <summary>OffsetCommit 2-10. Topic names are resolved and unknown partitions answered by the caller; every
    /// partition in the request exists.</summary>
    public void Commit(
        OffsetCommitRequest request, GroupCaller caller, ReplyTo<OffsetCommitResponse> reply, Now now,
            CoordinatorStep step)
    {
        var error = CheckCommit(request, caller, now);
        step.Reply(reply, error == ErrorCode.None ? Commit(request, now, step) : CommitError(request, error));
    }

    /// <summary>An answer that carries the same error for every partition.</summary>
    public static OffsetCommitResponse CommitError(OffsetCommitRequest request, ErrorCode error)
    {
        var response = new OffsetCommitResponse();
        foreach (var topic in request.Topics)
        {
            var answer = new OffsetCommitResponse.OffsetCommitResponseTopic
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
            };
            foreach (var partition in topic.Partitions)
            {
                answer.Partitions.Add(new OffsetCommitResponse.OffsetCommitResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = error,
                });
            }

            response.Topics.Add(answer);
        }

        return response;
    }

    ErrorCode CheckCommit(OffsetCommitRequest request, GroupCaller caller, Now now)
    {
        if (request.GroupId.Length == 0 || !Fits(request.GroupId)) return ErrorCode.InvalidGroupId;
        var generation = request.GenerationIdOrMemberEpoch;
        var group = Find(request.GroupId);
        if (group is null)
        {
            // Without a generation the committer assigns its partitions itself: such a group begins with its first
            // commit.
            if (generation < 0) return ErrorCode.None;
            return caller.Version >= 9 ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration;
        }

        if (generation < 0 && group.State == GroupState.Empty) return ErrorCode.None;
        if (generation < 0 && request.MemberId.Length == 0 && request.GroupInstanceId is null)
            return ErrorCode.UnknownMemberId;
        var error = CheckMember(group, request.MemberId, request.GroupInstanceId, out var member);
        if (error != ErrorCode.None) return error;
        if (generation != group.Generation) return ErrorCode.IllegalGeneration;
        if (group.State == GroupState.CompletingRebalance) return ErrorCode.RebalanceInProgress;
        Touch(group, member!, now);
        return ErrorCode.None;
    }

    OffsetCommitResponse Commit(OffsetCommitRequest request, Now now, CoordinatorStep step)
    {
        var response = CommitError(request, ErrorCode.None);
        var expires = request.RetentionTimeMs < 0 ? -1 : now.UnixMs + request.RetentionTimeMs;
        for (var t = 0; t < request.Topics.Count; t++)
        {
            var topic = request.Topics[t];
            for (var p = 0; p < topic.Partitions.Count; p++)
            {
                var partition = topic.Partitions[p];
                var metadata = partition.CommittedMetadata ?? "";
                if (metadata.Length > _options.OffsetMetadataMax)
                {
                    response.Topics[t].Partitions[p].ErrorCode = ErrorCode.OffsetMetadataTooLarge;
                    continue;
                }

                var offset = new CommittedOffset(
                    partition.CommittedOffset, partition.CommittedLeaderEpoch, metadata, now.UnixMs, expires);
                step.Records.Add(GroupRecords.Offset(
                    request.GroupId, new TopicPartition(topic.Name, partition.PartitionIndex), offset));
            }
        }

        return response;
    }

    /// <summary>One group of an OffsetFetch. A group that does not exist has no offsets; that is not an
    /// error.</summary>
    /// <param name="groupId">Whose offsets.</param>
    /// <param name="topics">Which; null for all that it has.</param>
    public OffsetFetchResponse.OffsetFetchResponseGroup FetchOffsets(
        string groupId, List<OffsetFetchRequest.OffsetFetchRequestTopics>? topics)
    {
        var answer = new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = groupId };
        var group = Find(groupId);
        if (topics is null)
        {
            if (group is not null) AddAllOffsets(group, answer);
            return answer;
        }

        foreach (var topic in topics)
        {
            var answerTopic = new OffsetFetchResponse.OffsetFetchResponseTopics
            {
                Name = topic.Name,
                TopicId = topic.TopicId,
            };
            foreach (var partition in topic.PartitionIndexes)
            {
                CommittedOffset? found = null;
                if (group is not null
                    && group.Offsets.TryGetValue(new TopicPartition(topic.Name, partition), out var offset))
                    found = offset;
                answerTopic.Partitions.Add(OffsetAnswer(partition, found));
            }

            answer.Topics.Add(answerTopic);
        }

        return answer;
    }

    static void AddAllOffsets(Group group, OffsetFetchResponse.OffsetFetchResponseGroup answer)
    {
        Dictionary<string, OffsetFetchResponse.OffsetFetchResponseTopics> byName = new(StringComparer.Ordinal);
        foreach (var (partition, offset) in group.Offsets)
        {
            if (!byName.TryGetValue(partition.Topic, out var topic))
            {
                topic = new OffsetFetchResponse.OffsetFetchResponseTopics { Name = partition.Topic };
                byName.Add(partition.Topic, topic);
                answer.Topics.Add(topic);
            }

            topic.Partitions.Add(OffsetAnswer(partition.Partition, offset));
        }
    }

    static OffsetFetchResponse.OffsetFetchResponsePartitions OffsetAnswer(int partition, CommittedOffset? offset) =>
        new()
        {
            PartitionIndex = partition,
            CommittedOffset = offset?.Offset ?? -1,
            CommittedLeaderEpoch = offset?.LeaderEpoch ?? -1,
            Metadata = offset?.Metadata ?? "",
        };

    /// <summary>The topic is gone: so are its offsets.</summary>
    public void OnTopicDeleted(string topic, CoordinatorStep step)
    {
        foreach (var group in _groups.Values)
        {
            foreach (var partition in group.Offsets.Keys)
            {
                if (partition.Topic == topic) step.Records.Add(GroupRecords.OffsetTombstone(group.Id, partition));
            }
        }
    }

    void ScheduleSweep(Now now) =>
        _timers.Schedule(now.TickMs + _options.OffsetsRetentionCheckIntervalMs, (later, step) =>
        {
            ScheduleSweep(later);
            Sweep(later, step);
        });

    /// <summary>Expires offsets (KIP-211) and forgets groups that have nothing left. Runs by itself; a test may call
    /// it.</summary>
    public void Sweep(Now now, CoordinatorStep step)
    {
        foreach (var group in _groups.Values)
        {
            var left = group.Offsets.Count;
            var subscribed = group.State == GroupState.Stable ? SubscribedTopics(group) : null;
            foreach (var (partition, offset) in group.Offsets)
            {
                if (!IsExpired(group, partition, offset, subscribed, now)) continue;
                step.Records.Add(GroupRecords.OffsetTombstone(group.Id, partition));
                left--;
            }

            if (left == 0 && group is { State: GroupState.Empty, PendingMembers.Count: 0 })
                step.Records.Add(GroupRecords.GroupTombstone(group.Id));
        }
    }

    bool IsExpired(
        Group group, TopicPartition partition, in CommittedOffset offset, HashSet<string>? subscribed, Now now)
    {
        if (offset.ExpireTimestampMs >= 0) return IsIdle(group) && now.UnixMs >= offset.ExpireTimestampMs;
        if (group.ProtocolType is null) return IsOld(offset.CommitTimestampMs, now);
        if (group.State == GroupState.Empty)
        {
            // From when the last member left, not from the last commit: a group that had nothing to do keeps its place.
            return IsOld(Math.Max(group.StateTimestampMs, offset.CommitTimestampMs), now);
        }

        return subscribed is not null && !subscribed.Contains(partition.Topic) && IsOld(offset.CommitTimestampMs, now);
    }

    static bool IsIdle(Group group) => group.State is GroupState.Empty or GroupState.Dead;

    bool IsOld(long sinceMs, Now now) => now.UnixMs - sinceMs >= _options.OffsetsRetentionMs;

    /// <summary>DeleteGroups: only a group without members goes, with all its offsets.</summary>
    public ErrorCode Delete(string groupId, CoordinatorStep step)
    {
        if (groupId.Length == 0) return ErrorCode.InvalidGroupId;
        if (Find(groupId) is not { } group) return ErrorCode.GroupIdNotFound;
        if (group.State != GroupState.Empty || group.PendingMembers.Count > 0) return ErrorCode.NonEmptyGroup;
        foreach (var partition in group.Offsets.Keys)
            step.Records.Add(GroupRecords.OffsetTombstone(groupId, partition));
        step.Records.Add(GroupRecords.GroupTombstone(groupId));
        return ErrorCode.None;
    }

    /// <summary>OffsetDelete 0: offsets of topics that no member reads. Of a group whose members are not consumers
    /// nobody can tell what they read, so it must be empty.</summary>
    /// <param name="request">Which offsets.</param>
    /// <param name="exists">Whether there is such a partition.</param>
    /// <param name="reply">Where the answer goes.</param>
    /// <param name="step">What is to be done.</param>
    public void DeleteOffsets(
        OffsetDeleteRequest request,
        Func<string, int, bool> exists,
        ReplyTo<OffsetDeleteResponse> reply,
        CoordinatorStep step)
    {
        var group = Find(request.GroupId);
        var subscribed = group is { State: not GroupState.Empty } ? SubscribedTopics(group) : [];
        var response = new OffsetDeleteResponse
        {
            ErrorCode = request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId
                : group is null ? ErrorCode.GroupIdNotFound
                : subscribed is null ? ErrorCode.NonEmptyGroup
                : ErrorCode.None,
        };
        step.Reply(reply, response);
        if (response.ErrorCode != ErrorCode.None) return;
        foreach (var topic in request.Topics)
        {
            var answer = new OffsetDeleteResponse.OffsetDeleteResponseTopic { Name = topic.Name };
            response.Topics.Add(answer);
            foreach (var partition in topic.Partitions)
            {
                var key = new TopicPartition(topic.Name, partition.PartitionIndex);
                var error = subscribed!.Contains(topic.Name) ? ErrorCode.GroupSubscribedToTopic
                    : exists(topic.Name, partition.PartitionIndex) ? ErrorCode.None
                    : ErrorCode.UnknownTopicOrPartition;
                if (error == ErrorCode.None && group!.Offsets.ContainsKey(key))
                    step.Records.Add(GroupRecords.OffsetTombstone(group.Id, key));
                answer.Partitions.Add(new OffsetDeleteResponse.OffsetDeleteResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = error,
                });
            }
        }
    }
}
