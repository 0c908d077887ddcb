using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

sealed partial class GroupCoordinator
{
    /// <summary>SyncGroup 0-5. The leader's call carries the assignment; the others wait for it.</summary>
    public void Sync(SyncGroupRequest request, ReplyTo<SyncGroupResponse> reply, Now now, CoordinatorStep step)
    {
        var error = CheckSync(request, out var group, out var member);
        if (error != ErrorCode.None)
        {
            step.Reply(reply, SyncError(error));
            return;
        }

        Touch(group!, member!, now);
        member!.HasSynced = true;
        if (group!.State == GroupState.Stable)
        {
            step.Reply(reply, Synced(group, member.Assignment));
            CancelSyncTimerIfDone(group);
            return;
        }

        if (member.ParkedSync is { } earlier) step.Reply(earlier, SyncError(ErrorCode.RebalanceInProgress));
        member.ParkedSync = reply;
        if (group.IsLeader(member.MemberId)) Distribute(group, request, now, step);
    }

    /// <summary>An answer that carries an error.</summary>
    public static SyncGroupResponse SyncError(ErrorCode error) => new() { ErrorCode = error };

    ErrorCode CheckSync(SyncGroupRequest request, out Group? group, out GroupMember? member)
    {
        member = null;
        group = null;
        if (request.GroupId.Length == 0) return ErrorCode.InvalidGroupId;
        group = Find(request.GroupId);
        if (group is null) return ErrorCode.UnknownMemberId;
        var error = CheckMember(group, request.MemberId, request.GroupInstanceId, out member);
        if (error != ErrorCode.None) return error;
        if (request.GenerationId != group.Generation) return ErrorCode.IllegalGeneration;
        if (request.ProtocolType is { } type && type != group.ProtocolType) return ErrorCode.InconsistentGroupProtocol;
        if (request.ProtocolName is { } name && name != group.ProtocolName) return ErrorCode.InconsistentGroupProtocol;
        return group.State switch
        {
            GroupState.PreparingRebalance => ErrorCode.RebalanceInProgress,
            GroupState.CompletingRebalance or GroupState.Stable => ErrorCode.None,
            _ => ErrorCode.UnknownMemberId,
        };
    }

    // The group becomes Stable when the record is replayed, and the answers leave when it is durable.
    void Distribute(Group group, SyncGroupRequest request, Now now, CoordinatorStep step)
    {
        Dictionary<string, byte[]> assignments = new(StringComparer.Ordinal);
        foreach (var assignment in request.Assignments)
            assignments[assignment.MemberId] = assignment.Assignment.ToArray();
        step.Records.Add(GroupRecord(group, now, m => assignments.GetValueOrDefault(m.MemberId) ?? []));
        foreach (var member in group.Members.Values)
        {
            if (member.ParkedSync is not { } parked) continue;
            member.ParkedSync = null;
            step.Reply(parked, Synced(group, assignments.GetValueOrDefault(member.MemberId) ?? []));
            Touch(group, member, now);
        }

        CancelSyncTimerIfDone(group);
    }

    static void CancelSyncTimerIfDone(Group group)
    {
        foreach (var member in group.Members.Values)
        {
            if (!member.HasSynced) return;
        }

        group.SyncTimer?.Cancel();
        group.SyncTimer = null;
    }

    static SyncGroupResponse Synced(Group group, byte[] assignment) => new()
    {
        ProtocolType = group.ProtocolType,
        ProtocolName = group.ProtocolName,
        Assignment = assignment,
    };

    /// <summary>Heartbeat 0-4.</summary>
    public void Heartbeat(HeartbeatRequest request, ReplyTo<HeartbeatResponse> reply, Now now, CoordinatorStep step) =>
        step.Reply(reply, new HeartbeatResponse { ErrorCode = CheckHeartbeat(request, now) });

    ErrorCode CheckHeartbeat(HeartbeatRequest request, Now now)
    {
        if (request.GroupId.Length == 0) return ErrorCode.InvalidGroupId;
        if (Find(request.GroupId) is not { } group) return ErrorCode.UnknownMemberId;
        var error = CheckMember(group, request.MemberId, request.GroupInstanceId, out var member);
        if (error != ErrorCode.None) return error;
        if (request.GenerationId != group.Generation) return ErrorCode.IllegalGeneration;
        Touch(group, member!, now);
        return group.State == GroupState.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>LeaveGroup 0-5. Below version 3 the one member's error is the answer's; the caller of those versions
    /// fills
    /// <see cref="LeaveGroupRequest.Members"/> from the single id.</summary>
    public void Leave(
        LeaveGroupRequest request, GroupCaller caller, ReplyTo<LeaveGroupResponse> reply, Now now, CoordinatorStep step)
    {
        var response = new LeaveGroupResponse();
        if (request.GroupId.Length == 0)
        {
            response.ErrorCode = ErrorCode.InvalidGroupId;
            step.Reply(reply, response);
            return;
        }

        List<LeaveGroupRequest.MemberIdentity> leaving = caller.Version >= 3
            ? request.Members
            : [new LeaveGroupRequest.MemberIdentity { MemberId = request.MemberId }];
        var group = Find(request.GroupId);
        var (removed, pendingRemoved) = (false, false);
        foreach (var identity in leaving)
        {
            var error = group is null
                ? ErrorCode.UnknownMemberId
                : LeaveOne(group, identity, step, ref removed, ref pendingRemoved);
            if (caller.Version < 3) response.ErrorCode = error;
            response.Members.Add(new LeaveGroupResponse.MemberResponse
            {
                MemberId = identity.MemberId,
                GroupInstanceId = identity.GroupInstanceId,
                ErrorCode = error,
            });
        }

        if (caller.Version < 3) response.Members.Clear();
        step.Reply(reply, response);
        if (removed) AfterRemoval(group!, now, step);
        else if (pendingRemoved) AfterPendingRemoval(group!, now, step);
    }

    static ErrorCode LeaveOne(
        Group group, LeaveGroupRequest.MemberIdentity identity, CoordinatorStep step, ref bool removed,
            ref bool pendingRemoved)
    {
        if (group.PendingMembers.Remove(identity.MemberId, out var timer))
        {
            timer.Cancel();
            pendingRemoved = true;
            return ErrorCode.None;
        }

        GroupMember? member;
        if (identity.MemberId.Length == 0 && identity.GroupInstanceId is { } instance)
        {
            // An administrator removes a static member by the name that it is known under.
            if (!group.StaticMembers.TryGetValue(instance, out var memberId)) return ErrorCode.UnknownMemberId;
            member = group.Members[memberId];
        }
        else
        {
            var error = CheckMember(group, identity.MemberId, identity.GroupInstanceId, out member);
            if (error != ErrorCode.None) return error;
        }

        RemoveMember(group, member!, step);
        removed = true;
        return ErrorCode.None;
    }
}
