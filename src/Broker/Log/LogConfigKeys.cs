using System.Collections.Frozen;
using System.Globalization;

namespace Millrace.Broker.Log;

/// <summary>The type of a setting, numbered as DescribeConfigs carries it.</summary>
enum ConfigType : sbyte
{
    Boolean = 1,
    String = 2,
    Int = 3,
    Short = 4,
    Long = 5,
    Double = 6,
    List = 7,
}

/// <summary>One topic setting.</summary>
/// <param name="Name">Kafka's name.</param>
/// <param name="Type">Its type.</param>
/// <param name="DefaultText">Kafka's default, as text.</param>
/// <param name="Doc">What it does here, in one sentence.</param>
sealed record LogConfigKey(string Name, ConfigType Type, string DefaultText, string Doc)
{
    // (config, value) to the config with it, or null and a reason.
    public required Func<LogConfig, string, (LogConfig? Config, string? Error)> Apply { get; init; }

    /// <summary>Null and a reason (a clause) when the value is not allowed.</summary>
    public LogConfig? TryApply(LogConfig config, string value, out string? error)
    {
        var result = Apply(config, value.Trim());
        error = result.Error;
        return result.Config;
    }
}

/// <summary>The table of topic settings. Every name that Kafka 4 knows is accepted and checked; those that concern
/// replicas, tiered storage or recompression change nothing on a single node and say so.</summary>
static class LogConfigKeys
{
    const string NoEffect = "Accepted for compatibility; has no effect on a single node.";
    static readonly string Forever = long.MaxValue.ToString(CultureInfo.InvariantCulture);

