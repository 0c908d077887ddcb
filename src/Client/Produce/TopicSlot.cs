using Millrace.Client.Metadata;
using Millrace.Protocol;

namespace Millrace.Client.Produce;

/// <summary>One topic of a producer: its partitions, the partition that records without a key stick to, and the
/// records that wait
/// until the partitions are known.</summary>
sealed class TopicSlot(string name, ProducerRules rules)
{
    readonly Lock _gate = new();
    readonly Queue<PendingRecord> _pending = new();      // guarded by _gate
    PartitionBuffer[] _partitions = [];                  // replaced as a whole, under _gate
    volatile bool _isOpen;                               // written under _gate
    int _sticky = -1;
    long _waitingSinceMs;                                // guarded by _gate

    public string Name { get; } = name;

    /// <summary>The topic's id, empty if the cluster has none.</summary>
    public Guid Id { get; private set; }

    /// <summary>All partitions; none while the topic is not known.</summary>
    public PartitionBuffer[] Partitions => Volatile.Read(ref _partitions);

    /// <summary>The partitions are known, and nothing waits for them any more: a record may be appended at once.
    /// Until then it
    /// must queue, or it would overtake those that wait.</summary>
    public bool IsOpen => _isOpen;

    /// <summary>Records wait for the topic to be known.</summary>
    public bool HasPending
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count > 0;
            }
        }
    }

    /// <summary>Keeps a record until the partitions are known, or passes it on if they are.</summary>
    public void Enqueue(PendingRecord record, Admission admission)
    {
        lock (_gate)
        {
            if (!_isOpen)
            {
                _waitingSinceMs = _pending.Count == 0 ? rules.Runtime.NowMs() : _waitingSinceMs;
                _pending.Enqueue(record);
                return;
            }
        }
        admission.Enqueue(record);
    }

    /// <summary>The partition for a record. <paramref name="isSticky"/> tells that neither the caller nor a key
    /// decided.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The record names a partition that the topic does not
    /// have.</exception>
    public PartitionBuffer Choose(in ProducerRecord record, out bool isSticky)
    {
        var partitions = Partitions;
        isSticky = false;
        if (record.Partition is { } given)
        {
            return (uint)given < (uint)partitions.Length ? partitions[given] : throw new ArgumentOutOfRangeException(
                nameof(record), given,
                    $"The topic '{Name}' has {partitions.Length} partitions, 0 to {partitions.Length - 1}.");
        }
        if (record.HasKey)
        {
            var chosen = rules.Options.KeyPartitioner is { } partitioner
                ? partitioner(Name, record.KeySpan, partitions.Length)
                : Partitioner.ForKey(record.KeySpan, partitions.Length);
            return (uint)chosen < (uint)partitions.Length ? partitions[chosen] : throw new InvalidOperationException(
                $"ProducerOptions.KeyPartitioner returned {chosen} for the topic '{Name}', "
                + $"which has {partitions.Length} partitions.");
        }
        isSticky = true;
        var sticky = Volatile.Read(ref _sticky);
        return (uint)sticky < (uint)partitions.Length ? partitions[sticky] : partitions[SwitchSticky(sticky)];
    }

    /// <summary>Records without a key go elsewhere from here on, unless somebody switched already.</summary>
    public int SwitchSticky(int from)
    {
        var next = Partitioner.NextSticky(Partitions, rules.Runtime.NextDouble());
        return Interlocked.CompareExchange(ref _sticky, next, from) is var seen && seen == from ? next
            : Math.Max(0, seen);
    }

    /// <summary>Takes over new metadata. Partitions never become fewer: a topic that was made again smaller fails at
    /// the broker.</summary>
    /// <param name="view">The topic in the new view.</param>
    /// <param name="senderOf">The sender for a leader's node id, null for none.</param>
    /// <param name="admission">Where the records go that waited.</param>
    public void Update(TopicView view, Func<int, BrokerSender?> senderOf, Admission admission)
    {
        if (!view.IsUsable)
        {
            return;
        }
        // All of it under the lock: the metadata loop and the threads that send to the topic for the first time come
        // here at once, and two buffers for a partition would number their batches alike.
        lock (_gate)
        {
            Id = view.Id;
            var old = Partitions;
            var next = old;
            if (view.Partitions.Count > old.Length)
            {
                next = new PartitionBuffer[view.Partitions.Count];
                old.CopyTo(next, 0);
                for (var i = old.Length; i < next.Length; i++)
                {
                    next[i] = new PartitionBuffer(Name, i, rules);
                }
            }
            foreach (var partition in view.Partitions)
            {
                var sender = senderOf(partition.Leader);
                if (next[partition.Index].MoveTo(sender))
                {
                    sender!.Wake();
                }
            }
            Volatile.Write(ref _partitions, next);
            while (_pending.TryDequeue(out var record))
            {
                admission.Enqueue(record);
            }
            _isOpen = true;   // last
        }
    }

    /// <summary>Rejects what waits for the topic, with the error that the view has for it: at once if it is forbidden
    /// or its name
    /// not valid, after <see cref="ProducerOptions.TopicTimeout"/> if it does not exist.</summary>
    public void RejectPending(ErrorCode error, string? connectionError, long nowMs)
    {
        lock (_gate)
        {
            if (_pending.Count == 0)
            {
                return;
            }
            var isFinal = error is ErrorCode.TopicAuthorizationFailed or ErrorCode.InvalidTopicException;
            var waitMs = error == ErrorCode.UnknownTopicOrPartition
                ? (long)rules.Options.TopicTimeout.TotalMilliseconds
                : rules.DeliveryTimeoutMs;
            if (!isFinal && nowMs - _waitingSinceMs < waitMs)
            {
                return;
            }
            var code = error == ErrorCode.None ? ErrorCode.RequestTimedOut : error;
            RejectAllPending(new ProduceException(code, Describe(code, connectionError)));
        }
    }

    /// <summary>Rejects everything that waits.</summary>
    public void RejectPending(Exception error)
    {
        lock (_gate)
        {
            RejectAllPending(error);
        }
    }

    /// <summary>Adds the waiting records' tasks.</summary>
    public void CollectPending(List<Task> tasks)
    {
        lock (_gate)
        {
            foreach (var record in _pending)
            {
                tasks.Add(record.Buffered);
            }
        }
    }

    void RejectAllPending(Exception error)
    {
        while (_pending.TryDequeue(out var record))
        {
            if (record.TryTake())
            {
                record.Reject(error);
            }
        }
    }

    string Describe(ErrorCode code, string? connectionError) => code switch
    {
        ErrorCode.UnknownTopicOrPartition =>
            $"the topic '{Name}' does not exist (waited {rules.Options.TopicTimeout.TotalSeconds:0.#} s). "
            + "Create it, for example with "
            + "Admin.CreateTopicsAsync, or set ClientOptions.AllowAutoTopicCreation.",
        ErrorCode.InvalidTopicException =>
            $"'{Name}' is not a valid topic name: up to 249 letters, digits, '.', '_' and '-'.",
        ErrorCode.TopicAuthorizationFailed => $"this client may not write to the topic '{Name}'.",
        _ => $"the topic '{Name}' could not be looked up within {rules.Options.DeliveryTimeout.TotalSeconds:0.#} s"
            + (connectionError is null ? "." : $": {connectionError}"),
    };
}
