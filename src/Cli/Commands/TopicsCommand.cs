using System.CommandLine;
using System.Globalization;
using Millrace.Client.Administration;
using Millrace.Ops.Topics;

namespace Millrace.Cli.Commands;

/// <summary><c>millrace topics</c>: what topics there are, and new ones.</summary>
static class TopicsCommand
{
    public static Command Create() => new("topics", "Lists topics and creates them.") { CreateList(), CreateCreate() };

    static Command CreateList()
    {
        var isAll = new Option<bool>("--internal") { Description = "Also the broker's own topics." };
        var json = new Option<bool>("--json") { Description = "Print JSON instead of a table." };
        var command = new Command("list", "Shows the topics and how much they hold.") { isAll, json };
        new ClusterArguments().Run(command, async (cluster, parsed, cancellation) =>
        {
            var topics = await new TopicReader(cluster.Client).ListAsync(parsed.GetValue(isAll), cancellation)
                .ConfigureAwait(false);
            System.Console.Write(parsed.GetValue(json)
                ? CliJson.Text([.. topics.Select(TopicDocument.Of)], CliJson.Default.TopicDocumentArray)
                : Table(topics));
            return 0;
        });
        return command;
    }

    static Command CreateCreate()
    {
        var name = new Argument<string>("name") { Description = "The topic's name." }.NotEmpty();
        var partitions = new Option<int>("--partitions")
        {
            Description = "How many partitions; the broker's default if left out.",
            DefaultValueFactory = _ => -1,
        }.Check(static n => n is >= 1 or -1, "too low: give at least 1, or leave it out for the broker's default");
        var replicas = new Option<short>("--replicas")
        {
            Description = "How many replicas; the broker's default if left out.",
            DefaultValueFactory = _ => -1,
        }.Check(static n => n is >= 1 or -1, "too low: give at least 1, or leave it out for the broker's default");
        var config = new Option<string[]>("--config")
        {
            Description = "A setting as name=value, for example retention.ms=3600000; may be given again.",
        };
        config.Validators.Add(static result =>
        {
            foreach (var setting in result.Tokens.Select(static t => t.Value).Where(static s => s.IndexOf('=') < 1))
            {
                result.AddError(
                    $"--config '{setting}' is not name=value. Write for example --config retention.ms=3600000.");
            }
        });
        var command = new Command("create", "Creates a topic.") { name, partitions, replicas, config };
        new ClusterArguments().Run(command, async (cluster, parsed, cancellation) =>
        {
            var topic = new NewTopic(parsed.GetValue(name)!, parsed.GetValue(partitions), parsed.GetValue(replicas))
            {
                Configs = ParseConfig(parsed.GetValue(config) ?? []),
            };
            var result = (
                await cluster.Client.Admin.CreateTopicsAsync([topic], cancellation: cancellation)
                    .ConfigureAwait(false))[0];
            if (result.Error is { } error)
            {
                throw new CommandException($"topic {topic.Name} was not created. {error}");
            }

            var made = (
                await cluster.Client.Admin.DescribeTopicsAsync([topic.Name], cancellation).ConfigureAwait(false))[0];
            var count = made.Error is null ? made.Partitions.Count : topic.Partitions;
            System.Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"Created {topic.Name} with {count} partition{(count == 1 ? "" : "s")}."));
            return 0;
        });
        return command;
    }

    internal static Dictionary<string, string> ParseConfig(IEnumerable<string> settings)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var setting in settings)
        {
            var equals = setting.IndexOf('=', StringComparison.Ordinal);
            result[setting[..equals]] = setting[(equals + 1)..];
        }

        return result;
    }

    internal static string Table(IReadOnlyList<TopicSummary> topics)
    {
        if (topics.Count == 0)
        {
            return "There are no topics yet. millrace topics create NAME makes one.\n";
        }

        var table = new TextTable("Topic", "Partitions", "Replicas", "Records", "Note").Right(1, 2, 3);
        foreach (var t in topics)
        {
            table.Add(
                t.Name, t.Partitions.ToString(CultureInfo.InvariantCulture),
                t.Replicas.ToString(CultureInfo.InvariantCulture),
                t.Records?.ToString(CultureInfo.InvariantCulture) ?? "-", Note(t));
        }

        return table.ToString();
    }

    static string Note(TopicSummary t) => t switch
    {
        { Error: { } error } => error,
        { Leaderless: [_, ..] } => $"no leader: {string.Join(", ", t.Leaderless)}",
        { UnderReplicated: [_, ..] } => $"not in sync: {string.Join(", ", t.UnderReplicated)}",
        { IsDeadLetters: true } => "dead letters",
        { IsInternal: true } => "internal",
        _ => "",
    };
}
