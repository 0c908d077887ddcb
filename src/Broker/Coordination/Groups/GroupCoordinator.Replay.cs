using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

sealed partial class GroupCoordinator
{
    /// <summary>Applies one record: the only way in which what survives a restart changes. At run time directly after
    /// the append, at start in the order of the log.</summary>
    public void Replay(CoordinatorRecord record)
    {
        switch (record.Key)
        {
            case OffsetCommitKey key:
                ReplayOffset(key, (OffsetCommitValue?)record.Value);
                break;
            case GroupMetadataKey key when record.Value is GroupMetadataValue value:
                ReplayGroup(GetOrCreate(key.Group), value);
                break;
            case GroupMetadataKey key:
                if (_groups.TryGetValue(key.Group, out var gone)) Forget(gone);
                break;
            default:
                // Records of group types that this coordinator does not run are kept in the log for who does.
                break;
        }
    }

    void ReplayOffset(OffsetCommitKey key, OffsetCommitValue? value)
    {
        var partition = new TopicPartition(key.Topic, key.Partition);
        if (value is null)
        {
            Find(key.Group)?.Offsets.Remove(partition);
            return;
        }

        GetOrCreate(key.Group).Offsets[partition] = new CommittedOffset(
            value.Offset, value.LeaderEpoch, value.Metadata, value.CommitTimestamp, value.ExpireTimestamp);
    }

    // At run time the members of the record are the members of the group already, parked calls and timers included:
    // only their assignments and the state are news. At start everything is, and the record's order is the members'.
    void ReplayGroup(Group group, GroupMetadataValue value)
    {
        if (!_isStarted)
        {
            group.Members.Clear();
            group.StaticMembers.Clear();
        }

        group.ProtocolType = value.ProtocolType;
        group.ProtocolName = value.Protocol;
        group.Generation = value.Generation;
        group.LeaderId = value.Leader;
        group.StateTimestampMs = value.CurrentStateTimestamp;
        group.State = value.Members.Count == 0 ? GroupState.Empty : GroupState.Stable;

        HashSet<string> listed = new(StringComparer.Ordinal);
        foreach (var persisted in value.Members)
        {
            listed.Add(persisted.MemberId);
            if (!group.Members.TryGetValue(persisted.MemberId, out var member))
            {
                member = Load(persisted, value.Protocol);
                group.Members.Add(member.MemberId, member);
                if (member.InstanceId is { } instance) group.StaticMembers[instance] = member.MemberId;
            }

            member.Assignment = persisted.Assignment.ToArray();
        }

        for (var i = group.Members.Count - 1; i >= 0; i--)
        {
            var member = group.Members.GetAt(i).Value;
            if (listed.Contains(member.MemberId)) continue;
            group.Members.RemoveAt(i);
            if (member.InstanceId is { } instance && group.StaticMembers.GetValueOrDefault(instance) == member.MemberId)
                group.StaticMembers.Remove(instance);
        }
    }

    static GroupMember Load(GroupMetadataValue.MemberMetadata persisted, string? protocol) =>
        new(persisted.MemberId, persisted.GroupInstanceId, persisted.ClientId, persisted.ClientHost)
        {
            SessionTimeoutMs = persisted.SessionTimeout,
            RebalanceTimeoutMs = persisted.RebalanceTimeout < 0 ? persisted.SessionTimeout : persisted.RebalanceTimeout,
            Protocols = [(protocol ?? "", persisted.Subscription.ToArray())],
            HasSynced = true,
        };

    void Forget(Group group)
    {
        group.State = GroupState.Dead;
        group.JoinTimer?.Cancel();
        group.SyncTimer?.Cancel();
        foreach (var timer in group.PendingMembers.Values) timer.Cancel();
        foreach (var member in group.Members.Values) member.SessionTimer?.Cancel();
        _groups.Remove(group.Id);
    }
}
