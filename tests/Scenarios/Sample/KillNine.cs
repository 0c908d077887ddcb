// Killed with SIGKILL ten times at random moments, the sample loses no order, keeps the order per key, and tells what it redelivered.
using Xunit;

namespace Millrace.Scenarios.Sample;

public sealed class KillNine
{
    const int Kills = 10;
    const long Orders = 30_000;

    [Fact]
    public async Task No_order_is_lost_and_order_per_key_is_kept()
    {
        using var folder = new TemporaryFolder();
        var seed = Environment.TickCount;
        var random = new Random(seed);
        string[] arguments =
            ["--orders", "30000", "--events-per-order", "3", "--port", "0", "--data", folder.File("data"), "--summary", folder.File("s.json")];
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = OrdersProcess.Start(arguments);
            await process.WaitForOutputAsync("listening on");
            // A random share of a second of work, counted in progress of the process itself: some kills fall into the
            // feed, some into the start of the listener, some into full work.
            var lines = random.Next(0, 3);
            await Until.TrueAsync(
                () => process.HasExited || process.Output.Split('\n').Count(l => l.Contains("records/s", StringComparison.Ordinal)) >= lines,
                "the sample makes progress");
            for (var spin = random.Next(0, 200_000_000); spin > 0; spin--)
            {
            }

            await process.KillAsync();
        }

        var (code, output, error) = await OrdersProcess.RunAsync(arguments);
        Assert.True(code == 0, $"seed {seed}: exit code {code}\n{output}\n{error}");
        var summary = OrdersProcess.Summary(folder.File("s.json"));
        Assert.Equal(Orders, summary.GetProperty("produced").GetInt64());
        Assert.Equal(Orders, summary.GetProperty("handled").GetInt64() + summary.GetProperty("deadLettered").GetInt64());
        Assert.Equal(0, summary.GetProperty("orderViolations").GetInt64());
        Assert.Equal(0, summary.GetProperty("lag").GetInt64());
        TestContext.Current.TestOutputHelper?.WriteLine($"redelivered {summary.GetProperty("redelivered").GetInt64()} of {Orders}");
    }
}
