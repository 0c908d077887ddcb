using System.Globalization;
using Millrace.Broker.Log;

namespace Millrace.Broker.Handlers;

/// <summary>Where a value comes from, numbered as DescribeConfigs carries it.</summary>
enum ConfigSource : sbyte
{
    Topic = 1,
    StaticBroker = 4,
    Default = 5,
}

/// <summary>One setting with the value that is in force and everything that could give it one, the strongest
/// first.</summary>
readonly record struct ConfigValue(
    string Name,
    string? Value,
    ConfigSource Source,
    ConfigType Type,
    string Doc,
    IReadOnlyList<(string Name, string? Value, ConfigSource Source)> Synonyms);

/// <summary>The settings of topics and of the broker, as DescribeConfigs and CreateTopics show them.</summary>
static class ConfigValues
{
    // Broker-wide names that are not "log." and the topic's name.
    static readonly Dictionary<string, string> BrokerNames = new(StringComparer.Ordinal)
    {
        ["compression.gzip.level"] = "compression.gzip.level",
        ["compression.lz4.level"] = "compression.lz4.level",
        ["compression.type"] = "compression.type",
        ["compression.zstd.level"] = "compression.zstd.level",
        ["delete.retention.ms"] = "log.cleaner.delete.retention.ms",
        ["file.delete.delay.ms"] = "log.segment.delete.delay.ms",
        ["flush.messages"] = "log.flush.interval.messages",
        ["flush.ms"] = "log.flush.interval.ms",
        ["max.compaction.lag.ms"] = "log.cleaner.max.compaction.lag.ms",
        ["max.message.bytes"] = "message.max.bytes",
        ["min.cleanable.dirty.ratio"] = "log.cleaner.min.cleanable.ratio",
        ["min.compaction.lag.ms"] = "log.cleaner.min.compaction.lag.ms",
        ["min.insync.replicas"] = "min.insync.replicas",
        ["segment.index.bytes"] = "log.index.size.max.bytes",
        ["segment.jitter.ms"] = "log.roll.jitter.ms",
        ["segment.ms"] = "log.roll.ms",
        ["unclean.leader.election.enable"] = "unclean.leader.election.enable",
    };

    // They have no broker-wide counterpart.
    static readonly HashSet<string> TopicOnly = new(StringComparer.Ordinal)
    {
        "follower.replication.throttled.replicas",
        "leader.replication.throttled.replicas",
        "remote.log.copy.disable",
        "remote.log.delete.on.disable",
        "remote.storage.enable",
    };

    /// <summary>All settings of a topic.</summary>
    /// <param name="options">Whose <see cref="BrokerOptions.TopicDefaults"/> hold.</param>
    /// <param name="settings">What the topic says itself.</param>
    public static IEnumerable<ConfigValue> OfTopic(BrokerOptions options, IReadOnlyDictionary<string, string> settings)
    {
        foreach (var key in LogConfigKeys.All)
        {
            List<(string Name, string? Value, ConfigSource Source)> places = [];
            if (settings.TryGetValue(key.Name, out var own)) places.Add((key.Name, own, ConfigSource.Topic));
            if (!TopicOnly.Contains(key.Name)) AddBroker(places, key, options);
            var inForce = places.Count > 0 ? places[0] : (key.Name, key.DefaultText, ConfigSource.Default);
            yield return new ConfigValue(key.Name, inForce.Item2, inForce.Item3, key.Type, key.Doc, places);
        }
    }

    static void AddBroker(
        List<(string Name, string? Value, ConfigSource Source)> places, LogConfigKey key, BrokerOptions options)
    {
        var name = BrokerNames.GetValueOrDefault(key.Name) ?? "log." + key.Name;
        if (options.TopicDefaults.TryGetValue(key.Name, out var configured))
            places.Add((name, configured, ConfigSource.StaticBroker));
        places.Add((name, key.DefaultText, ConfigSource.Default));
    }

