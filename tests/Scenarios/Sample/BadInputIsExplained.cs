// Bad input to the sample is one line that names the remedy, and an exit code that is not 0.
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Millrace.Scenarios.Sample;

public sealed class BadInputIsExplained
{
    [Fact]
    public Task An_unknown_option() => FailsAsync(["--ordres", "5"], "--ordres", "--help");

    [Fact]
    public Task A_missing_input_file() => FailsAsync(["--input", "/no/such/file"], "/no/such/file");

    [Fact]
    public Task A_number_out_of_range() => FailsAsync(["--partitions", "0"], "--partitions", "1 to 10000");

    [Fact]
    public Task A_cluster_that_does_not_answer() =>
        FailsAsync(["--bootstrap", "127.0.0.1:1"], "127.0.0.1:1", "bootstrap");

    [Fact]
    public async Task A_data_directory_that_is_a_file()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("file"), "", TestContext.Current.CancellationToken);
        await FailsAsync(["--data", folder.File("file")], folder.File("file"));
    }

    [Fact]
    public async Task A_data_directory_that_another_run_uses()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["--no-feed", "--port", "0", "--data", folder.File("data")];
        using var first = OrdersProcess.Start(arguments);
        await first.WaitForOutputAsync("listening on");
        await FailsAsync(arguments, folder.File("data"));
    }

    [Fact]
    public async Task A_taken_port_is_said_and_the_next_one_used()
    {
        using var folder = new TemporaryFolder();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        var (code, output, error) = await OrdersProcess.RunAsync(
            "--orders", "100", "--port", $"{port}", "--data", folder.File("data"));
        Assert.True(code == 0, output + error);
        Assert.Contains($"Port {port} is taken", output, StringComparison.Ordinal);
    }

    static async Task FailsAsync(string[] arguments, params string[] named)
    {
        using var folder = new TemporaryFolder();
        string[] data = arguments.Contains("--data") ? [] : ["--data", folder.File("data")];
        string[] port = arguments.Contains("--port") ? [] : ["--port", "0"];
        var (code, output, error) = await OrdersProcess.RunAsync([.. arguments, .. port, .. data]);
        Assert.True(code != 0, output + error);
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Assert.True(lines.Length == 1, error);
        Assert.All(named, text => Assert.Contains(text, lines[0], StringComparison.Ordinal));
    }
}
