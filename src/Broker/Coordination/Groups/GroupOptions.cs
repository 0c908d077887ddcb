namespace Millrace.Broker.Coordination.Groups;

/// <summary>The rules of groups, with Kafka's names.</summary>
sealed record GroupOptions
{
    /// <summary>group.initial.rebalance.delay.ms. Kafka waits 3 s so that a fleet that starts together is one
    /// rebalance; on one machine that wait is what users notice, so it is off.</summary>
    public int InitialRebalanceDelayMs { get; init; }

    /// <summary>group.min.session.timeout.ms. Kafka's floor of 6 s protects a shared cluster; tests want to see an
    /// expiry sooner.</summary>
    public int MinSessionTimeoutMs { get; init; } = 100;

    /// <summary>group.max.session.timeout.ms, as in Kafka: a dead member blocks its partitions no longer than
    /// this.</summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary>group.max.size. A rebalance answers the leader with every member's metadata: this bounds that
    /// answer.</summary>
    public int MaxSize { get; init; } = 10_000;

    /// <summary>Protocols (assignors) that one member may list; clients list two or three. A rebalance looks for each
    /// of them at every member.</summary>
    public int MaxProtocols { get; init; } = 100;

    /// <summary>How long a member that does not know its id yet may stay parked in JoinGroup; Kafka's
    /// constant.</summary>
    public int NewMemberJoinTimeoutMs { get; init; } = 300_000;

    /// <summary>offset.metadata.max.bytes, as in Kafka, counted in characters as Kafka does.</summary>
    public int OffsetMetadataMax { get; init; } = 4096;

    /// <summary>offsets.retention.minutes in milliseconds: 7 days, as in Kafka.</summary>
    public long OffsetsRetentionMs { get; init; } = 7L * 24 * 60 * 60 * 1000;

    /// <summary>offsets.retention.check.interval.ms, as in Kafka.</summary>
    public long OffsetsRetentionCheckIntervalMs { get; init; } = 600_000;
}
