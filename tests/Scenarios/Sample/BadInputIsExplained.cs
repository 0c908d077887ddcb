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

    [Theory]
    [InlineData("--partitions", "0", "1 to 10000")]
    [InlineData("--orders", "-1", "0 or more")]
    [InlineData("--orders", "many", "it takes a number")]
    [InlineData("--rate", "0", "at least 0.001")]
    [InlineData("--rate", "x", "it takes a number")]
    [InlineData("--port", "70000", "0 (any free one) to 65535")]
    public Task A_number_out_of_range(string option, string value, string remedy) =>
        FailsAsync([option, value], option, remedy);

    [Fact]
    public Task A_summary_that_cannot_be_written() =>
        FailsAsync(["--summary", "/no/such/folder/file"], "--summary '/no/such/folder/file'", "another");

    [Fact]
    public async Task A_line_that_is_too_long()
    {
        using var folder = new TemporaryFolder();
        string[] lines = [Order("o-1"), Order(new string('x', 2_000_000)), Order("o-2")];
        await File.WriteAllLinesAsync(folder.File("orders"), lines, TestContext.Current.CancellationToken);
        await FailsAsync(["--input", folder.File("orders")], "line 2", folder.File("orders"), "shorten it");
    }

    [Fact]
    public async Task Lines_that_are_no_orders_are_dead_lettered_and_the_others_handled()
    {
        using var folder = new TemporaryFolder();
        // Windows line ends, empty lines, no end of the last line; half a surrogate pair as an id.
        string[] lines =
        [
            Order("o-1"), "", "no JSON", "[]", "null", "  ", """{"orderId":5}""", Order("\\ud800"), Order("o-2"),
            Order("o-1"),
        ];
        await File.WriteAllTextAsync(
            folder.File("orders"), string.Join("\r\n", lines), TestContext.Current.CancellationToken);
        var (code, output, error) = await OrdersProcess.RunAsync(
            "--input", folder.File("orders"), "--port", "0", "--data", folder.File("data"),
            "--summary", folder.File("summary.json"));
        Assert.True(code == 0, output + error);
        var summary = OrdersProcess.Summary(folder.File("summary.json"));
        long Figure(string name) => summary.GetProperty(name).GetInt64();
        Assert.Equal((9, 3, 2, 6), (Figure("produced"), Figure("handled"), Figure("distinct"), Figure("deadLettered")));
    }

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

    static string Order(string id) => $$"""{"orderId":"{{id}}","sequence":1,"customer":"c","amountCents":1}""";

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
