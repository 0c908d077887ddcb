using System.CommandLine;
using System.Globalization;
using System.Text;
using Millrace.Ops.DeadLetters;
using Millrace.Ops.Replay;

namespace Millrace.Cli.Commands;

/// <summary><c>millrace dlt</c>: what lies in a dead-letter topic, and its replay.</summary>
static class DeadLetterCommand
{
    public static Command Create() =>
        new("dlt", "Looks at dead letters and replays them.") { CreateList(), CreateReplay() };

    static Command CreateList()
    {
        var topic = new Argument<string>("topic")
        {
            Description = "The dead-letter topic, for example order.events.DLT.",
        }.NotEmpty();
        var limit = new Option<int>("--limit")
        {
            Description = "At most this many rows.",
            DefaultValueFactory = _ => 20,
        }.Range(1, 1000);
        var values = new Option<bool>("--values") { Description = "Also show each record's value." };
        var command = new Command("list", "Groups the dead letters by exception and shows the first ones.")
        {
            topic,
            limit,
            values,
        };
        new ClusterArguments().Run(command, (cluster, parsed, cancellation) => ListAsync(
            cluster, parsed.GetValue(topic)!, parsed.GetValue(limit), parsed.GetValue(values), cancellation));
        return command;
    }

    static Command CreateReplay()
    {
        var topic = new Argument<string>("topic") { Description = "The dead-letter topic." }.NotEmpty();
        var to = new Option<string>("--to")
        {
            Description = "The topic to send to; every group that reads it gets the records.",
            Required = true,
        }.NotEmpty();
        var rate = new Option<double?>("--rate") { Description = "At most this many records a second." }
            .Check(static rate => rate >= 0.001, "too low: give at least 0.001, or leave it out for no limit");
        var limit = new Option<long?>("--limit")
        {
            Description = "At most this many records; a later run goes on behind them.",
        }.Check(static limit => limit >= 1, "too low: give at least 1, or leave it out for all");
        var exception = new Option<string?>("--exception")
        {
            Description = "Only records whose exception type contains this text; the others are passed over, "
                + "and a later run to the same topic does not come back to them.",
        };
        var command = new Command("replay", "Sends dead letters to a topic again, each once.")
        {
            topic,
            to,
            rate,
            limit,
            exception,
        };
        new ClusterArguments().Run(command, (cluster, parsed, cancellation) =>
        {
            var text = parsed.GetValue(exception);
            return ReplayAsync(
                cluster,
                new ReplayOptions
                {
                    From = parsed.GetValue(topic)!,
                    To = parsed.GetValue(to)!,
                    RatePerSecond = parsed.GetValue(rate),
                    Limit = parsed.GetValue(limit),
                    Filter = text is null
                        ? null
                        : letter => letter.ExceptionType?.Contains(text, StringComparison.OrdinalIgnoreCase) == true,
                },
                cancellation);
        });
        return command;
    }

    static async Task<int> ListAsync(
        Cluster cluster, string topic, int limit, bool withValues, CancellationToken cancellation)
    {
        var letters = new DeadLetterReader(cluster.Client);
        var groups = await letters.GroupAsync(topic, cancellation).ConfigureAwait(false);
        var summary = new TextTable("Exception", "Count", "First", "Last", "Newest message").Right(1);
        foreach (var group in groups)
        {
            summary.Add(
                group.ExceptionType, group.Count.ToString(CultureInfo.InvariantCulture), Time(group.First),
                Time(group.Last),
                Short(group.Example));
        }

        System.Console.WriteLine(summary);
        var rows = new TextTable(
            ["Where", "Key", "From", "Attempts", "Exception", "Replays", .. withValues ? ["Value"]
                : Array.Empty<string>()])
            .Right(3, 5);
        var page = await letters.ReadPageAsync(
            new DeadLetterQuery { Topic = topic, Limit = limit }, cancellation).ConfigureAwait(false);
        foreach (var letter in page.Letters)
        {
            AddRow(rows, letter, withValues);
        }

        System.Console.WriteLine(rows);
        var total = groups.Sum(g => g.Count);
        System.Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{total} dead letter{(total == 1 ? "" : "s")} in {topic}"
            + $"{(total > limit ? $", the first {limit} shown" : "")}."));
        return 0;
    }

    static void AddRow(TextTable rows, DeadLetter letter, bool withValue)
    {
        string[] cells =
        [
            string.Create(CultureInfo.InvariantCulture, $"{letter.Partition.Partition}:{letter.Offset}"),
            Text(letter.Key),
            letter.OriginalTopic is { } origin
                ? string.Create(
                    CultureInfo.InvariantCulture, $"{origin}/{letter.OriginalPartition}:{letter.OriginalOffset}")
                : "",
            letter.Attempts?.ToString(CultureInfo.InvariantCulture) ?? "",
            letter.ExceptionType ?? "",
            letter.Replays.ToString(CultureInfo.InvariantCulture),
        ];
        rows.Add(withValue ? [.. cells, Text(letter.Value)] : cells);
    }

    static async Task<int> ReplayAsync(Cluster cluster, ReplayOptions options, CancellationToken cancellation)
    {
        var done = await new Replayer(cluster.Client).RunAsync(options, cancellation).ConfigureAwait(false);
        System.Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Replayed {done.Sent} record{(done.Sent == 1 ? "" : "s")} from {options.From} to {options.To}; "
            + $"{done.AlreadySent} had been sent by an interrupted run, "
            + $"{done.PassedOver} were passed over, {done.Remaining} remain."));
        return 0;
    }

    static string Text(ReadOnlyMemory<byte>? bytes) => bytes is { } b ? Short(Encoding.UTF8.GetString(b.Span))
        : "(null)";

    static string Short(string text)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= 100 ? line : line[..97] + "...";
    }

    static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
