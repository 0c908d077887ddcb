using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Groups;

// What the answers do.
sealed partial class GroupMemberCore
{
    IReadOnlyList<MemberSubscription> _members = [];
    Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    PartitionAssignor? _assignor;
    bool _isLeader;
    bool _skipAssignment;

    /// <summary>The topics of the whole group if this member leads it: a change of their partition counts
    /// (<see cref="OnPartitionCounts"/>) starts a rebalance. Empty otherwise.</summary>
    public IReadOnlyCollection<string> WatchedTopics { get; private set; } = [];

    /// <summary>The coordinator was found, or the answer was an error.</summary>
    public void OnCoordinator(GroupRequest request, ErrorCode code, long now)
    {
        if (request != _finding)
            return;
        _finding = null;
        switch (code)
        {
            case ErrorCode.None:
                _coordinatorKnown = true;
                _failures = 0;
                break;
            case ErrorCode.GroupAuthorizationFailed or ErrorCode.InvalidGroupId:
                Fail(code, $"Cannot find the coordinator of group '{settings.GroupId}'");
                break;
            default:
                BackOff(now);
                break;
        }
    }

    /// <summary>The connection failed, or no answer came in time.</summary>
    public void OnFailed(GroupRequest request, long now)
    {
        if (request == _finding)
        {
            _finding = null;
            BackOff(now);
            return;
        }
        if (request == _heartbeat)
        {
            _heartbeat = null;
            _nextHeartbeat = now;
        }
        else if (request == _pending)
        {
            _pending = null;
            if (_phase == Phase.Leaving)
            {
                _phase = Phase.Ended;
                return;
            }
            if (request is GroupRequest.Join or GroupRequest.Sync && !_contactLost)
            {
                // While it held the request the coordinator was there: the session counts from now, but only once.
                _lastContact = now;
                _contactLost = true;
            }
            Rejoin(now);
        }
        else
        {
            return;
        }
        if (request is not GroupRequest.CountPartitions)
            _coordinatorKnown = false;
        BackOff(now);
    }

    /// <summary>JoinGroup answered.</summary>
    public void OnJoin(GroupRequest.Join request, JoinGroupResponse response, long now)
    {
        if (request != _pending)
            return;
        _pending = null;
        if (response.ErrorCode == ErrorCode.MemberIdRequired)
        {
            Contact(now);
            MemberId = response.MemberId;
            _phase = Phase.Rejoin;
            return;
        }
        if (response.ErrorCode != ErrorCode.None)
        {
            OnExchangeError("JoinGroup", response.ErrorCode, now);
            return;
        }
        Contact(now);
        MemberId = response.MemberId;
        Generation = response.GenerationId;
        _heartbeat = null;
        _nextHeartbeat = now + settings.HeartbeatIntervalMs;
        _assignor = settings.Assignors.FirstOrDefault(a => a.Name == response.ProtocolName);
        _isLeader = response.Leader == response.MemberId;
        _skipAssignment = response.SkipAssignment;
        WatchedTopics = [];
        if (!_isLeader)
        {
            Sync([]);
            return;
        }
        if (_assignor is null)
        {
            Fail(ErrorCode.InconsistentGroupProtocol,
                $"Group '{settings.GroupId}' chose the assignor '{response.ProtocolName}', which this member "
                    + "did not offer");
            return;
        }
        if (ReadMembers(response) is { } problem)
        {
            Fail(ErrorCode.InconsistentGroupProtocol, problem);
            return;
        }
        WatchedTopics = new SortedSet<string>(_members.SelectMany(m => m.Topics), StringComparer.Ordinal);
        _phase = Phase.Counting;
        _next = new GroupRequest.CountPartitions(WatchedTopics);
    }

    /// <summary>The leader's partition counts: it assigns.</summary>
    public void OnPartitionCounts(GroupRequest.CountPartitions request, IReadOnlyDictionary<string, int> counts)
    {
        if (request != _pending)
            return;
        _pending = null;
        _counts = counts.Where(c => WatchedTopics.Contains(c.Key)).ToDictionary(StringComparer.Ordinal);
        Sync(_skipAssignment ? [] : _assignor!.Assign(_members, _counts));
    }

