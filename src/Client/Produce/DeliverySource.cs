using System.Threading.Tasks.Sources;

namespace Millrace.Client.Produce;

/// <summary>What an awaited send waits on; pooled, so that awaiting a record allocates nothing. The continuation runs
/// as a work item
/// of its own: the connection's reader must not run user code, and one caller that blocks must not hold up the
/// others.</summary>
sealed class DeliverySource(DeliverySourcePool pool) : IValueTaskSource<RecordMetadata>, IThreadPoolWorkItem
{
    ManualResetValueTaskSourceCore<RecordMetadata> _core;
    RecordMetadata _result;
    Exception? _error;

    /// <summary>The next one in the pool.</summary>
    public DeliverySource? Next { get; set; }

    public ValueTask<RecordMetadata> Task => new(this, _core.Version);

    public void Complete(in RecordMetadata result)
    {
        _result = result;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    public void Fail(Exception error)
    {
        _error = error;
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    void IThreadPoolWorkItem.Execute()
    {
        if (_error is { } error)
        {
            _core.SetException(error);
        }
        else
        {
            _core.SetResult(_result);
        }
    }

    RecordMetadata IValueTaskSource<RecordMetadata>.GetResult(short token)
    {
        // A wrong token means a task awaited twice: the core throws, and the source stays with its rightful owner.
        if (token != _core.Version)
        {
            return _core.GetResult(token);
        }
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            _result = default;
            _error = null;
            pool.Return(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource<RecordMetadata>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<RecordMetadata>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}

/// <summary>Sources for reuse.</summary>
sealed class DeliverySourcePool
{
    // More sends than this are seldom awaited at a time; what comes back above it is left to the garbage collector.
    const int Limit = 16 * 1024;

    readonly Lock _gate = new();
    DeliverySource? _first;   // guarded by _gate
    int _count;               // guarded by _gate

    public DeliverySource Rent()
    {
        lock (_gate)
        {
            if (_first is { } source)
            {
                _first = source.Next;
                source.Next = null;
                _count--;
                return source;
            }
        }
        return new DeliverySource(this);
    }

    public void Return(DeliverySource source)
    {
        lock (_gate)
        {
            if (_count < Limit)
            {
                source.Next = _first;
                _first = source;
                _count++;
            }
        }
    }
}
