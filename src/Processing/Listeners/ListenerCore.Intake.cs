namespace Millrace.Processing.Listeners;

/// <summary>Taking records in, and the limits: high mark stops, low mark goes on.</summary>
sealed partial class ListenerCore
{
    /// <summary>A partition's turn: long enough to be cheap, short enough that others are not kept waiting.</summary>
    const int TurnLength = 64;

    readonly Stack<Delivery> _freeDeliveries = new();
    readonly Stack<Lane> _freeLanes = new();
    int _outstanding;
    long _outstandingBytes;
    bool _isFull;                              // a limit of the whole listener was hit
    int _turn;                                 // whose turn it is first
    int _wakeDepth = int.MaxValue;             // pumps wake the loop when that much came back

    /// <summary>Batches from the port. The core owns them from here on.</summary>
    public void OnPolled(IReadOnlyList<PolledBatch> batches, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(batches);
        foreach (var batch in batches)
        {
            if (_leases.TryGetValue(batch.Partition, out var lease) && lease.State == LeaseState.Active)
            {
                lease.EndOffset = Math.Max(lease.EndOffset, batch.EndOffset);
                CheckResume(lease, batch.EndOffset);
                lease.Inbox.Enqueue(batch);
            }
            else
            {
                batch.Release();
            }
        }

        TakeIn(nowMs);
    }

    /// <summary>A map that reaches beyond the log's end is of another log (topic made anew, truncation): do not trust
    /// it.</summary>
    void CheckResume(Lease lease, long endOffset)
    {
        if (lease.Resume is { } map && endOffset >= 0 && map.End > endOffset)
        {
            lease.Resume = null;
            _events.MetadataIgnored(lease.Partition, "it reaches beyond the end of the partition");
        }
    }

    void TakeIn(long nowMs)
    {
        if (_isFull)
        {
            if (!IsBelowLowMark)
            {
                return;
            }

            _isFull = false;
        }

        var isProgress = true;
        while (isProgress && !_isFull)
        {
            isProgress = false;
            var count = _order.Count;
            for (var i = 0; i < count && !_isFull; i++)
            {
                var lease = _order[(_turn + i) % count];
                if (lease.Inbox.Count > 0 && lease.IsTaking && HasRoom(lease))
                {
                    isProgress |= TakeTurn(lease, nowMs);
                }
            }

            _turn = _order.Count == 0 ? 0 : (_turn + 1) % _order.Count;
        }
    }

    bool HasRoom(Lease lease)
    {
        if (lease.IsRefused)
        {
            return false;                      // until something comes back
        }

        if (lease.IsFull && lease.Outstanding <= LowMarkOfPartition)
        {
            lease.IsFull = false;
        }

        return !lease.IsFull;
    }

    /// <summary>Takes records of one partition in until its turn is over, nothing is left, or a limit is hit. True when
    /// more could follow.</summary>
    bool TakeTurn(Lease lease, long nowMs)
    {
        for (var i = 0; i < TurnLength; i++)
        {
            if (lease.Held is null)
            {
                if (!lease.Inbox.TryPeek(out var batch))
                {
                    return false;
                }

                var delivery = _freeDeliveries.TryPop(out var pooled) ? pooled : new Delivery();
                if (!batch.TryReadNext(delivery))
                {
                    Free(delivery);
                    EndBatch(lease, batch);
                    continue;
                }

                delivery.Batch = batch;
                delivery.Lease = lease;
                lease.Held = delivery;
            }

            if (!TryTake(lease, lease.Held, nowMs))
            {
                return lease.State == LeaseState.Dead;     // started anew: its successor has the rest
            }
        }

        return true;
    }

    void EndBatch(Lease lease, PolledBatch batch)
    {
        lease.Inbox.Dequeue();
        lease.Tracker.SkipTo(batch.NextOffset);
        DropResumeWhenPassed(lease);
        if (batch.Readers == 0)
        {
            batch.Release();
        }
        else
        {
            batch.IsRead = true;
        }
    }

    /// <summary>The record in hand: refused by a limit (it stays in hand), known to be done, or on its way to a
    /// lane.</summary>
    bool TryTake(Lease lease, Delivery delivery, long nowMs)
    {
        if (delivery.Offset < lease.Tracker.Next)
        {
            StartAnew(lease, delivery.Offset);
            return false;
        }

        if (delivery.Offset >= lease.Resume?.End)
        {
            lease.Resume = null;               // compaction took the rest of the range
        }

        if (lease.Resume is { } map && map.IsDone(delivery.Offset))
        {
            if (!lease.Tracker.TryReceiveDone(delivery.Offset))
            {
                lease.IsRefused = true;
                return false;
            }

            lease.Held = null;
            _knownDone++;
            _events.KnownDone(lease.Partition, delivery.Offset);
            Free(delivery);
            DropResumeWhenPassed(lease);
            return true;
        }

        if (_outstanding >= _plan.MaxOutstandingRecords || _outstandingBytes >= _plan.MaxOutstandingBytes)
        {
            _isFull = true;
            return false;
        }

        if (lease.Outstanding >= _plan.MaxOutstandingPerPartition)
        {
            lease.IsFull = true;
            return false;
        }

        if (!FitsMap(lease, delivery.Offset) || !lease.Tracker.TryReceive(delivery))
        {
            lease.IsRefused = true;
            return false;
        }

        lease.Held = null;
        DropResumeWhenPassed(lease);
        delivery.ReceivedAtMs = nowMs;
        delivery.Batch!.Readers++;
        lease.Outstanding++;
        _outstanding++;
        _outstandingBytes += delivery.Size;
        Enqueue(lease, delivery);
        return true;
    }

