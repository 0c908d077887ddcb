using Millrace.Protocol.Records;

namespace Millrace.Client.Produce;

/// <summary>What a sender knows when it asks a partition for a batch.</summary>
/// <param name="NowMs">The monotonic clock.</param>
/// <param name="InFlight">Requests that the sender has in flight.</param>
/// <param name="MaxBytes">Bytes left in the request that is being built; any batch fits an empty one.</param>
/// <param name="IsEmptyRequest">The request that is being built has no batch yet.</param>
/// <param name="IsHurried">A flush is waiting, or callers wait for memory: nothing lingers.</param>
/// <param name="Stamp">Names the request: a partition gives at most one batch to it.</param>
readonly record struct DrainContext(
    long NowMs, int InFlight, long MaxBytes, bool IsEmptyRequest, bool IsHurried, long Stamp);

/// <summary>What an append did.</summary>
[Flags]
enum Appended
{
    /// <summary>Nothing that anybody must hear of.</summary>
    Nothing = 0,

    /// <summary>The sender must look at the partition: it was empty, or a batch is full.</summary>
    Wake = 1,

    /// <summary>Enough bytes without a key went here; the next ones go elsewhere.</summary>
    SwitchSticky = 2,
}

/// <summary>
/// The records of one partition between <c>Send</c> and acknowledgement, and the rules of order, sequence numbers and
/// retries.
/// Moves from sender to sender when the leader does; the sequence stays with it. Synchronous: every method takes the
/// time
/// and returns what happened; one short lock guards all of it.
/// </summary>
/// <remarks>
/// <code>
///  append ─► open ─(full)─► waiting ─(sender asks)─► sent: [InFlight|Resend] … ─► done
///            └──────(due: late sealing)───────────►
/// </code>
/// Rules: (1) a new batch goes out only when no sent one has to be sent again; (2) one that has to be sent again goes
/// out only
/// when none behind it is in flight, so the order of sequences on the wire holds; (3) nothing goes to a new leader
/// while
/// something is in flight to the old one; (4) a numbered batch that failed leaves a gap that the broker would refuse to
/// jump: the partition drains, takes a new epoch and numbers what is left from 0; (5) but a batch that may have been
/// written
/// is sent again under its old number until the broker tells, because under a new one it could be written twice;
/// (6) no more than five batches are numbered from the oldest unresolved one on, however often that was sent: a broker
/// remembers five, and would call a written batch that fell out of its memory a gap instead of a duplicate.
/// </remarks>
sealed partial class PartitionBuffer(string topic, int index, ProducerRules rules)
{
    readonly Lock _gate = new();
    readonly Queue<ProduceBatch> _waiting = new();   // everything below: guarded by _gate
    readonly List<ProduceBatch> _sent = [];          // in the order of sequences
    ProduceBatch? _open;
    BrokerSender? _sender;
    BrokerSender? _inFlightWith;
    bool _isQueued;
    bool _needsEpoch;
    long _producerId = -1;
    short _producerEpoch = -1;
    int _nextSequence;
    long _nextOrdinal;
    int _stickyBytes;
    long _clockMs;
    long _unsentBytes;
    long _takenBy;

    public string Topic { get; } = topic;

    public int Index { get; } = index;

    /// <summary>The sender of the leader's broker, or null if there is no leader. Read without the lock only as a
    /// hint.</summary>
    public BrokerSender? Sender => Volatile.Read(ref _sender);

    /// <summary>Bytes appended and not yet sent; a hint for the partitioner.</summary>
    public long UnsentBytes => Volatile.Read(ref _unsentBytes);

    /// <summary>The stamp of the last request that asked this partition, so that none asks twice. The sender's
    /// own.</summary>
    public long LastAskedBy { get; set; }

