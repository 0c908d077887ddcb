using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Groups;

// The life of a member of a classic group (KIP-345 static members, KIP-394 member ids, KIP-429 cooperative
// rebalancing):
//
//   Idle ─Subscribe─► Rejoin ─JoinGroup─► Joining ─leader─► Counting ─► Syncing ─► Stable ─┐
//                       ▲                    └──────follower──────────────▲                │ heartbeat says 27,
//                       └─────────────────────────────────────────────────────────────────┘ revoked, topics grew
//
// The coordinator (known or not), the heartbeat and a pending revocation run beside these phases. JoinGroup waits for
// a pending revocation; heartbeats do not. Time is a monotonic number of milliseconds that only ever comes from the
// caller.

/// <summary>One member of a classic consumer group as a state machine: inputs are answers, user actions and the time;
/// outputs are requests (<see cref="NextRequest"/>) and events (<see cref="TryTakeEvent"/>). Not thread-safe: its
/// driver locks.</summary>
sealed partial class GroupMemberCore(GroupSettings settings)
{
    enum Phase
    {
        Idle,
        Rejoin,
        Joining,
        Counting,
        Syncing,
        Stable,
        Leaving,
        Ended,
    }

    readonly Queue<GroupEvent> _events = new();
    SortedSet<string> _topics = new(StringComparer.Ordinal);
    HashSet<TopicPartition> _owned = [];
    Phase _phase;
    bool _coordinatorKnown;
    GroupRequest? _finding;
    GroupRequest? _next;                // count or sync, not yet taken
    GroupRequest? _pending;             // join, count, sync or leave, taken and not answered
    GroupRequest.Heartbeat? _heartbeat;
    bool _joinedSinceSubscribe;
    long _notBefore;                    // back-off of everything but heartbeats
    int _failures;
    long _nextHeartbeat = long.MaxValue;
    long _lastContact;
    bool _contactLost;
    List<TopicPartition>? _revoking;
    int _revocationId;
    long _revocationDeadline;

    /// <summary>The id that the coordinator gave this member; empty before.</summary>
    public string MemberId { get; private set; } = "";

    /// <summary>The generation that commits belong to; -1 while not a member.</summary>
    public int Generation { get; private set; } = -1;

    /// <summary>True while the assignment is settled.</summary>
    public bool IsStable => _phase == Phase.Stable;

    /// <summary>True if a rebalance is under way, so that a commit that fails may succeed after it.</summary>
    public bool IsRebalancing => _phase is Phase.Rejoin or Phase.Joining or Phase.Counting or Phase.Syncing;

    /// <summary>True once it left or failed.</summary>
    public bool IsEnded => _phase == Phase.Ended;

    /// <summary>What it holds, partitions being revoked included.</summary>
    public IReadOnlyCollection<TopicPartition> Owned => _owned;

    /// <summary>The next moment at which <see cref="NextRequest"/> does something without another input.</summary>
    public long NextWake(long now)
    {
        if (_phase is Phase.Idle or Phase.Ended)
            return long.MaxValue;
        var wake = long.MaxValue;
        if (_revoking is not null)
            wake = _revocationDeadline;
        if (SessionRuns)
            wake = Math.Min(wake, _lastContact + settings.SessionTimeoutMs);
        if (_notBefore > now)
            wake = Math.Min(wake, _notBefore);
        if (_coordinatorKnown && _heartbeat is null && HeartbeatRuns)
            wake = Math.Min(wake, _nextHeartbeat);
        return wake;
    }

    /// <summary>Sets what to consume; joins, or joins again if that changed.</summary>
    public void Subscribe(IEnumerable<string> topics, long now)
    {
        var wanted = new SortedSet<string>(topics, StringComparer.Ordinal);
        if (_phase is Phase.Leaving or Phase.Ended || (_phase != Phase.Idle && wanted.SetEquals(_topics)))
            return;
        _topics = wanted;
        if (_phase == Phase.Idle)
            _lastContact = now;
        _joinedSinceSubscribe = false;
        // An exchange under way is finished first: its JoinGroup carried the old topics, so another follows.
        if (_phase is Phase.Idle or Phase.Stable or Phase.Rejoin)
            Rejoin(now);
    }

    /// <summary>The user is done with the partitions of that revocation. Late and repeated calls do nothing.</summary>
    public void AcknowledgeRevocation(int revocationId, long now)
    {
        if (_revoking is not null && revocationId == _revocationId)
            FinishRevocation(now);
    }

    /// <summary>Ends membership: tells the coordinator, unless the member is static, so that it comes back to the same
    /// partitions. The caller has drained and committed.</summary>
    public void Leave(long now)
    {
        if (_phase is Phase.Leaving or Phase.Ended)
            return;
        var tell = MemberId.Length > 0 && settings.InstanceId is null && _coordinatorKnown;
        _phase = tell ? Phase.Leaving : Phase.Ended;
        _owned.Clear();
        _revoking = null;
        _pending = null;
        _notBefore = now;
    }

