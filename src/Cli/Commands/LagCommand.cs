using System.CommandLine;
using System.Globalization;
using Millrace.Ops.Lag;

namespace Millrace.Cli.Commands;

/// <summary><c>millrace lag</c>: how far consumer groups are.</summary>
static class LagCommand
{
    public static Command Create()
    {
        var group = new Argument<string?>("group")
        {
            Description = "The group; all groups if left out.",
            DefaultValueFactory = _ => null,
        }.NotEmpty();
        var json = new Option<bool>("--json") { Description = "Print JSON instead of a table." };
        var command = new Command("lag", "Shows how far consumer groups are, in records and in time.") { group, json };
        new ClusterArguments().Run(command, async (cluster, parsed, cancellation) =>
        {
            var reader = new LagReader(cluster.Client);
            var isJson = parsed.GetValue(json);
            if (parsed.GetValue(group) is { } name)
            {
                var lag = await reader.ReadAsync(name, cancellation).ConfigureAwait(false);
                System.Console.Write(
                    isJson ? CliJson.Text(GroupDocument.Of(lag), CliJson.Default.GroupDocument) : Detail(lag));
                return 0;
            }

            var all = await reader.ReadAllAsync(cancellation).ConfigureAwait(false);
            System.Console.Write(isJson
                ? CliJson.Text([.. all.Select(GroupDocument.Of)], CliJson.Default.GroupDocumentArray)
                : Overview(all));
            return 0;
        });
        return command;
    }

    internal static string Overview(IReadOnlyList<GroupLag> groups)
    {
        if (groups.Count == 0)
        {
            return "No consumer group has committed anything yet.\n";
        }

        var table = new TextTable("Group", "State", "Members", "Lag", "Waiting", "Lost").Right(2, 3, 4, 5);
        foreach (var g in groups)
        {
            table.Add(
                g.GroupId, g.IsReplay ? "replay" : g.State, Number(g.Members.Count),
                Number(g.Lag) + (g.Unknown > 0 ? "+" : ""),
                Seconds(g.LagSeconds), Number(g.Lost));
        }

        return table.ToString();
    }

    internal static string Detail(GroupLag group)
    {
        var table = new TextTable("Partition", "Start", "Committed", "End", "Lag", "Waiting", "Lost", "Member", "Note")
            .Right(1, 2, 3, 4, 5, 6);
        foreach (var p in group.Partitions)
        {
            table.Add(
                p.Partition.ToString(), Number(p.Start), Number(p.Committed), Number(p.End), Number(p.Lag),
                Seconds(p.LagSeconds),
                Number(p.Lost), p.Member ?? "", Note(p));
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{table}{group.GroupId}: {group.State}, {group.Members.Count} members, "
            + $"{group.Lag} records waiting, the oldest for {Seconds(group.LagSeconds)}.\n");
    }

    static string Note(PartitionLag p) => p.State switch
    {
        CommitState.None => "nothing committed",
        CommitState.BelowStart => "committed below the start",
        CommitState.AboveEnd => "committed behind the end",
        CommitState.Failed => p.Error ?? "not known",
        _ => p.StableEnd < p.End ? "open transaction" : "",
    };

    static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";

    internal static string Seconds(double? seconds) => seconds switch
    {
        null => "-",
        0 => "0 s",
        < 1 => "< 1 s",
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:0} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:0} days"),
    };
}
