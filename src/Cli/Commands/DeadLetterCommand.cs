using System.CommandLine;
using System.Globalization;
using System.Text;
using Millrace.Ops.DeadLetters;
using Millrace.Ops.Replay;
using Spectre.Console;

namespace Millrace.Cli.Commands;

/// <summary><c>millrace dlt</c>: what lies in a dead-letter topic, and its replay.</summary>
static class DeadLetterCommand
{
    public static Command Create() => new("dlt", "Looks at dead letters and replays them.") { CreateList(), CreateReplay() };

    static Command CreateList()
    {
        var topic = new Argument<string>("topic") { Description = "The dead-letter topic, for example order.events.DLT." };
        var (bootstrap, data) = ClusterOptions();
        var limit = new Option<int>("--limit") { Description = "At most this many rows.", DefaultValueFactory = _ => 20 };
        var values = new Option<bool>("--values") { Description = "Also show each record's value." };
        var command = new Command("list", "Groups the dead letters by exception and shows the first ones.") { topic, bootstrap, data, limit, values };
        command.SetAction(async (parsed, cancellation) =>
        {
            var cluster = await Cluster.OpenAsync(parsed.GetValue(bootstrap), parsed.GetValue(data), cancellation).ConfigureAwait(false);
            await using (cluster.ConfigureAwait(false))
            {
                return await ListAsync(
                    cluster, parsed.GetValue(topic)!, parsed.GetValue(limit), parsed.GetValue(values), cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }

    static Command CreateReplay()
    {
        var topic = new Argument<string>("topic") { Description = "The dead-letter topic." };
        var to = new Option<string>("--to") { Description = "The topic to send to; every group that reads it gets the records.", Required = true };
        var rate = new Option<double?>("--rate") { Description = "At most this many records a second." };
        var limit = new Option<long?>("--limit") { Description = "At most this many records; a later run goes on behind them." };
        var exception = new Option<string?>("--exception") { Description = "Only records whose exception type contains this text." };
        var (bootstrap, data) = ClusterOptions();
        var command = new Command("replay", "Sends dead letters to a topic again, each once.") { topic, to, rate, limit, exception, bootstrap, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            var cluster = await Cluster.OpenAsync(parsed.GetValue(bootstrap), parsed.GetValue(data), cancellation).ConfigureAwait(false);
            await using (cluster.ConfigureAwait(false))
            {
                var text = parsed.GetValue(exception);
                return await ReplayAsync(
                    cluster,
                    new ReplayOptions
                    {
                        From = parsed.GetValue(topic)!,
                        To = parsed.GetValue(to)!,
                        RatePerSecond = parsed.GetValue(rate),
                        Limit = parsed.GetValue(limit),
                        Filter = text is null
                            ? null
                            : letter => letter.Info?.ExceptionType?.Contains(text, StringComparison.OrdinalIgnoreCase) == true,
                    },
                    cancellation).ConfigureAwait(false);
            }
        });
        return command;
    }

    static (Option<string?> Bootstrap, Option<string?> Data) ClusterOptions() => (
        new Option<string?>("--bootstrap") { Description = "Bootstrap servers; 127.0.0.1:9092 unless millrace.json says otherwise." },
        new Option<string?>("--data") { Description = "Open this data directory of a broker that does not run." });

    static async Task<int> ListAsync(Cluster cluster, string topic, int limit, bool withValues, CancellationToken cancellation)
    {
        var letters = new DeadLetterReader(cluster.Client);
        var groups = await letters.GroupAsync(topic, cancellation).ConfigureAwait(false);
        var summary = new Table().Border(TableBorder.Simple).AddColumns("Exception", "Count", "First", "Last", "Newest message");
        foreach (var group in groups)
        {
            summary.AddRow(
                Markup.Escape(group.ExceptionType), group.Count.ToString(CultureInfo.InvariantCulture),
                Time(group.First), Time(group.Last), Markup.Escape(Short(group.Example)));
        }

        AnsiConsole.Write(summary);
        var rows = new Table().Border(TableBorder.Simple).AddColumns("Where", "Key", "From", "Attempts", "Exception", "Replays");
        if (withValues)
        {
            rows.AddColumn("Value");
        }

        var shown = 0;
        await foreach (var letter in letters.ReadAsync(topic, cancellation).ConfigureAwait(false))
        {
            if (shown++ == limit)
            {
                break;
            }

            AddRow(rows, letter, withValues);
        }

        AnsiConsole.Write(rows);
        var total = groups.Sum(g => g.Count);
        System.Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{total} dead letters in {topic}{(total > limit ? $", the first {limit} shown" : "")}."));
        return 0;
    }

    static void AddRow(Table table, DeadLetter letter, bool withValue)
    {
        var info = letter.Info;
        var cells = new List<string>
        {
            $"{letter.Partition.Partition}:{letter.Offset}",
            Text(letter.Key),
            info is null ? "" : $"{info.OriginalTopic}/{info.OriginalPartition}:{info.OriginalOffset}",
            info?.Attempts?.ToString(CultureInfo.InvariantCulture) ?? "",
            info?.ExceptionType ?? "",
            letter.Replays.ToString(CultureInfo.InvariantCulture),
        };
        if (withValue)
        {
            cells.Add(Text(letter.Value));
        }

        table.AddRow([.. cells.Select(Markup.Escape)]);
    }

    static async Task<int> ReplayAsync(Cluster cluster, ReplayOptions options, CancellationToken cancellation)
    {
        var done = await new Replayer(cluster.Client).RunAsync(options, cancellation).ConfigureAwait(false);
        System.Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Replayed {done.Sent} records from {options.From} to {options.To}; {done.AlreadySent} had been sent by an interrupted run, {done.PassedOver} were passed over, {done.Remaining} remain."));
        return 0;
    }

    static string Text(ReadOnlyMemory<byte>? bytes) => bytes is { } b ? Short(Encoding.UTF8.GetString(b.Span)) : "(null)";

    static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= 100 ? line : line[..97] + "...";
    }

    static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
