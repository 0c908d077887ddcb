using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

sealed partial class GroupCoordinator
{
    /// <summary>JoinGroup 0-9. Answered at once, or parked until the join phase is over.</summary>
    public void Join(
        JoinGroupRequest request, GroupCaller caller, ReplyTo<JoinGroupResponse> reply, Now now, CoordinatorStep step)
    {
        var group = CheckJoin(request, caller, out var error);
        if (group is null)
        {
            step.Reply(reply, JoinError(request.MemberId, error));
            return;
        }

        if (request.MemberId.Length == 0)
        {
            JoinWithoutId(group, request, caller, reply, now, step);
            return;
        }

        if (group.PendingMembers.Remove(request.MemberId, out var pending))
        {
            pending.Cancel();
            AddMember(group, request, caller, request.MemberId, reply, now, step);
            return;
        }

        error = CheckMember(group, request.MemberId, request.GroupInstanceId, out var member);
        if (error == ErrorCode.None) Rejoin(group, member!, request, caller, reply, now, step);
        else step.Reply(reply, JoinError(request.MemberId, error));
    }

    /// <summary>An answer that carries an error.</summary>
    public static JoinGroupResponse JoinError(string memberId, ErrorCode error) => new()
    {
        ErrorCode = error,
        GenerationId = -1,
        ProtocolName = "",
        Leader = "",
        MemberId = memberId,
    };

    Group? CheckJoin(JoinGroupRequest request, GroupCaller caller, out ErrorCode error)
    {
        error = ErrorCode.InvalidGroupId;
        if (request.GroupId.Length == 0 || !Fits(request.GroupId)) return null;
        error = ErrorCode.InvalidRequest;
        if (request.Protocols.Count > _options.MaxProtocols || !NamesFit(request, caller)) return null;
        error = ErrorCode.InvalidSessionTimeout;
        if (request.SessionTimeoutMs < _options.MinSessionTimeoutMs) return null;
        if (request.SessionTimeoutMs > _options.MaxSessionTimeoutMs) return null;

        var isNew = request.MemberId.Length == 0;
        var group = Find(request.GroupId);
        error = ErrorCode.UnknownMemberId;
        if (group is null && !isNew) return null;
        error = ErrorCode.InconsistentGroupProtocol;
        if (request.ProtocolType.Length == 0 || request.Protocols.Count == 0) return null;
        group ??= GetOrCreate(request.GroupId);

        error = ErrorCode.GroupMaxSizeReached;
        if (!HasRoom(group, request)) return null;
        error = ErrorCode.InconsistentGroupProtocol;
        if (!group.Supports(request.ProtocolType, request.Protocols)) return null;
        error = ErrorCode.None;
        return group;
    }

    // What is written down of a member, and sent to its leader, must be writable.
    static bool NamesFit(JoinGroupRequest request, GroupCaller caller) =>
        Fits(caller.ClientId) && Fits(request.GroupInstanceId ?? "") && Fits(request.ProtocolType)
        && request.Protocols.TrueForAll(static p => Fits(p.Name));

    // While preparing, only those count that have rejoined: members of the last generation that are gone must not keep
    // others out. Ids that were handed out count against those who want another one.
    bool HasRoom(Group group, JoinGroupRequest request)
    {
        var memberId = request.MemberId;
        // A static member that comes back takes the place that it has.
        if (memberId.Length == 0 && request.GroupInstanceId is { } instance
            && group.StaticMembers.TryGetValue(instance, out var former)) memberId = former;
        switch (group.State)
        {
            case GroupState.PreparingRebalance:
                if (group.Members.TryGetValue(memberId, out var member) && member.ParkedJoin is not null) return true;
                var promised = memberId.Length == 0 ? group.PendingMembers.Count : 0;
                return group.CountJoining + promised < _options.MaxSize;
            case GroupState.CompletingRebalance:
            case GroupState.Stable:
                return group.Members.ContainsKey(memberId)
                    || group.PendingMembers.ContainsKey(memberId)
                    || group.Members.Count + group.PendingMembers.Count < _options.MaxSize;
            default:
                return group.PendingMembers.ContainsKey(memberId) || group.PendingMembers.Count < _options.MaxSize;
        }
    }

    void JoinWithoutId(
        Group group, JoinGroupRequest request, GroupCaller caller, ReplyTo<JoinGroupResponse> reply, Now now,
            CoordinatorStep step)
    {
        if (request.GroupInstanceId is { } instanceId)
        {
            var memberId = NewMemberId(instanceId);
            if (group.StaticMembers.TryGetValue(instanceId, out var old))
                ReplaceStaticMember(group, group.Members[old], request, caller, memberId, reply, now, step);
            else
                AddMember(group, request, caller, memberId, reply, now, step);
            return;
        }

        var newId = NewMemberId(caller.ClientId);
        if (caller.Version < 4)
        {
            AddMember(group, request, caller, newId, reply, now, step);
            return;
        }

        // KIP-394: only an id that the client has received joins, so that a client that gives up leaves no ghost
        // behind.
        group.PendingMembers.Add(newId, _timers.Schedule(now.TickMs + request.SessionTimeoutMs, (later, next) =>
        {
            if (group.PendingMembers.Remove(newId)) AfterPendingRemoval(group, later, next);
        }));
        step.Reply(reply, JoinError(newId, ErrorCode.MemberIdRequired));
    }

