using Millrace.Broker.Log;

namespace Millrace.Broker;

/// <summary>How a broker is set up. Checked when it starts.</summary>
public sealed record BrokerOptions
{
    /// <summary>Where the data is, made if missing; null keeps everything in memory. One broker at a time may use a
    /// directory.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>The address to listen on: loopback, because without security nobody else should come in.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port to listen on; 0 takes a free one. Kafka's 9092.</summary>
    public int Port { get; init; } = 9092;

    /// <summary>When the port is taken, try the ones after it, up to 100. See <see cref="KafkaBroker.Port"/>.</summary>
    public bool NextFreePort { get; init; }

    /// <summary>What clients are told to connect to; null for <see cref="Host"/> (or the machine's name, if that means
    /// all addresses).</summary>
    public string? AdvertisedHost { get; init; }

    /// <summary>The port that clients are told, when it is mapped; null for the one that is listened on.</summary>
    public int? AdvertisedPort { get; init; }

    /// <summary>When an acknowledged record is safe. <see cref="FlushPolicy.Os"/> by default, which survives the death
    /// of the process but not a loss of power: what Apache Kafka promises, and what tests and development want. Use
    /// <see cref="FlushPolicy.Group"/> where the data must survive a loss of power.</summary>
    public FlushPolicy Flush { get; init; } = FlushPolicy.Os;

    /// <summary>The cluster's id; null for that of the data directory, or a new one.</summary>
    public string? ClusterId { get; init; }

    /// <summary>The broker's number in the cluster.</summary>
    public int NodeId { get; init; } = 1;

    /// <summary>Create a topic when a client asks for its metadata and allows it (auto.create.topics.enable). Kafka's
    /// default.</summary>
    public bool AutoCreateTopics { get; init; } = true;

    /// <summary>Partitions of a topic whose creator does not say (num.partitions). Kafka's default.</summary>
    public int DefaultPartitions { get; init; } = 1;

    /// <summary>Treat a replication factor above 1 as 1. Off: as Kafka with one broker, such a topic is refused with
    /// INVALID_REPLICATION_FACTOR.</summary>
    public bool ClampReplicationFactor { get; init; }

    /// <summary>Topic settings, by Kafka's names, for topics that do not say otherwise.</summary>
    public IReadOnlyDictionary<string, string> TopicDefaults { get; init; } = new Dictionary<string, string>();

    /// <summary>How long the first rebalance of an empty group waits for more members
    /// (group.initial.rebalance.delay.ms). Kafka: 3 s; on one machine that is what users notice, so it is
    /// off.</summary>
    public TimeSpan InitialRebalanceDelay { get; init; } = TimeSpan.Zero;

    /// <summary>The shortest session timeout of a group member (group.min.session.timeout.ms). Kafka's 6 s protect a
    /// shared cluster; tests want to see an expiry sooner.</summary>
    public TimeSpan MinSessionTimeout { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest session timeout (group.max.session.timeout.ms). Kafka's default.</summary>
    public TimeSpan MaxSessionTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long committed offsets stay after a group became empty (offsets.retention.minutes). Kafka's
    /// default.</summary>
    public TimeSpan OffsetsRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Limits against bad input and overload.</summary>
    public Limits Limits { get; init; } = new();

    // One line that names the option and the remedy, or null.
    internal string? Check() =>
        CheckAddresses() ?? CheckLimits() ?? CheckRest();

    string? CheckAddresses()
    {
        if (string.IsNullOrWhiteSpace(Host))
            return "Host is empty: give an address to listen on, for example 127.0.0.1.";
        if (Port is < 0 or > ushort.MaxValue)
            return $"Port is {Port}: give one from 1 to 65535, or 0 for any free one.";
        if (AdvertisedPort is { } port and (< 1 or > ushort.MaxValue))
            return $"AdvertisedPort is {port}: give one from 1 to 65535, or null for the port that is listened on.";
        return AdvertisedHost is { } host && (host.Length == 0 || host is "0.0.0.0" or "::")
            ? $"AdvertisedHost is '{host}': clients cannot connect to it; give a name or address that they can reach."
            : null;
    }

    string? CheckLimits()
    {
        if (Limits.MaxRequestBytes < 1024)
            return $"Limits.MaxRequestBytes is {Limits.MaxRequestBytes}: give at least 1024.";
        if (Limits.MaxConnections < 1)
            return $"Limits.MaxConnections is {Limits.MaxConnections}: give at least 1.";
        if (Limits.MaxInFlightPerConnection < 1)
            return $"Limits.MaxInFlightPerConnection is {Limits.MaxInFlightPerConnection}: give at least 1.";
        if (Limits.ReceiveBufferBytes < 1024)
            return $"Limits.ReceiveBufferBytes is {Limits.ReceiveBufferBytes}: give at least 1024.";
        if (Limits.MaxCoordinatorQueue < 1)
            return $"Limits.MaxCoordinatorQueue is {Limits.MaxCoordinatorQueue}: give at least 1.";
        return Limits.ConnectionIdleTimeout <= TimeSpan.Zero
            ? $"Limits.ConnectionIdleTimeout is {Limits.ConnectionIdleTimeout}: give a positive time."
            : null;
    }

    string? CheckRest()
    {
        if (NodeId < 0)
            return $"NodeId is {NodeId}: give a number from 0.";
        if (DataDirectory is { } path && string.IsNullOrWhiteSpace(path))
            return "DataDirectory is empty: give a path, or null to keep everything in memory.";
        if (Flush.Mode == FlushMode.Interval && Flush.Interval <= TimeSpan.Zero)
            return "Flush has no interval: use FlushPolicy.Every with a positive one.";
        if (DefaultPartitions < 1)
            return $"DefaultPartitions is {DefaultPartitions}: give at least 1.";
        if (MinSessionTimeout <= TimeSpan.Zero || MaxSessionTimeout < MinSessionTimeout)
        {
            return $"MinSessionTimeout {MinSessionTimeout} and MaxSessionTimeout {MaxSessionTimeout} are no range: "
                + "the first must be positive and not above the second.";
        }

        if (InitialRebalanceDelay < TimeSpan.Zero)
            return $"InitialRebalanceDelay is {InitialRebalanceDelay}: give zero or more.";
        var defaults = TopicDefaults.Select(static s => new KeyValuePair<string, string?>(s.Key, s.Value));
        return LogConfig.TryParse(defaults, LogConfig.Default, out _) is { } wrong ? $"TopicDefaults: {wrong}" : null;
    }
}
