namespace Millrace.Broker.Log;

/// <summary>The settings of one topic, typed. Names, defaults and bounds are Kafka's; <see cref="LogConfigKeys"/> is
/// the table that parses and describes them.</summary>
sealed record LogConfig
{
    public static LogConfig Default { get; } = new();

    /// <summary>cleanup.policy contains delete.</summary>
    public bool IsDeleting { get; init; } = true;

    /// <summary>cleanup.policy contains compact.</summary>
    public bool IsCompacting { get; init; }

    /// <summary>compression.type: <c>producer</c> keeps what the producer chose.</summary>
    public string CompressionType { get; init; } = "producer";

    public long DeleteRetentionMs { get; init; } = 86_400_000;

    public long FileDeleteDelayMs { get; init; } = 60_000;

    public int IndexIntervalBytes { get; init; } = 4096;

    public long MaxCompactionLagMs { get; init; } = long.MaxValue;

    public int MaxMessageBytes { get; init; } = 1_048_588;

    public long TimestampAfterMaxMs { get; init; } = 3_600_000;

    public long TimestampBeforeMaxMs { get; init; } = long.MaxValue;

    /// <summary>message.timestamp.type is LogAppendTime.</summary>
    public bool IsLogAppendTime { get; init; }

    public double MinCleanableDirtyRatio { get; init; } = 0.5;

    public long MinCompactionLagMs { get; init; }

    public int MinInsyncReplicas { get; init; } = 1;

    /// <summary>retention.bytes; -1 for no limit.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>retention.ms; -1 for no limit.</summary>
    public long RetentionMs { get; init; } = 604_800_000;

    public int SegmentBytes { get; init; } = 1_073_741_824;

    public int SegmentIndexBytes { get; init; } = 10_485_760;

    public long SegmentMs { get; init; } = 604_800_000;

    /// <summary>Reads settings over defaults.</summary>
    /// <param name="settings">Name to value, as CreateTopics and AlterConfigs carry them. A null value means the
    /// default.</param>
    /// <param name="defaults">What holds for names that are not there.</param>
    /// <param name="config">The result; the defaults when it failed.</param>
    /// <returns>Null, or what is wrong: one line that names the setting, the value and what is allowed.</returns>
    public static string? TryParse(
        IEnumerable<KeyValuePair<string, string?>> settings, LogConfig defaults, out LogConfig config)
    {
        config = defaults;
        var parsed = defaults;
        foreach (var (name, value) in settings)
        {
            if (!LogConfigKeys.TryGet(name, out var key))
                return $"Unknown topic config '{name}'.";
            if (value is null)
                continue;
            if (key.TryApply(parsed, value, out var error) is not { } applied)
                return $"Invalid value '{value}' for '{name}': {error}.";
            parsed = applied;
        }
        config = parsed;
        return null;
    }
}