    public static IReadOnlyList<LogConfigKey> All { get; } =
    [
        List("cleanup.policy", "delete", "What happens to old segments: delete, compact, or both.", static (c, parts) =>
            parts.Length == 0 || parts.Any(static p => p is not ("delete" or "compact"))
                ? null
                : c with { IsDeleting = parts.Contains("delete"), IsCompacting = parts.Contains("compact") },
            "must be 'delete', 'compact' or 'compact,delete'"),
        Int("compression.gzip.level", "-1", -1, 9, NoEffect, static (c, _) => c),
        Int("compression.lz4.level", "9", 1, 17, NoEffect, static (c, _) => c),
        Text("compression.type", "producer", "Batches are stored as the producer compressed them.",
            static (c, v) => c with { CompressionType = v }, "producer", "uncompressed", "gzip", "snappy", "lz4",
                "zstd"),
        Int("compression.zstd.level", "3", -131072, 22, NoEffect, static (c, _) => c),
        Long("delete.retention.ms", "86400000", 0, "How long compaction keeps tombstones.",
            static (c, v) => c with { DeleteRetentionMs = v }),
        Long("file.delete.delay.ms", "60000", 0,
            "How long a deleted segment's file stays for readers that have it open.",
            static (c, v) => c with { FileDeleteDelayMs = v }),
        Long("flush.messages", Forever, 1, "The broker's flush policy decides; this has no effect.",
            static (c, _) => c),
        Long("flush.ms", Forever, 0, "The broker's flush policy decides; this has no effect.", static (c, _) => c),
        List("follower.replication.throttled.replicas", "", NoEffect, static (c, _) => c, ""),
        Int("index.interval.bytes", "4096", 0, int.MaxValue,
            "About how many bytes of log lie between two index entries.",
            static (c, v) => c with { IndexIntervalBytes = v }),
        List("leader.replication.throttled.replicas", "", NoEffect, static (c, _) => c, ""),
        Long("local.retention.bytes", "-2", -2, NoEffect, static (c, _) => c),
        Long("local.retention.ms", "-2", -2, NoEffect, static (c, _) => c),
        Long("max.compaction.lag.ms", Forever, 1,
            "After this long a record becomes eligible for compaction at any ratio.",
            static (c, v) => c with { MaxCompactionLagMs = v }),
        Int("max.message.bytes", "1048588", 0, int.MaxValue, "The largest batch, as it stands (compressed), in bytes.",
            static (c, v) => c with { MaxMessageBytes = v }),
        Long("message.timestamp.after.max.ms", "3600000", 0, "How far a producer's timestamp may lie in the future.",
            static (c, v) => c with { TimestampAfterMaxMs = v }),
        Long("message.timestamp.before.max.ms", Forever, 0, "How far a producer's timestamp may lie in the past.",
            static (c, v) => c with { TimestampBeforeMaxMs = v }),
        Text("message.timestamp.type", "CreateTime", "Whose clock stamps the records.",
            static (c, v) => c with { IsLogAppendTime = v == "LogAppendTime" }, "CreateTime", "LogAppendTime"),
        new LogConfigKey("min.cleanable.dirty.ratio", ConfigType.Double, "0.5",
            "The dirty share at which compaction starts.")
        {
            Apply = static (c, v) =>
                double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out var ratio)
                    && ratio is >= 0 and <= 1
                    ? (c with { MinCleanableDirtyRatio = ratio }, null)
                    : (null, "must be a number from 0 to 1"),
        },
        Long("min.compaction.lag.ms", "0", 0, "How long a record stays uncompacted at least.",
            static (c, v) => c with { MinCompactionLagMs = v }),
        Int("min.insync.replicas", "1", 1, int.MaxValue,
            "Accepted for compatibility: acks=all waits for the one node, whatever this says.",
            static (c, v) => c with { MinInsyncReplicas = v }),
        Flag("preallocate", "false", NoEffect),
        Flag("remote.log.copy.disable", "false", NoEffect),
        Flag("remote.log.delete.on.disable", "false", NoEffect),
        Flag("remote.storage.enable", "false", NoEffect),
        Long("retention.bytes", "-1", -1, "Oldest segments go when the partition is larger; -1: no limit.",
            static (c, v) => c with { RetentionBytes = v }),
        Long("retention.ms", "604800000", -1, "Segments go when their newest record is older; -1: no limit.",
            static (c, v) => c with { RetentionMs = v }),
        // Kafka 4 asks for a mebibyte; smaller ones are what tests of rolling and retention need.
        Int("segment.bytes", "1073741824", 14, int.MaxValue, "A segment is closed before it grows over this.",
            static (c, v) => c with { SegmentBytes = v }),
        Int("segment.index.bytes", "10485760", 4, int.MaxValue, "A segment is closed before an index grows over this.",
            static (c, v) => c with { SegmentIndexBytes = v }),
        Long("segment.jitter.ms", "0", 0, NoEffect, static (c, _) => c),
        Long("segment.ms", "604800000", 1, "A segment is closed when its first record is this old.",
            static (c, v) => c with { SegmentMs = v }),
        Flag("unclean.leader.election.enable", "false", NoEffect),
    ];

    static readonly FrozenDictionary<string, LogConfigKey> ByName =
        All.ToFrozenDictionary(static k => k.Name, StringComparer.Ordinal);

    public static bool TryGet(string name, out LogConfigKey key) => ByName.TryGetValue(name, out key!);

    static LogConfigKey Int(
        string name, string defaultText, int least, int most, string doc, Func<LogConfig, int, LogConfig> set) =>
        new(name, ConfigType.Int, defaultText, doc)
        {
            Apply = (c, v) =>
                int.TryParse(v, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number >= least && number <= most
                ? (set(c, number), null)
                : (null, most == int.MaxValue
                    ? $"must be a whole number, at least {least}"
                    : $"must be a whole number from {least} to {most}"),
        };

    static LogConfigKey Long(string name, string defaultText, long least, string doc,
        Func<LogConfig, long, LogConfig> set) =>
        new(name, ConfigType.Long, defaultText, doc)
        {
            Apply = (c, v) =>
                long.TryParse(v, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number >= least
                ? (set(c, number), null)
                : (null, $"must be a whole number, at least {least}"),
        };

    static LogConfigKey Text(
        string name, string defaultText, string doc, Func<LogConfig, string, LogConfig> set, params string[] allowed) =>
        new(name, ConfigType.String, defaultText, doc)
        {
            Apply = (c, v) => allowed.Contains(v)
                ? (set(c, v), null)
                : (null, $"must be one of {string.Join(", ", allowed)}"),
        };

    static LogConfigKey Flag(string name, string defaultText, string doc) =>
        new(name, ConfigType.Boolean, defaultText, doc)
        {
            Apply = static (c, v) => v.ToUpperInvariant() is "TRUE" or "FALSE" ? (c, null)
                : (null, "must be true or false"),
        };

    static LogConfigKey List(
        string name, string defaultText, string doc, Func<LogConfig, string[], LogConfig?> set, string error) =>
        new(name, ConfigType.List, defaultText, doc)
        {
            Apply = (c, v) =>
                set(c, v.Split(',',
                    StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) is { } config
                    ? (config, null)
                    : (null, error),
        };
}
