using System.Text;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Processing;

/// <summary>Records as the engine would hand them over.</summary>
static class TestRecords
{
    public static readonly DateTimeOffset Now = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);

    public static Delivery Record(
        string? value = "{}", string? key = "k", string topic = "orders", int partition = 3, long offset = 42,
        int attempt = 1, IReadOnlyList<RecordHeader>? headers = null) => new()
        {
            Lease = LeaseOf(new TopicPartition(topic, partition)),
            Offset = offset,
            TimestampMs = 1_700_000_000_123,
            Key = key is null ? default : Encoding.UTF8.GetBytes(key),
            IsKeyNull = key is null,
            Value = value is null ? default : Encoding.UTF8.GetBytes(value),
            IsValueNull = value is null,
            Headers = headers ?? [],
            Attempt = attempt,
        };

    public static Lease LeaseOf(TopicPartition partition) =>
        new(new AssignedPartition(partition, 0, null, 7), 1, new Tracker(64, 0, 0));

    public static RecordHeader Header(string name, string? value) =>
        new(name, value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value));

    public static string? Text(IReadOnlyList<RecordHeader> headers, string name)
    {
        var found = headers.Where(header => header.Key == name).ToList();
        Assert.True(found.Count <= 1, $"{name} is there {found.Count} times");
        return found is [{ Value: { } bytes }] ? Encoding.UTF8.GetString(bytes.Span) : null;
    }
}

/// <summary>A clock that stands still until it is told; timers fire when the time passes them.</summary>
sealed class StillClock(DateTimeOffset now) : TimeProvider
{
    readonly Lock _lock = new();
    readonly List<StillTimer> _timers = []; // guarded by _lock
    long _ticks; // since start

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => 1 + Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => now + TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public int Timers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count(timer => timer.Due >= 0);
            }
        }
    }

    public void Advance(TimeSpan time)
    {
        Interlocked.Add(ref _ticks, time.Ticks);
        List<StillTimer> due;
        lock (_lock)
        {
            due = [.. _timers.Where(timer => timer.Due >= 0 && timer.Due <= _ticks)];
        }

        foreach (var timer in due)
        {
            timer.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new StillTimer(this, callback, state);
        timer.Change(dueTime, period);
        lock (_lock)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    sealed class StillTimer(StillClock clock, TimerCallback callback, object? state) : ITimer
    {
        public long Due { get; private set; } = -1;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? -1 : Interlocked.Read(ref clock._ticks) + dueTime.Ticks;
            return true;
        }

        public void Fire()
        {
            Due = -1;
            callback(state);
        }

        public void Dispose() => Due = -1;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