    /// <summary>Appends a record, encoding it once and for all.</summary>
    /// <param name="record">The record.</param>
    /// <param name="reservedBytes">What was reserved for it; given back with the batch.</param>
    /// <param name="source">Who waits for it, or null.</param>
    /// <param name="isSticky">The partitioner chose the partition without a key.</param>
    public Appended Append(in ProducerRecord record, long reservedBytes, DeliverySource? source, bool isSticky)
    {
        var result = Appended.Nothing;
        lock (_gate)
        {
            var timestampMs = record.TimestampMs ?? CoarseClock();
            if (_open is null || !_open.TryAppend(record, timestampMs, reservedBytes, source))
            {
                result |= StartBatch();
                if (!_open!.TryAppend(record, timestampMs, reservedBytes, source))
                {
                    throw new InvalidOperationException("An empty batch takes any record.");
                }
            }
            _unsentBytes += reservedBytes;
            var size = _open.Builder.EstimatedSize;
            if (size >= rules.WorthSending(0) && size - reservedBytes < rules.WorthSending(0))
            {
                result |= Appended.Wake;   // an idle sender need not wait for linger any longer
            }
            if (isSticky && (_stickyBytes += (int)reservedBytes) >= rules.StickyBytes)
            {
                _stickyBytes = 0;
                result |= Appended.SwitchSticky;
            }
            if (_sender is not null && !_isQueued)
            {
                _isQueued = true;
                _sender.Arrive(this);
                result |= Appended.Wake;
            }
            else if (source is not null && _open.Count == 1)
            {
                result |= Appended.Wake;
            }
        }
        return result;
    }

    /// <summary>The partition's leader is at another broker, or nowhere (null). True if the new sender has to be
    /// woken.</summary>
    public bool MoveTo(BrokerSender? sender)
    {
        lock (_gate)
        {
            if (_sender == sender)
            {
                return false;
            }
            Volatile.Write(ref _sender, sender);
            _isQueued = sender is not null && HasWork;
            if (_isQueued)
            {
                sender!.Arrive(this);
            }
            return _isQueued;
        }
    }

    /// <summary>True when the sender may forget the partition: it is empty, or no longer his. Otherwise tells when to
    /// ask again if
    /// nothing was due a moment ago but a record came since.</summary>
    public bool TryLeave(BrokerSender sender, ref long askAgainMs)
    {
        lock (_gate)
        {
            if (_sender != sender)
            {
                return true;
            }
            if (HasWork)
            {
                askAgainMs = _open is { } open && _sent.Count == 0
                    ? Math.Min(askAgainMs, open.CreatedMs + rules.LingerMs) : askAgainMs;
                return false;
            }
            _isQueued = false;
            return true;
        }
    }

    /// <summary>Collects the unfinished batches, for a flush.</summary>
    public void CollectUnfinished(List<Task> tasks)
    {
        lock (_gate)
        {
            foreach (var batch in Unfinished())
            {
                tasks.Add(batch.WhenFinished());
            }
        }
    }

    /// <summary>Something is buffered or in flight.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate)
            {
                return HasWork;
            }
        }
    }

    bool HasWork => _open is not null || _waiting.Count > 0 || _sent.Count > 0;

    IEnumerable<ProduceBatch> Unfinished() => _open is null ? [.. _sent, .. _waiting] : [.. _sent, .. _waiting, _open];

    Appended StartBatch()
    {
        var result = Appended.Nothing;
        if (_open is { } full)
        {
            full.State = BatchState.Waiting;
            _waiting.Enqueue(full);
            result = Appended.Wake;
        }
        _open = rules.Batches.Rent();
        _open.Start(this, rules.Runtime.NowMs(), rules.DeliveryTimeoutMs);
        return result;
    }

    // A clock read costs as much as the append itself, so a batch that fills quickly shares one reading among 32
    // records.
    long CoarseClock()
    {
        if (_open is not { Count: >= 32 } open || open.Count % 32 == 0)
        {
            _clockMs = rules.Runtime.UnixMs();
        }
        return _clockMs;
    }

    static int NextSequence(int sequence, int count) => RecordBatchHeader.AddToSequence(sequence, count);
}