    /// <summary>All settings of the broker.</summary>
    public static IEnumerable<ConfigValue> OfBroker(BrokerState state, string endpoint)
    {
        var options = state.Options;
        var limits = options.Limits;
        var defaults = new BrokerOptions();
        yield return Of(
            "advertised.listeners", $"PLAINTEXT://{endpoint}", null, ConfigType.String, "What clients connect to.");
        yield return Of("auto.create.topics.enable", Text(options.AutoCreateTopics), Text(defaults.AutoCreateTopics),
            ConfigType.Boolean,
            "Whether asking for a topic's metadata creates it.");
        yield return Of("broker.id", Text(state.NodeId), null, ConfigType.Int, "The broker's number.");
        yield return Of(
            "connections.max.idle.ms", Text(limits.ConnectionIdleTimeout), Text(defaults.Limits.ConnectionIdleTimeout),
            ConfigType.Long, "After how long a connection without traffic is closed.");
        yield return Of("default.replication.factor", "1", "1", ConfigType.Int, "One node keeps one copy.");
        yield return Of("delete.topic.enable", "true", "true", ConfigType.Boolean, "Topics can be deleted.");
        yield return Of("group.initial.rebalance.delay.ms", Text(options.InitialRebalanceDelay),
            Text(defaults.InitialRebalanceDelay),
            ConfigType.Int, "How long the first rebalance of an empty group waits for more members.");
        yield return Of(
            "group.max.session.timeout.ms", Text(options.MaxSessionTimeout), Text(defaults.MaxSessionTimeout),
            ConfigType.Int, "The longest session timeout of a group member.");
        yield return Of("group.max.size", Text(limits.MaxGroupSize), Text(defaults.Limits.MaxGroupSize), ConfigType.Int,
            "The most members of a group.");
        yield return Of(
            "group.min.session.timeout.ms", Text(options.MinSessionTimeout), Text(defaults.MinSessionTimeout),
            ConfigType.Int, "The shortest session timeout of a group member.");
        yield return Of("listeners", $"PLAINTEXT://{options.Host}:{Text(options.Port)}", null, ConfigType.String,
            "Where it listens.");
        yield return Of("log.dirs", options.DataDirectory ?? "memory", null, ConfigType.String, "Where the data is.");
        yield return Of(
            "max.connections", Text(limits.MaxConnections), Text(defaults.Limits.MaxConnections), ConfigType.Int,
            "The most connections at once.");
        yield return Of("node.id", Text(state.NodeId), null, ConfigType.Int, "The broker's number.");
        yield return Of(
            "num.partitions", Text(options.DefaultPartitions), Text(defaults.DefaultPartitions), ConfigType.Int,
            "Partitions of a topic whose creator does not say.");
        yield return Of("offsets.retention.minutes", Text((long)options.OffsetsRetention.TotalMinutes),
            Text((long)defaults.OffsetsRetention.TotalMinutes), ConfigType.Int,
                "How long an empty group's offsets stay.");
        yield return Of("offsets.topic.num.partitions", "1", "1", ConfigType.Int, "One node needs one.");
        yield return Of("socket.request.max.bytes", Text(limits.MaxRequestBytes), Text(defaults.Limits.MaxRequestBytes),
            ConfigType.Int, "The largest request.");

        foreach (var key in LogConfigKeys.All)
        {
            if (TopicOnly.Contains(key.Name)) continue;
            List<(string Name, string? Value, ConfigSource Source)> places = [];
            AddBroker(places, key, options);
            yield return new ConfigValue(places[0].Name, places[0].Value, places[0].Source, key.Type, key.Doc, places);
        }
    }

    // What differs from the default was configured; without a default it always is.
    static ConfigValue Of(string name, string value, string? defaultValue, ConfigType type, string doc)
    {
        List<(string Name, string? Value, ConfigSource Source)> places = [];
        if (value != defaultValue) places.Add((name, value, ConfigSource.StaticBroker));
        if (defaultValue is not null) places.Add((name, defaultValue, ConfigSource.Default));
        return new ConfigValue(name, value, places[0].Source, type, doc, places);
    }

    static string Text(bool value) => value ? "true" : "false";

    static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    static string Text(TimeSpan value) => Text((long)value.TotalMilliseconds);
}
