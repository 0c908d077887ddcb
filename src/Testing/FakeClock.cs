namespace Millrace.Testing;

/// <summary>A clock that stands still until a test moves it. Timers fire on the thread that calls <see
/// cref="Advance"/>, in the order of their times; timers of the same time in the order in which they were
/// set.</summary>
/// <remarks>Thread-safe. A timer's callback may read the clock, set timers and advance no further.</remarks>
public sealed class FakeClock : TimeProvider
{
    static readonly DateTimeOffset DefaultStart = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly Lock _lock = new();
    // Guarded by _lock; entries of timers that were changed or disposed since are skipped.
    readonly PriorityQueue<FakeTimer, (long Due, long Number)> _due = new();
    long _now;       // guarded by _lock; ticks since the start
    long _number;    // guarded by _lock

    /// <summary>Stands at the given time, or at the start of 2026.</summary>
    /// <param name="start">The first "now".</param>
    public FakeClock(DateTimeOffset? start = null) => Start = start ?? DefaultStart;

    /// <summary>What the clock showed when it was made.</summary>
    public DateTimeOffset Start { get; }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>Ticks of 100 ns.</summary>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>How many timers are set. A test that waits for code to go to sleep waits for this to grow.</summary>
    public int TimerCount
    {
        get
        {
            lock (_lock)
            {
                return _due.UnorderedItems.Count(item => item.Element.IsCurrent(item.Priority));
            }
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return Start.AddTicks(_now);
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _now;
        }
    }

    /// <summary>Moves the clock forward, step by step through every timer that comes due on the way.</summary>
    /// <param name="by">How far; 0 fires what is due now.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative: this clock never goes back.</exception>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        long end;
        lock (_lock)
        {
            end = checked(_now + by.Ticks);
        }

        while (TakeDue(end) is { } timer)
        {
            timer.Fire();
        }
    }

    /// <summary>Moves the clock to the next timer and fires it. False when none is set.</summary>
    public bool AdvanceToNextTimer()
    {
        TimeSpan by;
        lock (_lock)
        {
            DropStale();
            if (!_due.TryPeek(out _, out var next))
            {
                return false;
            }

            by = TimeSpan.FromTicks(Math.Max(0, next.Due - _now));
        }

        Advance(by);
        return true;
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>The next timer due until then, with the clock moved to its time; null (and the clock at the end) when
    /// none is.</summary>
    FakeTimer? TakeDue(long end)
    {
        lock (_lock)
        {
            DropStale();
            if (!_due.TryPeek(out var timer, out var next) || next.Due > end)
            {
                _now = Math.Max(_now, end);
                return null;
            }

            _due.Dequeue();
            _now = Math.Max(_now, next.Due);
            timer.Taken(_now);
            return timer;
        }
    }

    void DropStale()
    {
        while (_due.TryPeek(out var timer, out var next) && !timer.IsCurrent(next))
        {
            _due.Dequeue();
        }
    }

    sealed class FakeTimer(FakeClock clock, TimerCallback callback, object? state) : ITimer
    {
        TimeSpan _period = Timeout.InfiniteTimeSpan;    // guarded by the clock's lock
        (long Due, long Number)? _current;              // guarded by the clock's lock
        bool _isDisposed;                               // guarded by the clock's lock

        public bool IsCurrent((long Due, long Number) entry) => _current == entry;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                if (_isDisposed)
                {
                    return false;
                }

                _period = period > TimeSpan.Zero ? period : Timeout.InfiniteTimeSpan;
                Set(dueTime == Timeout.InfiniteTimeSpan ? null : clock._now + Math.Max(0, dueTime.Ticks));
            }

            return true;
        }

        public void Taken(long now) => Set(_period == Timeout.InfiniteTimeSpan ? null : now + _period.Ticks);

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._lock)
            {
                (_current, _isDisposed) = (null, true);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        void Set(long? due)
        {
            _current = due is { } at ? (at, clock._number++) : null;
            if (_current is { } entry)
            {
                clock._due.Enqueue(this, entry);
            }
        }
    }
}
