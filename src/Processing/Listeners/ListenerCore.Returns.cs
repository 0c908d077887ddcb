namespace Millrace.Processing.Listeners;

/// <summary>What the pumps give back: counting, freeing, parking, stopping.</summary>
sealed partial class ListenerCore
{
    /// <summary>How long an abandoned run waits when its lease turns out to be active: no hot loop.</summary>
    const int AbandonedDelayMs = 100;

    readonly ParkedLanes _parked = new();
    int _inFlight;

    void TakeReturns(long nowMs)
    {
        var delivery = _returns.TakeAll();
        while (delivery is not null)
        {
            var next = delivery.NextReturned;
            TakeReturn(delivery, nowMs);
            delivery = next;
        }

        CheckBudgets();
    }

    void TakeReturn(Delivery delivery, long nowMs)
    {
        var lane = delivery.Lane;
        var lease = delivery.Lease;
        lease.IsRefused = false;
        switch (delivery.Return)
        {
            case ReturnKind.Completed:
                Count(delivery.Outcome.Kind);
                lease.Tracker.Retire(delivery);
                lane.Forget(delivery);
                GiveBack(delivery);
                if (lane.IsInUse && lane.Count == 0)
                {
                    Release(lane);
                }

                break;

            case ReturnKind.Parked when lease.State == LeaseState.Active:
                var isRetry = delivery.Outcome.Kind == OutcomeKind.Retry;
                if (isRetry)
                {
                    _retried++;
                    delivery.Attempt++;
                }

                var delay = isRetry ? (long)Math.Ceiling(delivery.Outcome.Delay.TotalMilliseconds) : AbandonedDelayMs;
                delivery.Outcome = default;
                _parked.Add(lane, nowMs + delay);
                CopyOut(lane);
                break;

            case ReturnKind.Stopped when lease.State == LeaseState.Active:
                Stop(lease, delivery);
                Discard(lane);
                break;

            default:
                Discard(lane);
                break;
        }
    }

    /// <summary>A record that waits long must not keep the whole fetch answer in memory that it came in: a thousand
    /// parked keys would keep a thousand answers. By partition the records that wait are most of their
    /// batches.</summary>
    void CopyOut(Lane lane)
    {
        var left = _plan.Order == RecordOrder.ByPartition ? 0 : lane.Count;
        for (var record = lane.Head; left > 0; left--, record = record.NextInLane!)
        {
            CopyOut(record);
        }
    }

    void CopyOut(Delivery delivery)
    {
        if (_plan.Order != RecordOrder.ByPartition && delivery.Batch is { } batch)
        {
            delivery.CopyOut();
            Leave(batch);
        }
    }

    static void Leave(PolledBatch batch)
    {
        if (--batch.Readers == 0 && batch.IsRead)
        {
            batch.Release();
        }
    }

    void Stop(Lease lease, Delivery delivery)
    {
        lease.State = LeaseState.Stopped;
        lease.StoppedAt = delivery.Offset;
        lease.StoppedBy = delivery.Outcome.Error;
        DropInbox(lease);
        _nextStatusMs = long.MinValue;
        _events.PartitionStopped(lease.Partition, delivery.Offset, delivery.Outcome.Error!);
    }

    void Count(OutcomeKind kind)
    {
        switch (kind)
        {
            case OutcomeKind.DeadLettered:
                _deadLettered++;
                break;
            case OutcomeKind.Skipped:
                _skipped++;
                break;
            default:
                _handled++;
                break;
        }
    }

    /// <summary>Empties a lane that the loop holds. Its records were not completed and will not be, on this
    /// lease.</summary>
    void Discard(Lane lane)
    {
        lane.State = LaneState.Discarding;
        var isMore = true;
        while (isMore)
        {
            var head = lane.Head;
            isMore = lane.RemoveHead();
            lane.Forget(head);
            GiveBack(head);
        }

        Release(lane);
    }

    /// <summary>An empty lane goes back to the pool, and whoever waits for its key goes on.</summary>
    void Release(Lane lane)
    {
        if (lane.IsKeyed)
        {
            lane.Lease.Lanes.Remove(lane);
        }

        var waiter = lane.Waiter;
        lane.Close();
        _freeLanes.Push(lane);
        if (waiter is not null)
        {
            Invariants.Check(waiter.State == LaneState.Blocked, "I4", "A lane ran beside the one that it waits for.");
            Ready.Add(waiter);
        }
    }

    /// <summary>The record's memory and budgets are free again.</summary>
    void GiveBack(Delivery delivery)
    {
        var lease = delivery.Lease;
        _outstanding--;
        _outstandingBytes -= delivery.Size;
        if (delivery.Batch is { } batch)
        {
            Leave(batch);
        }

        if (--lease.Outstanding == 0 && lease.State == LeaseState.Dead)
        {
            Forget(lease);
        }

        Free(delivery);
    }

    void Free(Delivery delivery)
    {
        delivery.Clear();
        if (_freeDeliveries.Count < _plan.MaxOutstandingRecords)
        {
            _freeDeliveries.Push(delivery);
        }
    }

    void CheckBudgets()
    {
        Invariants.Check(_outstanding >= 0 && _outstandingBytes >= 0, "I15", "A budget went below zero.");
        Invariants.Check(_outstanding > 0 || _outstandingBytes == 0, "I15", "Bytes are outstanding without records.");
    }
}
