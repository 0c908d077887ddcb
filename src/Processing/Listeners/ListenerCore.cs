using System.Diagnostics;
using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>The synchronous heart of a listener: leases, lanes, trackers, parked lanes, limits and commits. It takes
/// inputs with the time and says what to do; it never waits, never runs a handler and never calls the port. The loop
/// calls everything but <see cref="TryBegin"/> and <see cref="End"/>, which are the pumps' and safe from any
/// thread.</summary>
/// <remarks>
/// This file: life of leases and the pumps' half. ListenerCore.Intake: taking records in, limits.
/// ListenerCore.Returns: what pumps give back. ListenerCore.Commits: commits. ListenerCore.Drain: revocation and
/// shutdown.
/// </remarks>
sealed partial class ListenerCore
{
    readonly ListenerPlan _plan;
    readonly IListenerEvents _events;
    readonly ulong _seed;
    readonly Dictionary<TopicPartition, Lease> _leases = [];
    readonly List<Lease> _order = [];                              // the same leases, for turns

    /// <summary>Dead leases that have records out there, by partition: a key of theirs may still run.</summary>
    readonly Dictionary<TopicPartition, List<Lease>> _ghosts = [];
    readonly List<Lane> _scratch = [];
    readonly Decisions _decisions = new();
    readonly Returns _returns = new();
    int _epoch;

    /// <param name="plan">Order, concurrency and limits.</param>
    /// <param name="events">Who is told.</param>
    /// <param name="seed">Seeds the hash of keys.</param>
    public ListenerCore(ListenerPlan plan, IListenerEvents events, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(events);
        plan.Validate();
        _plan = plan;
        _events = events;
        _seed = seed;
        _status = new ListenerStatus { Name = plan.Name };
    }

    /// <summary>Wakes the loop. Set before the first pump starts.</summary>
    public Action Wake { get; set; } = static () => { };

    public ReadyQueue Ready { get; } = new();

    /// <summary>The leases that are not dead. Loop only.</summary>
    public IReadOnlyCollection<Lease> Leases => _order;

    /// <summary>Partitions came. A partition that is held already starts anew.</summary>
    public void OnAssigned(IReadOnlyList<AssignedPartition> assigned, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(assigned);
        foreach (var partition in assigned)
        {
            if (_leases.TryGetValue(partition.Partition, out var held))
            {
                Drop(held);
            }

            if (!_isStopping)
            {
                Start(partition);
            }
        }

        _nextStatusMs = nowMs;
    }

    /// <summary>Partitions are gone: what is in flight is garbage, nothing is committed.</summary>
    public void OnLost(IReadOnlyList<TopicPartition> partitions, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        foreach (var partition in partitions)
        {
            if (_leases.TryGetValue(partition, out var lease))
            {
                Drop(lease);
            }
        }

        _nextStatusMs = nowMs;
    }

    /// <summary>A partition cannot be read any further: what was received of it goes on and is committed, nothing else
    /// is read until it is assigned anew.</summary>
    public void OnUnreadable(UnreadableBytes unreadable)
    {
        ArgumentNullException.ThrowIfNull(unreadable);
        if (!_leases.TryGetValue(unreadable.Partition, out var lease) || lease.StoppedBy is not null)
        {
            return;                            // gone, or stopped before it came to that
        }

        lease.StoppedAt = unreadable.Offset;
        lease.StoppedBy = unreadable.Error;
        _nextStatusMs = long.MinValue;
        _events.PartitionUnreadable(unreadable);
    }

    /// <summary>The loop broke: everything is lost.</summary>
    public void Abort()
    {
        while (_order.Count > 0)
        {
            Drop(_order[^1]);
        }

        _drain = null;
        _isStopping = true;
    }

    /// <summary>Everything due now: what came back, parked lanes, limits, drains, commits. The answer is valid until
    /// the next call.</summary>
    public Decisions Tick(long nowMs)
    {
        _decisions.Clear();
        TakeReturns(nowMs);
        while (_parked.TryTakeDue(nowMs, out var lane))
        {
            Ready.Add(lane);
        }

        TakeIn(nowMs);
        DecidePauses();
        ContinueDrain(nowMs);
        CommitDirty(nowMs);
        SetWakeDepth();
        PublishStatus(nowMs);
        return _decisions;
    }

    /// <summary>When <see cref="Tick"/> has something to do though nothing happens.</summary>
    public long NextDueMs(long nowMs)
    {
        var due = Math.Min(_parked.NextDueMs, DrainDueMs());
        var isBusy = _outstanding > 0;
        foreach (var lease in _order)
        {
            isBusy |= lease.IsDirty;
            if (lease.Inbox.Count > 0 && lease.State == LeaseState.Active)
            {
                // Limits are looked at again even if a wake was spent on another partition.
                due = Math.Min(due, nowMs + 50);
            }
        }

        return isBusy && _drain is null ? Math.Min(due, Math.Max(_nextCommitMs, nowMs)) : due;
    }

    /// <summary>Pump: starts the head of a lane. Null when the lease has ended; the lane goes back to the
    /// loop.</summary>
    public Delivery? TryBegin(Lane lane)
    {
        ArgumentNullException.ThrowIfNull(lane);
        Invariants.Check(lane.State == LaneState.Ready, "I4", "A lane was taken by two holders.");
        var head = lane.Head;
        if (!lane.Lease.TryEnter())
        {
            lane.State = LaneState.Discarding;
            head.Return = ReturnKind.Discarded;
            _returns.Push(head);
            Wake();
            return null;
        }

        Invariants.Check(head.Offset >= lane.LastStarted, "I5", "A record of a key started after a later one.");
        lane.LastStarted = head.Offset;
        lane.State = LaneState.Running;
        Interlocked.Increment(ref _inFlight);
        return head;
    }

