using System.CommandLine;
using System.Globalization;
using Millrace.Peers;
using Millrace.Peers.Workers;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var filter = new Argument<string>("filter")
{
    Description = "Benchmarks whose name contains it; all by default.",
    DefaultValueFactory = _ => "",
};
var rounds = new Option<int>("--rounds")
{
    Description = "How often ours and the peer take turns.",
    DefaultValueFactory = _ => 3,
};
var json = new Option<string?>("--json") { Description = "Writes the figures to that file too." };
var root = new RootCommand("Ours and what a user would otherwise pick, in turns against one broker.")
{
    filter,
    rounds,
    json,
    WorkerCommand.Create(),
};
root.SetAction((parsed, cancellation) => Runner.RunAsync(
    parsed.GetValue(filter)!, parsed.GetValue(rounds), parsed.GetValue(json), cancellation));
return await root.Parse(args).InvokeAsync();
