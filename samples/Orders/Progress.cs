using System.Globalization;
using Millrace.Processing.Hosting;
using Spectre.Console;

namespace Millrace.Orders;

/// <summary>Says once a second how far the run is: one line that is rewritten on a terminal, a plain line
/// elsewhere.</summary>
sealed class Progress(IListenerControl listener, OrderFeed feed, TimeProvider clock)
{
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    long _finishedBefore;
    long _measuredAt = clock.GetTimestamp();

    /// <summary>Shows progress until the work is over; throws what the work threw.</summary>
    public Task WhileAsync(Task work, CancellationToken cancellation) =>
        AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected
            ? AnsiConsole.Status().StartAsync(
                "starting",
                context => LoopAsync(work, line => context.Status(Markup.Escape(line)), cancellation))
            : LoopAsync(work, Console.WriteLine, cancellation);

    async Task LoopAsync(Task work, Action<string> show, CancellationToken cancellation)
    {
        while (await Task.WhenAny(work, Task.Delay(Interval, clock, cancellation)) != work
            && !cancellation.IsCancellationRequested)
        {
            show(Line());
        }

        await work;
    }

    string Line()
    {
        var status = listener.Status;
        var finished = (status?.Handled ?? 0) + (status?.DeadLettered ?? 0);
        var seconds = clock.GetElapsedTime(_measuredAt).TotalSeconds;
        var rate = (finished - _finishedBefore) / Math.Max(seconds, 0.001);
        _finishedBefore = finished;
        _measuredAt = clock.GetTimestamp();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{rate,7:N0} records/s  in flight {status?.InFlight ?? 0,4}  lag {status?.Lag ?? 0,8:N0}"
            + $"  sent {feed.Found + feed.Sent,9:N0}"
            + $"  retries {status?.Retried ?? 0,6:N0}  dead letters {status?.DeadLettered ?? 0,5:N0}");
    }
}
