namespace Millrace.Processing.Listeners;

/// <summary>What others may see of it, and the audit of the simulator.</summary>
sealed partial class ListenerCore
{
    ListenerStatus _status;
    long _nextStatusMs = long.MinValue;
    long _handled;
    long _retried;
    long _deadLettered;
    long _skipped;
    long _knownDone;

    /// <summary>The last snapshot; any thread.</summary>
    public ListenerStatus Status => Volatile.Read(ref _status);

    /// <summary>Makes the snapshot new at the next tick.</summary>
    public void RefreshStatus() => _nextStatusMs = long.MinValue;

    void PublishStatus(long nowMs)
    {
        if (nowMs < _nextStatusMs)
        {
            return;
        }

        _nextStatusMs = nowMs + (long)_plan.StatusInterval.TotalMilliseconds;
        var partitions = new PartitionStatus[_order.Count];
        var lag = 0L;
        var paused = 0;
        long? oldest = null;
        for (var i = 0; i < partitions.Length; i++)
        {
            var lease = _order[i];
            var known = lease.Committed >= 0 ? lease.Committed : lease.Tracker.Next;
            long? behind = lease.EndOffset < 0 || known < 0 ? null : Math.Max(0, lease.EndOffset - known);
            lag += behind ?? 0;
            paused += lease.IsPausedAtPort && lease.StoppedBy is null && lease.State == LeaseState.Active ? 1 : 0;
            if (lease.IsTaking && lease.Tracker.Oldest is { } record)
            {
                var age = nowMs - record.ReceivedAtMs;
                oldest = oldest is null ? age : Math.Max(oldest.Value, age);
            }

            partitions[i] = new PartitionStatus
            {
                Partition = lease.Partition,
                Committed = lease.Committed,
                Received = lease.Tracker.Next,
                EndOffset = lease.EndOffset,
                Incomplete = lease.Tracker.Unfinished,
                Lag = behind,
                IsPaused = lease.IsPausedAtPort,
                StoppedBy = lease.StoppedBy,
                StoppedAt = lease.StoppedAt,
            };
        }

        Volatile.Write(ref _status, new ListenerStatus
        {
            Name = _plan.Name,
            IsRunning = !_isStopped,
            InFlight = Volatile.Read(ref _inFlight),
            Outstanding = _outstanding,
            OutstandingBytes = _outstandingBytes,
            Parked = _parked.Count,
            Ready = Ready.Count,
            PausedPartitions = paused,
            Handled = _handled,
            Retried = _retried,
            DeadLettered = _deadLettered,
            Skipped = _skipped,
            RedeliveredKnownDone = _knownDone,
            CommitFailures = _commitFailures,
            OldestUnfinished = oldest is null ? null : TimeSpan.FromMilliseconds(oldest.Value),
            Lag = lag,
            Partitions = partitions,
        });
    }

    /// <summary>Adds everything up and compares (I7, I11, I15). For the simulator; between two inputs of the loop
    /// only.</summary>
    public void Audit()
    {
        var outstanding = 0;
        foreach (var lease in _order)
        {
            outstanding += lease.Outstanding;
            Invariants.Check(lease.Outstanding <= _plan.MaxOutstandingPerPartition, "I7",
                "A partition is over its limit.");
            Invariants.Check(lease.Tracker.StragglerCount <= _plan.MaxStragglers, "I7", "Too many stragglers.");
            Invariants.Check(lease.State == LeaseState.Active == lease.IsOpen || lease.State == LeaseState.Active, "I6",
                "The gate of a lease that ended is open.");
            var isHeldBack = lease.Inbox.Count > 0 && lease.IsTaking;
            Invariants.Check(
                !isHeldBack || lease.IsRefused || !IsBelowLowMark || lease.Outstanding > LowMarkOfPartition, "I11",
                "A partition is held back below the low mark.");
        }

        foreach (var ghosts in _ghosts.Values)
        {
            foreach (var ghost in ghosts)
            {
                outstanding += ghost.Outstanding;
                Invariants.Check(ghost.State == LeaseState.Dead && !ghost.IsOpen, "I6", "A dead lease is open.");
            }
        }

        Invariants.Check(outstanding == _outstanding, "I15", "The leases' records do not add up to the listener's.");
        Invariants.Check(_outstanding <= _plan.MaxOutstandingRecords, "I7", "Too many records are outstanding.");
        for (var i = 0; i < _parked.Count; i++)
        {
            Invariants.Check(_parked[i].State == LaneState.Parked && _parked[i].ParkedIndex == i, "I10",
                "A parked lane is somewhere else too.");
            Invariants.Check(_parked[i].Lease.State is LeaseState.Active or LeaseState.Stopped, "I15",
                "A lane of a lease that ended is parked.");
        }
    }

    bool IsBelowLowMark => _outstanding <= _plan.LowMark * _plan.MaxOutstandingRecords
        && _outstandingBytes <= _plan.LowMark * _plan.MaxOutstandingBytes;

    double LowMarkOfPartition => _plan.LowMark * _plan.MaxOutstandingPerPartition;

    /// <summary>The bytes of key, value and headers that are outstanding. Loop only.</summary>
    public long OutstandingBytes => _outstandingBytes;

    /// <summary>True when nothing is in flight anywhere.</summary>
    public bool IsQuiet => _outstanding == 0 && _outstandingBytes == 0 && Volatile.Read(ref _inFlight) == 0
        && _parked.Count == 0 && _ghosts.Count == 0 && Ready.Count == 0;
}
