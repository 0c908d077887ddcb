using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>Where a lease is in its life. Loop only.</summary>
enum LeaseState : byte
{
    /// <summary>Handlers may start.</summary>
    Active,

    /// <summary>A record without a policy stopped it: nothing starts, what is done is still committed.</summary>
    Stopped,

    /// <summary>Being handed over: nothing starts, what runs may finish and counts.</summary>
    Draining,

    /// <summary>Over: whatever still comes back is garbage.</summary>
    Dead,
}

/// <summary>One assignment of one partition. Everything in flight holds its lease by reference: nothing is looked up by
/// partition after dispatch, so a completion for a lease that ended touches garbage only.</summary>
#pragma warning disable CA1001 // The source has no timer and no wait handle: there is nothing to dispose of.
sealed class Lease
#pragma warning restore CA1001
{
    const int ClosedBit = 1 << 30;

    readonly CancellationTokenSource _cancellation = new();
    int _gate;                                 // running handlers, and the closed bit

    public Lease(AssignedPartition assigned, int epoch, Tracker tracker)
    {
        Partition = assigned.Partition;
        Epoch = epoch;
        FencingEpoch = assigned.Generation >= 0 ? assigned.Generation : epoch;
        Tracker = tracker;
        Committed = assigned.CommittedOffset;
        CommittedMetadata = assigned.Metadata ?? "";
    }

    public TopicPartition Partition { get; }

    /// <summary>This process's count of assignments: no two leases share one.</summary>
    public int Epoch { get; }

    /// <summary>The group's generation when known, else <see cref="Epoch"/>.</summary>
    public int FencingEpoch { get; }

    public Tracker Tracker { get; }

    /// <summary>Cancelled when the lease is lost, or when its drain time is over.</summary>
    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>How many handlers run. Any thread.</summary>
    public int InFlight => Volatile.Read(ref _gate) & (ClosedBit - 1);

    /// <summary>True while handlers may start. Any thread.</summary>
    public bool IsOpen => (Volatile.Read(ref _gate) & ClosedBit) == 0;

    // From here on: loop only.

    public LeaseState State { get; set; } = LeaseState.Active;

    /// <summary>True while records may be taken in. A pump that stops the partition closes the gate before the loop
    /// hears of it, and from then on others give back records that the tracker still counts as pending.</summary>
    public bool IsTaking => State == LeaseState.Active && IsOpen;

    public LaneTable Lanes { get; } = new();

    /// <summary>Batches that are received but not taken in yet, because a limit was hit.</summary>
    public Queue<PolledBatch> Inbox { get; } = new();

    /// <summary>The record that was read from the first batch of the inbox but found no room.</summary>
    public Delivery? Held { get; set; }

    /// <summary>What the previous owner had done, until that range is received.</summary>
    public OffsetMap? Resume { get; set; }

    /// <summary>Records taken in and not given back yet.</summary>
    public int Outstanding { get; set; }

    /// <summary>The limit of the partition was hit; taking in waits for the low mark.</summary>
    public bool IsFull { get; set; }

    /// <summary>The tracker (stragglers, map size) refused; taking in is tried again after something came
    /// back.</summary>
    public bool IsRefused { get; set; }

    public bool IsPausedAtPort { get; set; }

    public long EndOffset { get; set; } = -1;

    /// <summary>What the broker acknowledged last.</summary>
    public long Committed { get; set; }

    public string CommittedMetadata { get; set; }

    public long CommittedVersion { get; set; }

    /// <summary>The highest offset that was sent, acknowledged or not.</summary>
    public long HighestSent { get; set; } = -1;

    public bool IsCommitInFlight { get; set; }

    /// <summary>A commit failed since the last acknowledged one, and may have been applied all the same: what the
    /// broker holds is not known.</summary>
    public bool IsUncertain { get; set; }

    /// <summary>The broker takes no metadata of our size: commit without a map.</summary>
    public bool HasNoMap { get; set; }

    /// <summary>A failure without a policy (then the state says so too), or bytes that cannot be read.</summary>
    public Exception? StoppedBy { get; set; }

    public long StoppedAt { get; set; } = -1;

    public bool IsDirty => CommittedVersion != Tracker.Version;

    /// <summary>Pump: asks to run a handler. False when the lease is not active any more.</summary>
    public bool TryEnter()
    {
        if ((Interlocked.Increment(ref _gate) & ClosedBit) == 0)
        {
            return true;
        }

        Interlocked.Decrement(ref _gate);
        return false;
    }

    /// <summary>Pump: the handler has returned. True when it was the last one of a closed lease.</summary>
    public bool Exit() => Interlocked.Decrement(ref _gate) == ClosedBit;

    /// <summary>Closes the gate: no handler starts after this returns. Any thread.</summary>
    public void CloseGate() => Interlocked.Or(ref _gate, ClosedBit);

    /// <summary>Cancels the running handlers. Callbacks run on the thread pool, never on the loop.</summary>
    public void Cancel()
    {
        if (!_cancellation.IsCancellationRequested)
        {
            _ = _cancellation.CancelAsync();
        }
    }
}
