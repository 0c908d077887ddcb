namespace Millrace.Processing.Listeners;

/// <summary>Where a lane is. Written by whoever holds the lane.</summary>
enum LaneState : byte
{
    /// <summary>Empty, nobody holds it.</summary>
    Idle,

    /// <summary>In the ready queue.</summary>
    Ready,

    /// <summary>Held by a pump.</summary>
    Running,

    /// <summary>Held by the loop until its head is due again.</summary>
    Parked,

    /// <summary>Held by the loop until the handler of an earlier lease for the same key has returned.</summary>
    Blocked,

    /// <summary>Held by the loop, about to be emptied.</summary>
    Discarding,
}

/// <summary>The records of one key of one lease, first in first out: an actor's mailbox. The loop adds, whoever holds
/// the lane takes; at most one holder at any time, so that nothing of the key runs beside or overtakes its
/// head.</summary>
/// <remarks>
/// The hand-off is one interlocked count. The loop links a record behind the tail, then counts it in; the 0 → 1 change
/// makes the adder the holder, who puts the lane into the ready queue. The holder counts a finished record out; if
/// something is left, its link is visible by then and the lane goes on, else the lane is idle and nobody holds it.
/// </remarks>
sealed class Lane
{
    Delivery? _head;                           // holder only
    Delivery? _tail;                           // loop only
    int _count;

    /// <summary>The assignment. Set by the loop while nobody holds the lane.</summary>
    public Lease Lease { get; private set; } = null!;

    public LaneState State { get; set; }

    /// <summary>True while the loop has it in use (not in the pool). Loop only.</summary>
    public bool IsInUse { get; private set; }

    /// <summary>True when it stands in its lease's table. Loop only.</summary>
    public bool IsKeyed { get; set; }

    /// <summary>The key's bytes, copied: the batch they came in may be gone before the lane. Loop only.</summary>
    public ReadOnlySpan<byte> Key => _key.AsSpan(0, _keyLength);

    public ulong Hash { get; private set; }

    /// <summary>The chain of the table's bucket. Loop only.</summary>
    public Lane? NextInBucket { get; set; }

    /// <summary>The lane of a later lease that waits for this one to end. Loop only.</summary>
    public Lane? Waiter { get; set; }

    /// <summary>When the head is due, and its place among the parked lanes (-1: none). Loop only.</summary>
    public long DueAtMs { get; set; }

    public int ParkedIndex { get; set; } = -1;

    /// <summary>The offset that started last, for the check of order. Holder only.</summary>
    public long LastStarted { get; set; } = -1;

    /// <summary>How many records are in it, the running one included.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>The record to run. Holder only.</summary>
    public Delivery Head => _head!;

    byte[] _key = [];
    int _keyLength;

    /// <summary>Takes the lane from the pool into use.</summary>
    public void Open(Lease lease, ReadOnlySpan<byte> key, ulong hash)
    {
        Lease = lease;
        Hash = hash;
        if (_key.Length < key.Length)
        {
            _key = new byte[Math.Max(32, key.Length)];
        }

        key.CopyTo(_key);
        _keyLength = key.Length;
        State = LaneState.Idle;
        IsInUse = true;
        LastStarted = -1;
    }

    /// <summary>Gives it back to the pool.</summary>
    public void Close()
    {
        Invariants.Check(Count == 0 && ParkedIndex < 0, "I3", "A lane was put away with records in it.");
        IsInUse = false;
        _tail = null;
        _head = null;
        Waiter = null;
        NextInBucket = null;
        if (_key.Length > 4096)
        {
            _key = [];                         // one huge key must not stay for ever
        }
    }

    /// <summary>Loop: adds a record. True when the lane was idle: the loop holds it now.</summary>
    public bool Add(Delivery delivery)
    {
        if (_tail is not null)
        {
            _tail.NextInLane = delivery;
        }

        _tail = delivery;
        if (Interlocked.Increment(ref _count) != 1)
        {
            return false;
        }

        _head = delivery;
        return true;
    }

    /// <summary>Holder: takes the head out. True when more is left and the caller still holds the lane.</summary>
    public bool RemoveHead()
    {
        var head = _head!;

        // Before the count says that the lane is idle: from then on the loop may reuse it.
        State = LaneState.Idle;
        if (Interlocked.Decrement(ref _count) == 0)
        {
            return false;
        }

        _head = head.NextInLane;
        return true;
    }

    /// <summary>Loop: forgets the tail when it is this record, before the record is reused.</summary>
    public void Forget(Delivery delivery)
    {
        if (ReferenceEquals(_tail, delivery))
        {
            _tail = null;
        }
    }
}
