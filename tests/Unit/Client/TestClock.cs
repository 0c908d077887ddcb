namespace Millrace.Unit.Client;

/// <summary>A clock that moves only when told, with its timers.</summary>
sealed class TestClock : TimeProvider
{
    readonly Lock _gate = new();
    readonly List<Timer> _timers = [];
    long _nowMs;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Volatile.Read(ref _nowMs);

    public override DateTimeOffset GetUtcNow() =>
        DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, callback, state);
        lock (_gate)
        {
            _timers.Add(timer);
        }
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves on, firing timers at their times, in order.</summary>
    public void Advance(long milliseconds)
    {
        var end = GetTimestamp() + milliseconds;
        while (true)
        {
            Timer? next;
            lock (_gate)
            {
                next = _timers.Where(t => t.DueMs <= end).MinBy(static t => t.DueMs);
                Volatile.Write(ref _nowMs, next is null ? end : Math.Max(_nowMs, next.DueMs));
                next?.Reschedule();
            }
            if (next is null)
            {
                return;
            }
            next.Fire();
        }
    }

    sealed class Timer(TestClock clock, TimerCallback callback, object? state) : ITimer
    {
        long _periodMs = -1;

        public long DueMs { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                DueMs = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue
                    : clock._nowMs + (long)Math.Ceiling(dueTime.TotalMilliseconds);
                _periodMs = period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero ? -1
                    : (long)Math.Ceiling(period.TotalMilliseconds);
            }
            return true;
        }

        public void Reschedule() => DueMs = _periodMs < 0 ? long.MaxValue : DueMs + _periodMs;

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._gate)
            {
                DueMs = long.MaxValue;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
