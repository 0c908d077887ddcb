using Millrace.Cli;
using Xunit;

namespace Millrace.Unit.Cli;

/// <summary>A wrong command line is said in one line that names the word and the remedy, before anything is
/// connected to.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("bogus", "'bogus'")]
    [InlineData("broker", "'--data' is required")]
    [InlineData("broker --data d --port abc", "'abc' for option '--port': it takes a number.")]
    [InlineData("broker --data d --port 70000", "--port '70000' is no port: give one from 1 to 65535, or 0")]
    [InlineData("broker --data d --port -1", "--port '-1' is no port")]
    [InlineData("broker --data d --flush bogus", "'--flush'. Did you mean one of the following? Group")]
    [InlineData("broker --data d --flush-ms 0", "--flush-ms '0' is no interval: give at least 1.")]
    [InlineData("console --port 70000", "--port '70000' is no port")]
    [InlineData("dlt list t.DLT --limit 0", "--limit '0' is not 1 to 1000.")]
    [InlineData("dlt list t.DLT --limit 1001", "--limit '1001' is not 1 to 1000.")]
    [InlineData("lag --bootstrap h:1 --data d", "--bootstrap and --data name a cluster each: give one of them.")]
    [InlineData("dlt replay t.DLT", "'--to' is required")]
    [InlineData("dlt replay t.DLT --to t --rate x", "'x' for option '--rate': it takes a number.")]
    [InlineData("dlt replay t.DLT --to t --rate 0", "--rate '0' is too low: give at least 0.001, or leave it out")]
    [InlineData("dlt replay t.DLT --to t --rate NaN", "--rate 'NaN' is too low")]
    [InlineData("dlt replay t.DLT --to t --limit 0", "--limit '0' is too low: give at least 1, or leave it out")]
    [InlineData("topics create t --partitions 0", "--partitions '0' is too low: give at least 1, or leave it out")]
    [InlineData("topics create t --replicas 0", "--replicas '0' is too low")]
    [InlineData("topics create t --config retention.ms", "--config 'retention.ms' is not name=value")]
    public void A_wrong_word_is_named(string line, string text)
    {
        var said = Explain(line.Split(' '));
        Assert.Contains(text, said, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", said, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("The group is empty.", "lag", "")]
    [InlineData("The topic is empty.", "dlt", "list", "")]
    [InlineData("The name is empty.", "topics", "create", "")]
    [InlineData("--to is empty", "dlt", "replay", "t.DLT", "--to", "")]
    [InlineData("--data is empty", "broker", "--data", "")]
    [InlineData("--bootstrap is empty", "lag", "--bootstrap", "")]
    public void Nothing_is_no_name(string text, params string[] words) =>
        Assert.Contains(text, Explain(words), StringComparison.Ordinal);

    [Theory]
    [InlineData("broker --data d --port 0 --flush Interval --flush-ms 10")]
    [InlineData("lag")]
    [InlineData("lag g --json")]
    [InlineData("topics create t --partitions 3 --replicas 1 --config a=b --config c=d=e")]
    [InlineData("dlt list t.DLT --limit 1000 --values --bootstrap h:1")]
    [InlineData("dlt replay t.DLT --to t --rate 0.5 --limit 1 --exception X --data d")]
    public void A_right_one_is_taken(string line) =>
        Assert.Empty(CommandRunner.CreateRoot().Parse(line.Split(' ')).Errors);

    static string Explain(string[] words)
    {
        var parsed = CommandRunner.CreateRoot().Parse(words);
        Assert.NotEmpty(parsed.Errors);
        return CommandRunner.Explain(parsed);
    }
}
