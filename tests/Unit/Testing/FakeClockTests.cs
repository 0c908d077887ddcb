using Millrace.Testing;
using Xunit;

namespace Millrace.Unit.Testing;

public sealed class FakeClockTests
{
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    readonly FakeClock _clock = new();

    [Fact]
    public void It_stands_still_until_it_is_moved()
    {
        var before = _clock.GetUtcNow();
        var stamp = _clock.GetTimestamp();
        Assert.Equal(before, _clock.GetUtcNow());
        _clock.Advance(Second);
        Assert.Equal(before + Second, _clock.GetUtcNow());
        Assert.Equal(Second, _clock.GetElapsedTime(stamp));
    }

    [Fact]
    public void Timers_fire_in_the_order_of_their_times_and_see_their_own_time()
    {
        var fired = new List<(string Name, DateTimeOffset At)>();
        using var late = _clock.CreateTimer(
            _ => fired.Add(("late", _clock.GetUtcNow())), null, 3 * Second, Timeout.InfiniteTimeSpan);
        using var early = _clock.CreateTimer(
            _ => fired.Add(("early", _clock.GetUtcNow())), null, Second, Timeout.InfiniteTimeSpan);
        using var never = _clock.CreateTimer(
            _ => fired.Add(("never", default)), null, Timeout.InfiniteTimeSpan, Second);
        _clock.Advance(5 * Second);
        Assert.Equal([("early", _clock.Start + Second), ("late", _clock.Start + (3 * Second))], fired);
    }

    [Fact]
    public void A_periodic_timer_fires_once_for_each_period_passed()
    {
        var count = 0;
        using var timer = _clock.CreateTimer(_ => count++, null, Second, Second);
        _clock.Advance(3.5 * Second);
        Assert.Equal(3, count);
    }

    [Fact]
    public void A_changed_or_disposed_timer_does_not_fire_at_its_old_time()
    {
        var fired = new List<int>();
        var gone = _clock.CreateTimer(_ => fired.Add(1), null, Second, Second);
        using var moved = _clock.CreateTimer(_ => fired.Add(2), null, Second, Timeout.InfiniteTimeSpan);
        gone.Dispose();
        moved.Change(3 * Second, Timeout.InfiniteTimeSpan);
        _clock.Advance(2 * Second);
        Assert.Empty(fired);
        Assert.Equal(1, _clock.TimerCount);
        Assert.True(_clock.AdvanceToNextTimer());
        Assert.Equal([2], fired);
        Assert.False(_clock.AdvanceToNextTimer());
        Assert.False(gone.Change(Second, Second));
        Assert.Equal(0, _clock.TimerCount);
    }

    [Fact]
    public async Task Delays_and_timeouts_of_the_framework_follow_it()
    {
        var delay = Task.Delay(Second, _clock, TestContext.Current.CancellationToken);
        using var timeout = new CancellationTokenSource(2 * Second, _clock);
        _clock.Advance(Second);
        await delay;
        Assert.False(timeout.IsCancellationRequested);
        _clock.Advance(Second);
        Assert.True(timeout.IsCancellationRequested);
    }

    [Fact]
    public void It_never_goes_back() => Assert.Throws<ArgumentOutOfRangeException>(() => _clock.Advance(-Second));
}