    /// <summary>What to do now; null if nothing. Call until it says null, after every input.</summary>
    public GroupRequest? NextRequest(long now)
    {
        Expire(now);
        if (_phase is Phase.Idle or Phase.Ended)
            return null;
        if (!_coordinatorKnown)
        {
            if (_phase == Phase.Leaving)
                _phase = Phase.Ended;
            if (_finding is not null || now < _notBefore || _phase == Phase.Ended)
                return null;
            return _finding = new GroupRequest.FindCoordinator();
        }
        if (_heartbeat is null && HeartbeatRuns && now >= _nextHeartbeat)
            return _heartbeat = new GroupRequest.Heartbeat(new HeartbeatRequest
            {
                GroupId = settings.GroupId,
                GenerationId = Generation,
                MemberId = MemberId,
                GroupInstanceId = settings.InstanceId,
            });
        if (_pending is not null || now < _notBefore)
            return null;
        return _pending = _phase switch
        {
            Phase.Rejoin when _revoking is null => Join(),
            Phase.Counting or Phase.Syncing => TakeNext(),
            Phase.Leaving => new GroupRequest.Leave(MemberId),
            _ => null,
        };
    }

    /// <summary>Takes the oldest event.</summary>
    public bool TryTakeEvent(out GroupEvent groupEvent) => _events.TryDequeue(out groupEvent!);

    // The coordinator waits for a member whose JoinGroup or SyncGroup it holds: no session runs then.
    bool SessionRuns => Generation >= 0 && _phase is not (Phase.Leaving or Phase.Ended)
        && (_pending is not (GroupRequest.Join or GroupRequest.Sync) || _contactLost);

    bool HeartbeatRuns => Generation >= 0 && _phase is Phase.Rejoin or Phase.Counting or Phase.Stable
        && _pending is not (GroupRequest.Join or GroupRequest.Sync);

    void Expire(long now)
    {
        if (SessionRuns && now >= _lastContact + settings.SessionTimeoutMs)
        {
            _coordinatorKnown = false;
            LoseMembership(keepMemberId: true, now);
        }
        if (_revoking is { } late && now >= _revocationDeadline)
        {
            // The group does not wait longer either: these partitions may be somebody else's from now on.
            _events.Enqueue(new GroupEvent(GroupEventKind.Lost, late));
            FinishRevocation(now);
        }
    }

    GroupRequest? TakeNext()
    {
        var next = _next;
        _next = null;
        return next;
    }

    GroupRequest.Join Join()
    {
        _phase = Phase.Joining;
        _joinedSinceSubscribe = true;
        var message = new JoinGroupRequest
        {
            GroupId = settings.GroupId,
            SessionTimeoutMs = settings.SessionTimeoutMs,
            RebalanceTimeoutMs = settings.RebalanceTimeoutMs,
            MemberId = MemberId,
            GroupInstanceId = settings.InstanceId,
            ProtocolType = ConsumerProtocol.Type,
        };
        var owned = TopicPartitions.Sorted(_owned);
        foreach (var assignor in settings.Assignors)
            message.Protocols.Add(new JoinGroupRequest.JoinGroupRequestProtocol
            {
                Name = assignor.Name,
                Metadata = ConsumerProtocol.EncodeSubscription(_topics, assignor.UserData(Generation), owned,
                    Generation),
            });
        return new GroupRequest.Join(message, settings.RebalanceTimeoutMs + settings.JoinMarginMs);
    }

    /// <summary>Goes back to joining; first gives up what may not be kept meanwhile.</summary>
    void Rejoin(long now)
    {
        _phase = Phase.Rejoin;
        _pending = null;
        _next = null;
        if (_revoking is null)
            StartRevocation(settings.IsCooperative ? _owned.Where(tp => !_topics.Contains(tp.Topic)) : _owned, now);
    }

    void StartRevocation(IEnumerable<TopicPartition> partitions, long now)
    {
        var list = TopicPartitions.Sorted(partitions);
        if (list.Count == 0)
            return;
        _revoking = list;
        _revocationDeadline = now + settings.RebalanceTimeoutMs;
        _events.Enqueue(new GroupEvent(GroupEventKind.Revoking, list, ++_revocationId));
    }

    void FinishRevocation(long now)
    {
        _owned.ExceptWith(_revoking!);
        _revoking = null;
        if (_phase is Phase.Stable or Phase.Rejoin)
            Rejoin(now);
    }

    /// <summary>The coordinator forgot this member, or may have: nothing that it held is safe.</summary>
    void LoseMembership(bool keepMemberId, long now)
    {
        if (_owned.Count > 0)
            _events.Enqueue(new GroupEvent(GroupEventKind.Lost, TopicPartitions.Sorted(_owned)));
        _owned = [];
        _revoking = null;
        _heartbeat = null;
        Generation = -1;
        if (!keepMemberId)
            MemberId = "";
        Rejoin(now);
    }

    void Fail(ErrorCode code, string message)
    {
        if (_owned.Count > 0)
            _events.Enqueue(new GroupEvent(GroupEventKind.Lost, TopicPartitions.Sorted(_owned)));
        _owned = [];
        _revoking = null;
        _pending = null;
        _phase = Phase.Ended;
        Generation = -1;
        _events.Enqueue(new GroupEvent(GroupEventKind.Failed, [], Code: code, Message: message));
    }
}
