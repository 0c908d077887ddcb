// A stop of the sample lets running handlers finish, longer than two seconds, commits what is done, and loses nothing.
using Xunit;

namespace Millrace.Scenarios.Sample;

public sealed class AStopDrains
{
    [Fact]
    public async Task A_standard_input_that_nobody_ends_does_not_hold_it_up()
    {
        using var folder = new TemporaryFolder();
        using var process = OrdersProcess.Start("--input", "-", "--port", "0", "--data", folder.Path);
        await process.WaitForOutputAsync("records/s");
        process.Terminate();
        var code = await process.WaitAsync();
        Assert.True(code == 0, $"exit code {code}\n{process.Output}\n{process.Error}");
        Assert.Contains("The counts agree.", process.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_runs_is_finished_and_the_next_run_does_the_rest()
    {
        using var folder = new TemporaryFolder();
        string[] arguments =
        [
            "--orders", "150", "--partitions", "3", "--concurrency", "50", "--port", "0",
            "--data", folder.File("data"), "--summary", folder.File("summary.json"),
        ];
        using var stopped = OrdersProcess.Start([.. arguments, "--work-ms", "4000"]);
        await stopped.WaitForOutputAsync("in flight   50");
        stopped.Terminate();
        var code = await stopped.WaitAsync();
        Assert.True(code == 0, $"exit code {code}\n{stopped.Output}\n{stopped.Error}");
        Assert.Contains("Interrupted", stopped.Output, StringComparison.Ordinal);
        var sofar = OrdersProcess.Summary(folder.File("summary.json"));
        Assert.InRange(sofar.GetProperty("handled").GetInt64(), 50, 149);

        var (again, output, error) = await OrdersProcess.RunAsync([.. arguments, "--work-ms", "1"]);
        Assert.True(again == 0, $"exit code {again}\n{output}\n{error}");
        var all = OrdersProcess.Summary(folder.File("summary.json"));
        Assert.Equal(150, all.GetProperty("handled").GetInt64() + all.GetProperty("deadLettered").GetInt64());
        Assert.Equal(0, all.GetProperty("redelivered").GetInt64());
    }
}
