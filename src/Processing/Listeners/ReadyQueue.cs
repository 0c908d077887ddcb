using System.Collections.Concurrent;
using System.Threading.Tasks.Sources;

namespace Millrace.Processing.Listeners;

/// <summary>The lanes that have a record to run, first in first out, and the pumps that wait for one.</summary>
sealed class ReadyQueue
{
    readonly ConcurrentQueue<Lane> _lanes = new();
    readonly Lock _lock = new();
    readonly Stack<PumpSlot> _waiting = new();  // guarded by _lock
    int _waitingCount;
    bool _isClosed;

    /// <summary>How many lanes wait for a slot.</summary>
    public int Count => _lanes.Count;

    public bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>Adds a lane and wakes a pump for it.</summary>
    public void Add(Lane lane)
    {
        lane.State = LaneState.Ready;
        _lanes.Enqueue(lane);

        // Pairs with the fence in WaitAsync: either this sees the waiting pump, or the pump sees the lane.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waitingCount) > 0)
        {
            WakeOne();
        }
    }

    /// <summary>Adds a lane without waking anybody: the caller is a pump that takes a lane next.</summary>
    public void AddFromPump(Lane lane)
    {
        lane.State = LaneState.Ready;
        _lanes.Enqueue(lane);
    }

    public bool TryTake(out Lane lane) => _lanes.TryDequeue(out lane!);

    /// <summary>Waits until there may be a lane, or the end. Only the slot's own pump calls it.</summary>
    public ValueTask WaitAsync(PumpSlot slot)
    {
        var wait = slot.Arm();
        lock (_lock)
        {
            _waiting.Push(slot);
            Volatile.Write(ref _waitingCount, _waiting.Count);
        }

        Interlocked.MemoryBarrier();
        if (!_lanes.IsEmpty || IsClosed)
        {
            WakeOne();
        }

        return wait;
    }

    /// <summary>Ends the pumps once they have nothing to run.</summary>
    public void Close()
    {
        Volatile.Write(ref _isClosed, true);
        Interlocked.MemoryBarrier();
        while (Volatile.Read(ref _waitingCount) > 0)
        {
            WakeOne();
        }
    }

    void WakeOne()
    {
        PumpSlot? slot;
        lock (_lock)
        {
            _waiting.TryPop(out slot);
            Volatile.Write(ref _waitingCount, _waiting.Count);
        }

        slot?.Wake();
    }
}

/// <summary>The reusable wait of one pump.</summary>
sealed class PumpSlot : IValueTaskSource
{
    ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };

    public ValueTask Arm()
    {
        _core.Reset();
        return new ValueTask(this, _core.Version);
    }

    public void Wake() => _core.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