    /// <summary>What the cluster's metadata says now of <see cref="WatchedTopics"/>. If it differs from what was
    /// assigned, topics grew, came or went, and the group assigns anew.</summary>
    public void OnWatchedCounts(IReadOnlyDictionary<string, int> counts, long now)
    {
        if (_phase != Phase.Stable || WatchedTopics.Count == 0)
            return;
        foreach (var topic in WatchedTopics)
        {
            if (counts.GetValueOrDefault(topic, -1) != _counts.GetValueOrDefault(topic, -1))
            {
                Rejoin(now);
                return;
            }
        }
    }

    /// <summary>SyncGroup answered.</summary>
    public void OnSync(GroupRequest.Sync request, SyncGroupResponse response, long now)
    {
        if (request != _pending)
            return;
        _pending = null;
        if (response.ErrorCode != ErrorCode.None)
        {
            OnExchangeError("SyncGroup", response.ErrorCode, now);
            return;
        }
        Contact(now);
        List<TopicPartition> assigned;
        try
        {
            assigned = ConsumerProtocol.DecodeAssignment(response.Assignment);
        }
        catch (WireFormatException e)
        {
            Fail(ErrorCode.InconsistentGroupProtocol,
                $"The leader of group '{settings.GroupId}' sent an assignment that cannot be read: {e.Message}");
            return;
        }
        _phase = Phase.Stable;
        _nextHeartbeat = now + settings.HeartbeatIntervalMs;
        Settle(assigned, now);
    }

    void Settle(List<TopicPartition> assigned, long now)
    {
        var target = new HashSet<TopicPartition>(assigned);
        var added = TopicPartitions.Sorted(target.Where(tp => !_owned.Contains(tp)));
        // A second revocation cannot be pending here: JoinGroup waited for the first.
        StartRevocation(_owned.Where(tp => !target.Contains(tp)), now);
        _owned.UnionWith(added);
        if (added.Count > 0)
            _events.Enqueue(new GroupEvent(GroupEventKind.Assigned, added));
        if (!_joinedSinceSubscribe)
            Rejoin(now);
    }

    /// <summary>Heartbeat answered.</summary>
    public void OnHeartbeat(GroupRequest.Heartbeat request, ErrorCode code, long now)
    {
        if (request != _heartbeat)
            return;
        _heartbeat = null;
        _nextHeartbeat = now + settings.HeartbeatIntervalMs;
        switch (code)
        {
            case ErrorCode.None:
                Contact(now);
                break;
            case ErrorCode.RebalanceInProgress:
                Contact(now);
                if (_phase == Phase.Stable)
                    Rejoin(now);
                break;
            default:
                OnMemberError("Heartbeat", code, now);
                break;
        }
    }

    /// <summary>LeaveGroup answered, with whatever.</summary>
    public void OnLeave(GroupRequest.Leave request)
    {
        if (request == _pending)
        {
            _pending = null;
            _phase = Phase.Ended;
        }
    }

    /// <summary>A commit was refused. What that says of the membership counts only if it was sent by today's.</summary>
    /// <returns>The code for the caller: <see cref="ErrorCode.RebalanceInProgress"/> if trying again may
    /// help.</returns>
    public ErrorCode OnCommitRefused(string memberId, int generation, ErrorCode code, long now)
    {
        var current = memberId == MemberId && generation == Generation;
        switch (code)
        {
            case ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId when !current:
                return Generation >= 0 ? ErrorCode.RebalanceInProgress : code;
            case ErrorCode.IllegalGeneration when _phase is Phase.Joining:
                // The join that is under way was completed by the others; its answer is on the way.
                return ErrorCode.RebalanceInProgress;
            case ErrorCode.IllegalGeneration or ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId:
                OnMemberError("OffsetCommit", code, now);
                return code;
            case ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable:
                if (current)
                    _coordinatorKnown = false;
                return code;
            case ErrorCode.RebalanceInProgress:
                if (_phase == Phase.Stable && current)
                    Rejoin(now);
                return code;
            default:
                return code;
        }
    }

