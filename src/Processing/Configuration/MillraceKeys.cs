using Microsoft.Extensions.Configuration;

namespace Millrace.Processing.Configuration;

/// <summary>The keys below <c>Millrace</c>.</summary>
static class MillraceKeys
{
    /// <summary>The section of the consumers.</summary>
    public const string Consumers = "Consumers";

    // Sections that other packages read.
    static readonly string[] Foreign = ["Console", "Ops", "Broker"];

    static readonly KeyTable<MillraceOptions> Keys = new KeyTable<MillraceOptions>()
        .Key("BootstrapServers", (options, value) => value.AsText(text => options.BootstrapServers = text))
        .Key("ClientId", (options, value) => value.AsText(text => options.ClientId = text))
        .Key("StartTimeout", (options, value) => value.AsTime(time => options.StartTimeout = time))
        .Key("CreateTopics", (options, value) => value.AsBoolean(flag => options.CreateTopics = flag))
        .Key("CreatePartitions", (options, value) => value.AsInt32(number => options.CreatePartitions = number))
        .Key("CreateReplicationFactor", (options, value) => value.AsInt32(number =>
            options.CreateReplicationFactor = (short)Math.Clamp(number, short.MinValue, short.MaxValue)));

    public static void Apply(
        MillraceOptions options, IConfigurationSection section, IReadOnlyCollection<string> groups) =>
        Keys.Apply(
            options, section, options.Problems,
            (_, child, problems) => Other(child, groups, problems), [Consumers, .. Foreign]);

    static bool Other(IConfigurationSection section, IReadOnlyCollection<string> groups, List<string> problems)
    {
        if (!string.Equals(section.Key, Consumers, StringComparison.OrdinalIgnoreCase))
        {
            return Foreign.Contains(section.Key, StringComparer.OrdinalIgnoreCase);
        }

        foreach (var consumer in section.GetChildren())
        {
            if (!groups.Contains(consumer.Key, StringComparer.OrdinalIgnoreCase))
            {
                problems.Add(NearestName.Of(consumer.Key, groups) is { } near
                    ? $"{consumer.Path} configures a consumer that is not registered; did you mean {near}?"
                    : $"{consumer.Path} configures a consumer that is not registered; remove it, or register "
                        + $"Consumer(\"{consumer.Key}\").");
            }
        }

        return true;
    }
}