    /// <summary>Pump: the run of a record is over. The record belongs to the loop afterwards.</summary>
    public void End(Delivery delivery, Outcome outcome)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        var lane = delivery.Lane;
        var lease = delivery.Lease;
        Invariants.Check(lane.State == LaneState.Running, "I3", "A record ended that was not running.");
        Interlocked.Decrement(ref _inFlight);
        delivery.Outcome = outcome;
        bool isUrgent;
        if (outcome.IsFinal)
        {
            _events.RecordCompleted(delivery, outcome.Kind);
            delivery.Return = ReturnKind.Completed;

            // Done before the lane goes on: a later record of the key may never be committed without it.
            lease.Tracker.Complete(delivery);
            if (lane.RemoveHead())
            {
                Ready.AddFromPump(lane);
            }

            isUrgent = _returns.Push(delivery) >= Volatile.Read(ref _wakeDepth);
        }
        else
        {
            isUrgent = true;
            lane.State = LaneState.Parked;
            if (outcome.Kind == OutcomeKind.StopPartition)
            {
                lease.CloseGate();
                delivery.Return = ReturnKind.Stopped;
            }
            else
            {
                if (outcome.Kind == OutcomeKind.Retry)
                {
                    _events.RecordRetried(delivery, outcome.Delay, outcome.Error);
                }

                delivery.Return = ReturnKind.Parked;
            }

            _returns.Push(delivery);
        }

        if (lease.Exit() || isUrgent)
        {
            Wake();
        }
    }

    void Start(AssignedPartition assigned)
    {
        OffsetMap? map = null;
        if (!string.IsNullOrEmpty(assigned.Metadata)
            && !OffsetMap.TryDecode(assigned.Metadata, assigned.CommittedOffset, out map, out var reason))
        {
            _events.MetadataIgnored(assigned.Partition, reason);
        }

        var tracker = new Tracker(_plan.RingCapacity, _plan.MaxStragglers, assigned.CommittedOffset);
        var lease = new Lease(assigned, ++_epoch, tracker) { Resume = map };
        _leases.Add(lease.Partition, lease);
        _order.Add(lease);
        _events.Assigned(lease.Partition, assigned.CommittedOffset, (int)Math.Min(map?.DoneCount ?? 0, int.MaxValue));
    }

    /// <summary>Ends a lease without a commit.</summary>
    void Drop(Lease lease)
    {
        lease.CloseGate();
        var abandoned = lease.InFlight;
        Bury(lease);
        _events.Lost(lease.Partition, abandoned);
    }

    /// <summary>Nothing starts any more; what did not start is given up. What runs goes on.</summary>
    void Close(Lease lease)
    {
        lease.CloseGate();
        DropInbox(lease);
        _scratch.Clear();
        for (var i = 0; i < _parked.Count; i++)
        {
            if (ReferenceEquals(_parked[i].Lease, lease))
            {
                _scratch.Add(_parked[i]);
            }
        }

        foreach (var lane in _scratch)
        {
            _parked.Remove(lane);
            Discard(lane);
        }

        _scratch.Clear();
        lease.Lanes.CopyTo(_scratch);
        foreach (var lane in _scratch)
        {
            if (lane.State == LaneState.Blocked)
            {
                Unblock(lane);
                Discard(lane);
            }
        }

        _scratch.Clear();
    }

    /// <summary>The lease is over. Records that are still out come back as garbage; until then their keys stay
    /// taken.</summary>
    void Bury(Lease lease)
    {
        Close(lease);
        lease.State = LeaseState.Dead;
        lease.Cancel();
        _leases.Remove(lease.Partition);
        _order.Remove(lease);
        _drain?.Leases.Remove(lease);
        if (lease.Outstanding > 0)
        {
            if (!_ghosts.TryGetValue(lease.Partition, out var ghosts))
            {
                _ghosts.Add(lease.Partition, ghosts = []);
            }

            ghosts.Add(lease);
        }
    }

    /// <summary>The last record of a dead lease came back.</summary>
    void Forget(Lease lease)
    {
        Debug.Assert(lease.State == LeaseState.Dead, "Only a dead lease is forgotten.");
        if (_ghosts.TryGetValue(lease.Partition, out var ghosts) && ghosts.Remove(lease) && ghosts.Count == 0)
        {
            _ghosts.Remove(lease.Partition);
        }
    }

    /// <summary>The lane of an earlier lease whose handler may still run for this key.</summary>
    Lane? FindGhost(TopicPartition partition, ReadOnlySpan<byte> key, ulong hash)
    {
        if (_ghosts.Count == 0 || !_ghosts.TryGetValue(partition, out var ghosts))
        {
            return null;
        }

        foreach (var ghost in ghosts)
        {
            if (ghost.Lanes.Find(key, hash) is { } lane)
            {
                return lane;
            }
        }

        return null;
    }

    /// <summary>Takes a blocked lane off the lane it waits for.</summary>
    void Unblock(Lane lane)
    {
        if (FindGhost(lane.Lease.Partition, lane.Key, lane.Hash) is { } ghost && ReferenceEquals(ghost.Waiter, lane))
        {
            ghost.Waiter = null;
        }
    }
}