    void AddMember(
        Group group,
        JoinGroupRequest request,
        GroupCaller caller,
        string memberId,
        ReplyTo<JoinGroupResponse> reply,
        Now now,
        CoordinatorStep step)
    {
        var member = new GroupMember(memberId, request.GroupInstanceId, caller.ClientId, caller.ClientHost)
        {
            IsNew = true,
        };
        if (group.Members.Count == 0) group.ProtocolType = request.ProtocolType;
        group.Members.Add(memberId, member);
        if (member.InstanceId is not null) group.StaticMembers[member.InstanceId] = memberId;
        group.LeaderId ??= memberId;
        if (group.IsInitialDelay) group.NewMemberAdded = true;
        Park(group, member, request, reply, now, step);
        Advance(group, now, step);
    }

    void Rejoin(
        Group group,
        GroupMember member,
        JoinGroupRequest request,
        GroupCaller caller,
        ReplyTo<JoinGroupResponse> reply,
        Now now,
        CoordinatorStep step)
    {
        var unchanged = member.Matches(request.Protocols);
        switch (group.State)
        {
            // The answer was lost on the way: give it again.
            case GroupState.CompletingRebalance when unchanged:
                Touch(group, member, now);
                step.Reply(reply, Joined(group, member));
                return;

            // A follower that asks again learns where the group stands; a leader that joins again wants a new
            // assignment.
            case GroupState.Stable when unchanged && !group.IsLeader(member.MemberId):
                Touch(group, member, now);
                step.Reply(reply, Joined(group, member));
                return;

            case GroupState.Empty:
            case GroupState.Dead:
                step.Reply(reply, JoinError(request.MemberId, ErrorCode.UnknownMemberId));
                return;

            default:
                member.ClientId = caller.ClientId;
                member.ClientHost = caller.ClientHost;
                Park(group, member, request, reply, now, step);
                Advance(group, now, step);
                return;
        }
    }

    /// <summary>A restarted static member takes the place of its former self, which is fenced from now on
    /// (KIP-345).</summary>
    void ReplaceStaticMember(
        Group group,
        GroupMember old,
        JoinGroupRequest request,
        GroupCaller caller,
        string memberId,
        ReplyTo<JoinGroupResponse> reply,
        Now now,
        CoordinatorStep step)
    {
        var formerLeader = group.LeaderId;
        if (old.ParkedJoin is { } join) step.Reply(join, JoinError(old.MemberId, ErrorCode.FencedInstanceId));
        if (old.ParkedSync is { } sync) step.Reply(sync, SyncError(ErrorCode.FencedInstanceId));
        old.SessionTimer?.Cancel();

        var member = new GroupMember(memberId, old.InstanceId, caller.ClientId, caller.ClientHost)
        {
            Assignment = old.Assignment,
            HasSynced = old.HasSynced,
        };
        var place = group.Members.IndexOf(old.MemberId);
        group.Members.RemoveAt(place);
        group.Members.Insert(place, memberId, member);
        group.StaticMembers[old.InstanceId!] = memberId;
        if (group.IsLeader(old.MemberId)) group.LeaderId = memberId;
        member.RebalanceTimeoutMs = RebalanceTimeoutOf(request);
        member.SessionTimeoutMs = request.SessionTimeoutMs;
        member.SetProtocols(request.Protocols);
        Touch(group, member, now);

        if (group.State == GroupState.Stable && group.SelectProtocol() == group.ProtocolName)
        {
            // No rebalance: the assignment stays. Below version 9 a leader that comes back must be told that somebody
            // else leads, or it would compute an assignment of members it does not see (KIP-814).
            var isLeader = group.IsLeader(memberId);
            var skip = caller.Version >= 9 && isLeader;
            var response = Joined(group, member);
            response.SkipAssignment = skip;
            response.Leader = caller.Version >= 9 ? group.LeaderId! : formerLeader ?? "";
            if (!skip) response.Members.Clear();
            step.Records.Add(GroupRecord(group, now, static m => m.Assignment));
            step.Reply(reply, response);
            return;
        }

        member.ParkedJoin = reply;
        Advance(group, now, step);
    }

    void Park(
        Group group, GroupMember member, JoinGroupRequest request, ReplyTo<JoinGroupResponse> reply, Now now,
            CoordinatorStep step)
    {
        // The client gave up on its earlier call, but on a shared connection it may still look for the answer.
        if (member.ParkedJoin is { } earlier)
            step.Reply(earlier, JoinError(member.MemberId, ErrorCode.RebalanceInProgress));
        member.ParkedJoin = reply;
        member.RebalanceTimeoutMs = RebalanceTimeoutOf(request);
        member.SessionTimeoutMs = request.SessionTimeoutMs;
        member.SetProtocols(request.Protocols);
        Touch(group, member, now);
    }

    // Version 0 has no rebalance timeout of its own.
    static int RebalanceTimeoutOf(JoinGroupRequest request) =>
        request.RebalanceTimeoutMs < 0 ? request.SessionTimeoutMs : request.RebalanceTimeoutMs;

    static JoinGroupResponse Joined(Group group, GroupMember member)
    {
        var response = new JoinGroupResponse
        {
            GenerationId = group.Generation,
            ProtocolType = group.ProtocolType,
            ProtocolName = group.ProtocolName,
            Leader = group.LeaderId ?? "",
            MemberId = member.MemberId,
        };
        if (!group.IsLeader(member.MemberId)) return response;
        foreach (var other in group.Members.Values)
        {
            response.Members.Add(new JoinGroupResponse.JoinGroupResponseMember
            {
                MemberId = other.MemberId,
                GroupInstanceId = other.InstanceId,
                Metadata = other.MetadataOf(group.ProtocolName) ?? [],
            });
        }

        return response;
    }
}
