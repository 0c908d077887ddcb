using System.Diagnostics;
using System.Numerics;

namespace Millrace.Processing.Listeners;

/// <summary>Which received records of one lease are done. A ring bitmap indexed by arrival, not by offset, so that
/// compaction and transaction gaps cost nothing. <see cref="Complete"/> may be called by any thread and takes no lock;
/// everything else belongs to the loop.</summary>
/// <remarks>
/// A record that is stuck at the head while the ring is full leaves it as a straggler, so that the range behind it may
/// go on growing. Eviction and completion race for the record's state: exactly one compare-and-swap wins.
/// </remarks>
sealed class Tracker
{
    readonly long[] _offsets;
    readonly ulong[] _done;
    readonly Delivery?[] _records;

    /// <summary>By offset. The offset is kept beside the record, which is reused when its lease gives it up.</summary>
    readonly List<(long Offset, Delivery Record)> _stragglers = [];
    readonly int _mask;
    readonly int _maxStragglers;

    long _head;                                // the first sequence that is not done
    long _tail;                                // the next sequence
    long _highestDone = -1;                    // offset and sequence of the highest record known to be done
    long _highestDoneSequence = -1;

    /// <param name="capacity">Slots of the ring; a power of two of at least 64.</param>
    /// <param name="maxStragglers">How many stuck records may leave the ring.</param>
    /// <param name="startOffset">The committed offset, or -1 when the first record will tell.</param>
    public Tracker(int capacity, int maxStragglers, long startOffset)
    {
        Debug.Assert(capacity >= 64 && BitOperations.IsPow2(capacity), "The ring is a power of two.");
        _offsets = new long[capacity];
        _done = new ulong[capacity / 64];
        _records = new Delivery?[capacity];
        _mask = capacity - 1;
        _maxStragglers = maxStragglers;
        Next = startOffset;
    }

    /// <summary>The offset after the last received one; -1 when nothing is known.</summary>
    public long Next { get; private set; }

    /// <summary>Received and, as far as the loop knows, not done. Never too small.</summary>
    public int Unfinished { get; private set; }

    /// <summary>Counts every change that a commit would show.</summary>
    public long Version { get; private set; }

    public int StragglerCount => _stragglers.Count;

    /// <summary>The oldest record that is not done, or null. Valid while the lease is active.</summary>
    public Delivery? Oldest
    {
        get
        {
            Advance();
            return _stragglers.Count > 0 ? _stragglers[0].Record : _head < _tail ? _records[_head & _mask] : null;
        }
    }

    /// <summary>Takes a record in. False when ring and stragglers are full: the partition has to wait.</summary>
    public bool TryReceive(Delivery delivery)
    {
        if (!MakeRoom())
        {
            return false;
        }

        Invariants.Check(delivery.Offset >= Next, "I5", "A record arrived out of offset order.");
        var slot = (int)(_tail & _mask);
        _offsets[slot] = delivery.Offset;
        _records[slot] = delivery;
        delivery.Sequence = _tail++;
        delivery.TrackState = TrackState.Pending;
        Next = delivery.Offset + 1;
        Unfinished++;
        return true;
    }

    /// <summary>Takes in a record that is done already. False when there is no room.</summary>
    public bool TryReceiveDone(long offset)
    {
        Invariants.Check(offset >= Next, "I5", "A record arrived out of offset order.");
        Advance();
        if (_head < _tail)
        {
            if (!MakeRoom())
            {
                return false;
            }

            var slot = (int)(_tail & _mask);
            _offsets[slot] = offset;
            _records[slot] = null;
            Interlocked.Or(ref _done[slot >> 6], 1UL << (slot & 63));
            _highestDone = offset;
            _highestDoneSequence = _tail++;
        }
        else
        {
            _highestDone = offset;
            _highestDoneSequence = _tail - 1;
        }

        Next = offset + 1;
        Version++;
        return true;
    }

    /// <summary>Says that no record lies between the last received one and this offset.</summary>
    public void SkipTo(long offset)
    {
        if (offset > Next)
        {
            Next = offset;
            Version++;
        }
    }

    /// <summary>Marks a record done. Any thread, exactly once for each record.</summary>
    public void Complete(Delivery delivery)
    {
        var before = Interlocked.CompareExchange(ref delivery.TrackState, TrackState.Done, TrackState.Pending);
        if (before == TrackState.Pending)
        {
            var slot = (int)(delivery.Sequence & _mask);
            Interlocked.Or(ref _done[slot >> 6], 1UL << (slot & 63));
            return;
        }

        Invariants.Check(before == TrackState.Evicted, "I3", "A record was completed twice.");
        Volatile.Write(ref delivery.TrackState, TrackState.EvictedDone);
    }

