namespace Millrace.Broker.Coordination;

/// <summary>One scheduled call of a state machine.</summary>
sealed class CoordinatorTimer(TimerQueue owner, long dueMs, Action<Now, CoordinatorStep> fire)
{
    Action<Now, CoordinatorStep>? _fire = fire;

    public long DueMs { get; } = dueMs;

    public bool IsPending => _fire is not null;

    public void Cancel()
    {
        if (_fire is null) return;
        _fire = null;
        owner.OnCancelled();
    }

    internal void Run(Now now, CoordinatorStep step)
    {
        var action = _fire;
        _fire = null;
        action?.Invoke(now, step);
    }
}

/// <summary>The timers of a state machine. They fire only inside <see cref="FireOne"/>, in order of due time and then
/// of scheduling, so that a test or a simulation decides when. Single-threaded.</summary>
sealed class TimerQueue
{
    // Cancelled timers stay in the heap until due; it is rebuilt when they are the majority of a heap above this size.
    const int RebuildAbove = 256;

    PriorityQueue<CoordinatorTimer, (long DueMs, long Order)> _heap = new();
    long _order;
    int _cancelled;

    /// <summary>When the next timer is due, in <see cref="Now.TickMs"/>; null if there is none.</summary>
    public long? NextDueMs
    {
        get
        {
            DropCancelled();
            return _heap.TryPeek(out var timer, out _) ? timer.DueMs : null;
        }
    }

    /// <summary>Pending and cancelled timers that are still held.</summary>
    public int Count => _heap.Count;

    public CoordinatorTimer Schedule(long dueMs, Action<Now, CoordinatorStep> fire)
    {
        var timer = new CoordinatorTimer(this, dueMs, fire);
        _heap.Enqueue(timer, (dueMs, _order++));
        return timer;
    }

    /// <summary>Runs the earliest timer if it is due. One at a time, so that the records of one are replayed before the
    /// next.</summary>
    public bool FireOne(Now now, CoordinatorStep step)
    {
        DropCancelled();
        if (!_heap.TryPeek(out var timer, out _) || timer.DueMs > now.TickMs) return false;
        _heap.Dequeue();
        timer.Run(now, step);
        return true;
    }

    internal void OnCancelled()
    {
        _cancelled++;
        if (_heap.Count <= RebuildAbove || _cancelled * 2 < _heap.Count) return;
        var kept = new PriorityQueue<CoordinatorTimer, (long, long)>();
        foreach (var (timer, order) in _heap.UnorderedItems)
        {
            if (timer.IsPending) kept.Enqueue(timer, order);
        }

        _heap = kept;
        _cancelled = 0;
    }

    void DropCancelled()
    {
        while (_heap.TryPeek(out var timer, out _) && !timer.IsPending)
        {
            _heap.Dequeue();
            _cancelled--;
        }
    }
}
