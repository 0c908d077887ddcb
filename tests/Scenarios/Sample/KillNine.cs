// Killed with SIGKILL ten times at random moments, the sample loses no order and keeps the order per key.
using Xunit;

namespace Millrace.Scenarios.Sample;

public sealed class KillNine
{
    const int Kills = 10;
    const long Orders = 30_000;
    const int BytesOfARun = 4_000_000;

    [Fact]
    public async Task No_order_is_lost_and_order_per_key_is_kept()
    {
        using var folder = new TemporaryFolder();
        var seed = Environment.TickCount;
        var random = new Random(seed);
        string[] arguments =
        [
            "--orders", "30000", "--events-per-order", "3", "--port", "0",
            "--data", folder.File("data"), "--summary", folder.File("summary.json"),
        ];
        for (var kill = 0; kill < Kills; kill++)
        {
            // A random moment is a random number of bytes written by this run: some kills fall into the feed, some
            // into the start of the listener, some into full work.
            var target = Size(folder.Path) + random.Next(BytesOfARun);
            using var process = OrdersProcess.Start(arguments);
            await process.WaitForOutputAsync("listening on");
            await Until.TrueAsync(() => process.HasExited || Size(folder.Path) >= target, "the sample writes");
            await process.KillAsync();
        }

        var (code, output, error) = await OrdersProcess.RunAsync(arguments);
        Assert.True(code == 0, $"seed {seed}: exit code {code}\n{output}\n{error}");
        var summary = OrdersProcess.Summary(folder.File("summary.json"));
        long Figure(string name) => summary.GetProperty(name).GetInt64();
        Assert.Equal(Orders, Figure("produced"));
        Assert.Equal(Orders, Figure("handled") + Figure("deadLettered"));
        Assert.Equal(0, Figure("orderViolations"));
        Assert.Equal(0, Figure("lag"));
        TestContext.Current.TestOutputHelper?.WriteLine($"redelivered {Figure("redelivered")} of {Orders}");
    }

    static long Size(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(LengthOf);

    static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (FileNotFoundException)
        {
            return 0;
        }
    }
}
