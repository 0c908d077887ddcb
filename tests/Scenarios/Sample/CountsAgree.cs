// The sample's counts agree exactly, a second run adds nothing, and the command lists and replays its dead letters
// once.
using Xunit;

namespace Millrace.Scenarios.Sample;

public sealed class CountsAgree
{
    [Fact]
    public async Task Every_order_is_handled_once_or_dead_lettered()
    {
        using var folder = new TemporaryFolder();
        var summary = await RunAsync(folder, "--orders", "5000");
        Assert.Equal((5000, 4995, 4995, 5), summary);

        // The second run goes on where the first stopped: nothing is left to send or to handle.
        Assert.Equal(summary, await RunAsync(folder, "--orders", "5000"));

        // More orders: only the missing ones are sent.
        Assert.Equal((6000, 5994, 5994, 6), await RunAsync(folder, "--orders", "6000"));

        var broker = folder.File("data/broker");
        var list = await CliAsync("dlt", "list", "order.events.DLT", "--data", broker);
        Assert.Contains("6 dead letters", list, StringComparison.Ordinal);
        string[] replay = ["dlt", "replay", "order.events.DLT", "--to", "order.events", "--data", broker];
        Assert.Contains("Replayed 6 records", await CliAsync(replay), StringComparison.Ordinal);
        Assert.Contains("Replayed 0 records", await CliAsync(replay), StringComparison.Ordinal);

        // The replayed records are broken still: they are dead-lettered again, and everything still adds up.
        Assert.Equal((6006, 5994, 5994, 12), await RunAsync(folder, "--orders", "6000"));
    }

    static async Task<(long Produced, long Handled, long Distinct, long DeadLettered)> RunAsync(
        TemporaryFolder folder, params string[] arguments)
    {
        var (code, output, error) = await OrdersProcess.RunAsync(
            [.. arguments, "--port", "0", "--data", folder.File("data"), "--summary", folder.File("summary.json")]);
        Assert.True(code == 0, $"exit code {code}\n{output}\n{error}");
        var summary = OrdersProcess.Summary(folder.File("summary.json"));
        Assert.Equal(0, summary.GetProperty("lag").GetInt64());
        return (
            summary.GetProperty("produced").GetInt64(), summary.GetProperty("handled").GetInt64(),
            summary.GetProperty("distinct").GetInt64(), summary.GetProperty("deadLettered").GetInt64());
    }

    static async Task<string> CliAsync(params string[] arguments)
    {
        using var process = OrdersProcess.StartCli(arguments);
        var code = await process.WaitAsync();
        Assert.True(code == 0, $"exit code {code}\n{process.Output}\n{process.Error}");
        return process.Output;
    }
}