    /// <summary>The loop's half of a completion: counts, and lets go of a straggler before the record is
    /// reused.</summary>
    public void Retire(Delivery delivery)
    {
        if (delivery.TrackState == TrackState.EvictedDone)
        {
            RemoveStraggler(delivery);
        }
        else
        {
            Debug.Assert(delivery.TrackState == TrackState.Done, "Only what is done is retired.");
        }

        Unfinished--;
        Version++;
        if (delivery.Offset > _highestDone)
        {
            _highestDone = delivery.Offset;
            _highestDoneSequence = delivery.Sequence;
        }
    }

    /// <summary>Everything below is done: the offset to commit. -1 when nothing is known yet.</summary>
    public long CommitOffset()
    {
        Advance();
        return _stragglers.Count > 0 ? _stragglers[0].Offset : _head < _tail ? _offsets[_head & _mask] : Next;
    }

    /// <summary>Collects what is not done, from the commit offset up to the highest done record.</summary>
    /// <param name="into">Gets the offsets, ascending.</param>
    /// <param name="all">Up to the last received record instead.</param>
    /// <returns>One more than the highest offset spoken of; not above the commit offset when a map would be
    /// empty.</returns>
    public long CollectIncomplete(List<long> into, bool all)
    {
        var lastOffset = all ? Next - 1 : _highestDone;
        var last = all ? _tail - 1 : _highestDoneSequence;
        foreach (var (offset, _) in _stragglers)
        {
            if (offset <= lastOffset)
            {
                into.Add(offset);
            }
        }

        for (var sequence = _head; sequence <= last;)
        {
            var slot = (int)(sequence & _mask);
            var pending = ~Volatile.Read(ref _done[slot >> 6]) >> (slot & 63);
            var step = BitOperations.TrailingZeroCount(pending);
            var left = 64 - (slot & 63);
            if (step >= left)
            {
                sequence += left;
                continue;
            }

            sequence += step;
            if (sequence > last)
            {
                break;
            }

            into.Add(_offsets[sequence & _mask]);
            sequence++;
        }

        return lastOffset + 1;
    }

    /// <summary>Moves the head over what is done; a word of the bitmap at a time.</summary>
    public void Advance()
    {
        while (_head < _tail)
        {
            var slot = (int)(_head & _mask);
            ref var word = ref _done[slot >> 6];
            var shift = slot & 63;
            var run = BitOperations.TrailingZeroCount(~(Volatile.Read(ref word) >> shift));
            run = (int)Math.Min(Math.Min(run, 64 - shift), _tail - _head);
            if (run == 0)
            {
                return;
            }

            // Others may be setting bits of the same word.
            Interlocked.And(ref word, ~((run == 64 ? ulong.MaxValue : (1UL << run) - 1) << shift));
            _head += run;
        }
    }

    void RemoveStraggler(Delivery delivery)
    {
        var index = _stragglers.Count - 1;
        while (!ReferenceEquals(_stragglers[index].Record, delivery))
        {
            index--;
        }

        _stragglers.RemoveAt(index);
    }

    bool MakeRoom()
    {
        if (_tail - _head <= _mask)
        {
            return true;
        }

        Advance();
        return _tail - _head <= _mask || EvictHead();
    }

    bool EvictHead()
    {
        if (_stragglers.Count >= _maxStragglers)
        {
            return false;
        }

        var slot = (int)(_head & _mask);
        var record = _records[slot]!;
        var before = Interlocked.CompareExchange(ref record.TrackState, TrackState.Evicted, TrackState.Pending);
        if (before == TrackState.Pending)
        {
            _stragglers.Add((_offsets[slot], record));
            _head++;
        }
        else
        {
            // The pump won: it sets the bit with its next instruction.
            var spinner = new SpinWait();
            while ((Volatile.Read(ref _done[slot >> 6]) & (1UL << (slot & 63))) == 0)
            {
                spinner.SpinOnce(-1);
            }
        }

        Advance();
        return true;
    }
}

/// <summary>Where a record is in its tracker.</summary>
static class TrackState
{
    public const int Pending = 0;
    public const int Done = 1;
    public const int Evicted = 2;
    public const int EvictedDone = 3;
}