    // Of JoinGroup and SyncGroup.
    void OnExchangeError(string what, ErrorCode code, long now)
    {
        if (code is ErrorCode.RebalanceInProgress or ErrorCode.CoordinatorLoadInProgress)
        {
            Contact(now);
            Rejoin(now);
            // Another round has begun: join it at once. A coordinator that loads wants a moment.
            if (code == ErrorCode.CoordinatorLoadInProgress)
                BackOff(now);
            return;
        }
        _phase = Phase.Rejoin;
        OnMemberError(what, code, now);
    }

    void OnMemberError(string what, ErrorCode code, long now)
    {
        if (_phase is Phase.Leaving or Phase.Ended)
            return;
        switch (code)
        {
            case ErrorCode.CoordinatorLoadInProgress:
                Contact(now);
                break;
            case ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable:
                _coordinatorKnown = false;
                _nextHeartbeat = now;
                if (_phase == Phase.Rejoin)
                    Rejoin(now);
                BackOff(now);
                break;
            case ErrorCode.UnknownMemberId:
                Contact(now);
                LoseMembership(keepMemberId: false, now);
                break;
            case ErrorCode.IllegalGeneration:
                Contact(now);
                LoseMembership(keepMemberId: true, now);
                break;
            case ErrorCode.FencedInstanceId:
                Fail(code, $"Another member of group '{settings.GroupId}' took over the instance id "
                    + $"'{settings.InstanceId}'; give every member its own");
                break;
            default:
                if (ErrorCodes.IsRetriable(code))
                {
                    BackOff(now);
                    break;
                }
                Fail(code, $"{what} of group '{settings.GroupId}' failed{Hint(code)}");
                break;
        }
    }

    string Hint(ErrorCode code) => code switch
    {
        ErrorCode.InvalidSessionTimeout => $": the broker's bounds (group.min/max.session.timeout.ms) do not allow a "
            + $"session timeout of {settings.SessionTimeoutMs} ms",
        ErrorCode.InconsistentGroupProtocol => ": the other members use none of the assignors "
            + string.Join(", ", settings.Assignors),
        _ => "",
    };

    void Contact(long now)
    {
        _lastContact = now;
        _contactLost = false;
        _failures = 0;
    }

    void BackOff(long now)
    {
        var pause = Math.Min((long)settings.RetryBackoffMs << Math.Min(_failures, 10), settings.MaxRetryBackoffMs);
        _failures++;
        _notBefore = now + pause;
    }

    string? ReadMembers(JoinGroupResponse response)
    {
        var members = new List<MemberSubscription>(response.Members.Count);
        foreach (var member in response.Members)
        {
            try
            {
                members.Add(ConsumerProtocol.DecodeSubscription(member.MemberId, member.GroupInstanceId,
                    member.Metadata));
            }
            catch (WireFormatException e)
            {
                return $"Member '{member.MemberId}' of group '{settings.GroupId}' sent a subscription that "
                    + $"cannot be read: "
                    + e.Message;
            }
        }
        _members = members;
        return null;
    }

    void Sync(Dictionary<string, List<TopicPartition>> assignments)
    {
        _phase = Phase.Syncing;
        var message = new SyncGroupRequest
        {
            GroupId = settings.GroupId,
            GenerationId = Generation,
            MemberId = MemberId,
            GroupInstanceId = settings.InstanceId,
            ProtocolType = ConsumerProtocol.Type,
            ProtocolName = _assignor?.Name,
        };
        foreach (var (member, partitions) in assignments)
            message.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
            {
                MemberId = member,
                Assignment = ConsumerProtocol.EncodeAssignment(partitions),
            });
        _next = new GroupRequest.Sync(message, settings.RebalanceTimeoutMs + settings.JoinMarginMs);
    }
}
