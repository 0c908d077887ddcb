using System.Diagnostics;
using Xunit;

namespace Millrace;

/// <summary>Waits for conditions, never for times. The deadline only turns a hang into a failure. One file, compiled
/// into each test project that waits.</summary>
static class Until
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>How often a condition inside the process is asked.</summary>
    static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    /// <summary>How often something is asked that has to ask others.</summary>
    static readonly TimeSpan LongStep = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until the condition holds. It is asked once a step, so it may also drive what it waits
    /// for.</summary>
    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? deadline = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, Step, deadline);

    /// <summary>Waits until the answer is true. The next question comes after the last answer.</summary>
    public static Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? deadline = null) =>
        TrueAsync(condition, what, LongStep, deadline);

    static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan step, TimeSpan? deadline)
    {
        var limit = deadline ?? Deadline;
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(step);
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > limit)
            {
                Assert.Fail($"Within {limit.TotalSeconds:0} s it did not come true that {what}.");
            }

            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