    /// <summary>Would the map still fit its limit if this record were the only one done? What is taken in later was
    /// checked against everything taken in before, so the map always fits and no record is ever blocked after the
    /// fact.</summary>
    bool FitsMap(Lease lease, long offset)
    {
        if (lease.Resume is not null)
        {
            return true;                       // within a map that fitted: nothing new has to be told
        }

        var tracker = lease.Tracker;
        var span = offset - tracker.CommitOffset() + 1;
        if (lease.HasNoMap || _plan.MaxMetadataChars == 0)
        {
            return tracker.Unfinished == 0 || span <= _plan.MaxReplayRange;
        }

        return OffsetMap.Fits(tracker.Unfinished + 1, span, _plan.MaxMetadataChars);
    }

    void Enqueue(Lease lease, Delivery delivery)
    {
        Lane? lane = null;
        var key = ReadOnlySpan<byte>.Empty;
        var hash = 0UL;
        var isKeyed = _plan.Order == RecordOrder.ByPartition
            || (_plan.Order == RecordOrder.ByKey && !delivery.IsKeyNull);
        if (isKeyed)
        {
            if (_plan.Order == RecordOrder.ByKey)
            {
                key = delivery.Key.Span;
                hash = KeyHash.Of(key, _seed);
            }

            lane = lease.Lanes.Find(key, hash);
        }

        if (lane is null)
        {
            lane = _freeLanes.TryPop(out var pooled) ? pooled : new Lane();
            lane.Open(lease, key, hash);
            if (isKeyed)
            {
                lease.Lanes.Add(lane);
                if (FindGhost(lease.Partition, key, hash) is { } ghost)
                {
                    Invariants.Check(ghost.Waiter is null, "I4", "Two lanes wait for the same handler.");
                    ghost.Waiter = lane;
                    lane.State = LaneState.Blocked;
                    delivery.Lane = lane;
                    lane.Add(delivery);
                    return;
                }
            }
        }

        delivery.Lane = lane;
        if (lane.ParkedIndex >= 0)
        {
            CopyOut(delivery);
        }

        if (lane.Add(delivery))
        {
            Ready.Add(lane);
        }
    }

    /// <summary>The log went back (truncation after an unclean election): the records are new ones under old offsets,
    /// so the old lease's knowledge is void.</summary>
    void StartAnew(Lease lease, long offset)
    {
        var held = lease.Held!;
        var inbox = lease.Inbox.ToArray();
        var pausedAtPort = lease.IsPausedAtPort;
        var end = lease.EndOffset;
        lease.Held = null;
        lease.Inbox.Clear();
        Drop(lease);
        Start(new(lease.Partition, offset, null, lease.FencingEpoch));
        var fresh = _order[^1];
        held.Lease = fresh;
        fresh.Held = held;
        fresh.IsPausedAtPort = pausedAtPort;
        fresh.EndOffset = end;
        foreach (var batch in inbox)
        {
            fresh.Inbox.Enqueue(batch);
        }
    }

    static void DropResumeWhenPassed(Lease lease)
    {
        if (lease.Resume is { } map && lease.Tracker.Next >= map.End)
        {
            lease.Resume = null;
        }
    }

    void DropInbox(Lease lease)
    {
        if (lease.Held is { } held)
        {
            lease.Held = null;
            Free(held);
        }

        while (lease.Inbox.TryDequeue(out var batch))
        {
            batch.IsRead = true;
            if (batch.Readers == 0)
            {
                batch.Release();
            }
        }
    }

    void DecidePauses()
    {
        foreach (var lease in _order)
        {
            if (lease.State == LeaseState.Draining)
            {
                continue;
            }

            var wanted = lease.StoppedBy is not null || lease.Inbox.Count > 0;
            if (wanted == lease.IsPausedAtPort)
            {
                continue;
            }

            lease.IsPausedAtPort = wanted;
            if (wanted)
            {
                _decisions.Pauses.Add(lease.Partition);
                _events.Paused(lease.Partition);
            }
            else
            {
                _decisions.Resumes.Add(lease.Partition);
                _events.Resumed(lease.Partition);
            }
        }
    }

    /// <summary>How much has to come back before the loop has reason to wake: enough for the nearest low mark when
    /// something is held back, else much, only to give memory back.</summary>
    void SetWakeDepth()
    {
        var depth = 1024;
        var isHeldBack = _isFull;
        foreach (var lease in _order)
        {
            if (lease.Inbox.Count > 0 && lease.State == LeaseState.Active)
            {
                isHeldBack = true;
                if (lease.IsFull)
                {
                    depth = Math.Min(depth, lease.Outstanding - (int)LowMarkOfPartition);
                }

                if (lease.IsRefused)
                {
                    depth = Math.Min(depth, 16);
                }
            }
        }

        if (_isFull)
        {
            depth = Math.Min(depth, _outstandingBytes >= _plan.LowMark * _plan.MaxOutstandingBytes
                ? 16 : _outstanding - (int)(_plan.LowMark * _plan.MaxOutstandingRecords));
        }

        Volatile.Write(ref _wakeDepth, isHeldBack ? Math.Max(1, Math.Min(depth, _outstanding)) : depth);
    }
}
