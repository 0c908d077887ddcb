using Millrace.Protocol;

namespace Millrace.Broker.Coordination.Groups;

sealed partial class GroupCoordinator
{
    /// <summary>Something changed about the members: starts a rebalance, or goes on with the one that is
    /// running.</summary>
    void Advance(Group group, Now now, CoordinatorStep step)
    {
        if (group.State is not GroupState.PreparingRebalance) PrepareRebalance(group, now, step);
        else if (!group.IsInitialDelay && group.AllMembersJoined) CompleteJoin(group, now, step);
    }

    /// <summary>A member is gone.</summary>
    void AfterRemoval(Group group, Now now, CoordinatorStep step)
    {
        if (group.State is GroupState.Stable or GroupState.CompletingRebalance) PrepareRebalance(group, now, step);
        else AfterPendingRemoval(group, now, step);
    }

    /// <summary>A pending id is gone: nothing changes for the generation that runs, but a join phase may have waited
    /// for it.</summary>
    void AfterPendingRemoval(Group group, Now now, CoordinatorStep step)
    {
        if (group.State == GroupState.PreparingRebalance)
        {
            if (!group.IsInitialDelay && group.AllMembersJoined) CompleteJoin(group, now, step);
        }
        else if (group is { State: GroupState.Empty, StateTimestampMs: < 0, PendingMembers.Count: 0, Offsets.Count: 0 })
        {
            // Nobody ever joined and nothing is known of it.
            group.State = GroupState.Dead;
            _groups.Remove(group.Id);
        }
    }

    void PrepareRebalance(Group group, Now now, CoordinatorStep step)
    {
        // Whoever waits for the assignment of the generation that ends here has to join again.
        foreach (var member in group.Members.Values)
        {
            if (member.ParkedSync is not { } parked) continue;
            member.ParkedSync = null;
            step.Reply(parked, SyncError(ErrorCode.RebalanceInProgress));
            Touch(group, member, now);
        }

        group.SyncTimer?.Cancel();
        group.SyncTimer = null;
        var wasEmpty = group.State == GroupState.Empty;
        group.State = GroupState.PreparingRebalance;
        if (wasEmpty && _options.InitialRebalanceDelayMs > 0)
        {
            group.IsInitialDelay = true;
            group.NewMemberAdded = false;
            var delay = _options.InitialRebalanceDelayMs;
            ScheduleInitialDelay(group, now, delay, Math.Max(group.RebalanceTimeoutMs - delay, 0));
            return;
        }

        // Nobody of an earlier generation to wait for; who holds an id but has not joined yet may never do so.
        if (wasEmpty || group.Members.Count == 0 || group.AllMembersJoined) CompleteJoin(group, now, step);
        else ScheduleJoinTimeout(group, now);
    }

    // Each newcomer prolongs the wait, up to the longest rebalance timeout (KIP-134).
    void ScheduleInitialDelay(Group group, Now now, int delayMs, int remainingMs)
    {
        group.JoinTimer?.Cancel();
        group.JoinTimer = _timers.Schedule(now.TickMs + delayMs, (later, step) =>
        {
            if (group.NewMemberAdded && remainingMs > 0)
            {
                group.NewMemberAdded = false;
                var next = Math.Min(_options.InitialRebalanceDelayMs, remainingMs);
                ScheduleInitialDelay(group, later, next, remainingMs - next);
                return;
            }

            group.IsInitialDelay = false;
            CompleteJoin(group, later, step);
        });
    }

    void ScheduleJoinTimeout(Group group, Now now)
    {
        group.JoinTimer?.Cancel();
        group.JoinTimer = _timers.Schedule(
            now.TickMs + group.RebalanceTimeoutMs, (later, step) => CompleteJoin(group, later, step));
    }

    /// <summary>The join phase is over: all are here, or their time is up.</summary>
    void CompleteJoin(Group group, Now now, CoordinatorStep step)
    {
        group.JoinTimer?.Cancel();
        group.JoinTimer = null;
        group.IsInitialDelay = false;
        DropSilentMembers(group, step);
        if (group.Members.Count == 0)
        {
            BecomeEmpty(group, now, step);
            return;
        }

        if (!ElectLeader(group))
        {
            // Only static members are left and none of them is here: their sessions decide.
            ScheduleJoinTimeout(group, now);
            return;
        }

        group.Generation++;
        group.ProtocolName = group.SelectProtocol();
        group.State = GroupState.CompletingRebalance;
        foreach (var member in group.Members.Values)
        {
            member.HasSynced = false;
            if (member.ParkedJoin is not { } parked) continue;
            member.ParkedJoin = null;
            member.IsNew = false;
            step.Reply(parked, Joined(group, member));
            Touch(group, member, now);
        }

        ScheduleSyncTimeout(group, now);
    }

    // Static members are away on purpose: only their session ends them.
    void DropSilentMembers(Group group, CoordinatorStep step)
    {
        for (var i = group.Members.Count - 1; i >= 0; i--)
        {
            var member = group.Members.GetAt(i).Value;
            if (member.ParkedJoin is null && member.InstanceId is null) RemoveMember(group, member, step);
        }
    }

    static bool ElectLeader(Group group)
    {
        if (group.LeaderId is { } leader && group.Members.TryGetValue(leader, out var current)
            && current.ParkedJoin is not null)
            return true;
        foreach (var member in group.Members.Values)
        {
            if (member.ParkedJoin is null) continue;
            group.LeaderId = member.MemberId;
            return true;
        }

        return false;
    }

    void BecomeEmpty(Group group, Now now, CoordinatorStep step)
    {
        group.Generation++;
        group.ProtocolName = null;
        group.LeaderId = null;
        group.State = GroupState.Empty;
        step.Records.Add(GroupRecord(group, now, static m => m.Assignment));
    }

    void ScheduleSyncTimeout(Group group, Now now)
    {
        group.SyncTimer?.Cancel();
        group.SyncTimer = _timers.Schedule(now.TickMs + group.RebalanceTimeoutMs, (later, step) =>
        {
            group.SyncTimer = null;
            if (group.State is not (GroupState.CompletingRebalance or GroupState.Stable)) return;
            var removed = false;
            for (var i = group.Members.Count - 1; i >= 0; i--)
            {
                var member = group.Members.GetAt(i).Value;
                if (member.HasSynced) continue;
                RemoveMember(group, member, step);
                removed = true;
            }

            if (removed) PrepareRebalance(group, later, step);
        });
    }

    static void RemoveMember(Group group, GroupMember member, CoordinatorStep step)
    {
        if (member.ParkedJoin is { } join) step.Reply(join, JoinError(member.MemberId, ErrorCode.UnknownMemberId));
        if (member.ParkedSync is { } sync) step.Reply(sync, SyncError(ErrorCode.UnknownMemberId));
        member.ParkedJoin = null;
        member.ParkedSync = null;
        member.SessionTimer?.Cancel();
        group.Members.Remove(member.MemberId);
        if (member.InstanceId is { } instance && group.StaticMembers.GetValueOrDefault(instance) == member.MemberId)
            group.StaticMembers.Remove(instance);
        if (!group.IsLeader(member.MemberId)) return;
        group.LeaderId = group.Members.Count == 0 ? null : group.Members.GetAt(0).Key;
    }
}
