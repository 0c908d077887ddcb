using System.Diagnostics;
using Xunit;

namespace Millrace.Unit;

/// <summary>Waits for conditions, never for times. The deadline only turns a hang into a failure.</summary>
static class Until
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    /// <summary>Waits until the condition holds. It is asked once a step, so it may also drive what it waits
    /// for.</summary>
    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Step);
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(start) > Deadline)
            {
                Assert.Fail($"Within {Deadline.TotalSeconds:0} s it did not come true that {what}.");
            }

            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
