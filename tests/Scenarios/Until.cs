using System.Diagnostics;
using Xunit;

namespace Millrace.Scenarios;

/// <summary>Waits for conditions, never for times. The deadline only turns a hang into a failure.</summary>
static class Until
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    public static Task TrueAsync(Func<bool> condition, string what, TimeSpan? deadline = null) =>
        TrueAsync(() => Task.FromResult(condition()), what, deadline);

    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? deadline = null)
    {
        var limit = deadline ?? Deadline;
        var start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Step);
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
