namespace Millrace.Client.Produce;

/// <summary>A record that waits for memory or for its topic's metadata.</summary>
sealed class PendingRecord(ProducerRecord record, long bytes, DeliverySource? source)
{
    readonly TaskCompletionSource _buffered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _isTaken;
    CancellationTokenRegistration _registration;

    public ProducerRecord Record { get; } = record;

    public long Bytes { get; } = bytes;

    /// <summary>Who waits for the acknowledgement, or null for an enqueued record.</summary>
    public DeliverySource? Source { get; } = source;

    /// <summary>Completes when the record is buffered.</summary>
    public Task Buffered => _buffered.Task;

    /// <summary>Lets a token end the waiting.</summary>
    public void CancelOn(CancellationToken cancellation) => _registration = cancellation.UnsafeRegister(
        static (state, token) =>
        {
            var self = (PendingRecord)state!;
            if (self.TryTake())
            {
                self.Reject(new OperationCanceledException(token));
            }
        }, this);

    /// <summary>Only one of buffering, failing and cancelling wins.</summary>
    public bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    public void Accept()
    {
        _registration.Unregister();
        _buffered.TrySetResult();
    }

    public void Reject(Exception error)
    {
        _registration.Unregister();
        Source?.Fail(error);
        if (error is OperationCanceledException canceled)
        {
            _buffered.TrySetCanceled(canceled.CancellationToken);
        }
        else
        {
            _buffered.TrySetException(error);
        }
        _ = _buffered.Task.Exception;   // for an awaited send nobody looks at this task
    }
}

/// <summary>
/// The producer's front door: how many bytes are buffered, and who waits for room. The fast path is one addition; as
/// soon as one
/// record waits, all later ones queue behind it, so nobody overtakes and nobody starves.
/// </summary>
/// <param name="limit">Bytes that may be buffered.</param>
/// <param name="append">Appends a record whose bytes are reserved.</param>
sealed class Admission(long limit, Action<PendingRecord> append)
{
    readonly Lock _gate = new();
    readonly Queue<PendingRecord> _queue = new();   // guarded by _gate
    long _used;
    int _waiting;

    /// <summary>Bytes buffered or in flight.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>Records that wait for room.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Reserves bytes; false if there is no room or others wait already.</summary>
    public bool TryReserve(long bytes) => Waiting == 0 && TryAdd(bytes);

    /// <summary>Queues a record behind the others. It is appended as soon as there is room, maybe before this
    /// returns.</summary>
    public void Enqueue(PendingRecord record)
    {
        lock (_gate)
        {
            Interlocked.Increment(ref _waiting);
            _queue.Enqueue(record);
        }
        Pump();
    }

    /// <summary>Gives bytes back and lets in who waits.</summary>
    public void Release(long bytes)
    {
        Interlocked.Add(ref _used, -bytes);
        if (Waiting > 0)
        {
            Pump();
        }
    }

    /// <summary>Gives bytes back while letting in: the one who waits next is looked at anyway.</summary>
    public void Forget(long bytes) => Interlocked.Add(ref _used, -bytes);

    /// <summary>Completes when everything that waits now is buffered or was rejected.</summary>
    public Task WhenPassedAsync()
    {
        List<Task> waiting = [];
        lock (_gate)
        {
            foreach (var record in _queue)
            {
                waiting.Add(record.Buffered);
            }
        }
        return SwallowAsync(waiting);
    }

    /// <summary>Rejects everything that waits.</summary>
    public void RejectAll(Exception error)
    {
        lock (_gate)
        {
            while (_queue.TryDequeue(out var record))
            {
                Interlocked.Decrement(ref _waiting);
                if (record.TryTake())
                {
                    record.Reject(error);
                }
            }
        }
    }

    internal static async Task SwallowAsync(IEnumerable<Task> tasks)
    {
        foreach (var task in tasks)
        {
            // Their callers see how they ended; here only that they did matters.
            await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    bool TryAdd(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= limit)
        {
            return true;
        }
        Interlocked.Add(ref _used, -bytes);
        return false;
    }

    void Pump()
    {
        lock (_gate)
        {
            while (_queue.TryPeek(out var record) && TryAdd(record.Bytes))
            {
                _queue.Dequeue();
                if (record.TryTake())
                {
                    append(record);
                }
                else
                {
                    Interlocked.Add(ref _used, -record.Bytes);   // cancelled meanwhile
                }
                // Last: the fast path may pass only when those before it are appended.
                Interlocked.Decrement(ref _waiting);
            }
        }
    }
}
