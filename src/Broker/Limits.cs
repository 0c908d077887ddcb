namespace Millrace.Broker;

/// <summary>The limits of a broker. Each default says why it is what it is.</summary>
public sealed record Limits
{
    /// <summary>The largest request frame, in bytes; a larger one closes the connection. Kafka's
    /// socket.request.max.bytes (100 MiB): clients size their batches by it.</summary>
    public int MaxRequestBytes { get; init; } = 100 * 1024 * 1024;

    /// <summary>Connections at once, over all listeners; one more is closed at once. Each costs a read buffer of
    /// <see cref="ReceiveBufferBytes"/>: this many cost 640 MiB at worst.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Requests of one connection that are being worked on. Clients have 5 in flight by default, some up to
    /// 100; more only hides a client that does not read its answers.</summary>
    public int MaxInFlightPerConnection { get; init; } = 128;

    /// <summary>Bytes of the requests of one connection that are being worked on, and of records in answers that it has
    /// not taken; reading stops above it. One request is always let in. Room for a full window of 16 MiB
    /// batches.</summary>
    public int MaxInFlightBytesPerConnection { get; init; } = 80 * 1024 * 1024;

    /// <summary>Bytes read from a connection at once. As much as Linux hands over in one call under load.</summary>
    public int ReceiveBufferBytes { get; init; } = 64 * 1024;

    /// <summary>A connection without traffic is closed after this. Kafka's connections.max.idle.ms (10 minutes):
    /// clients close theirs after 9.</summary>
    public TimeSpan ConnectionIdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The most bytes of one fetch answer, whatever the client asks for. Kafka's fetch.max.bytes (55
    /// MiB).</summary>
    public int MaxFetchBytes { get; init; } = 55 * 1024 * 1024;

    /// <summary>The longest that a fetch waits, whatever the client asks for: longer than any client's request timeout
    /// helps nobody.</summary>
    public TimeSpan MaxFetchWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Members of one group (group.max.size). A rebalance answers the leader with every member's
    /// metadata.</summary>
    public int MaxGroupSize { get; init; } = 10_000;

    /// <summary>Partitions of all topics together. Each has a directory and at least one open file.</summary>
    public int MaxPartitions { get; init; } = 50_000;

    /// <summary>Calls that wait for the group coordinator; above it requests are answered COORDINATOR_NOT_AVAILABLE,
    /// which clients try again. A second's worth of work.</summary>
    public int MaxCoordinatorQueue { get; init; } = 100_000;

    /// <summary>How long a stop waits for requests that are being worked on before it cuts connections.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(2);
}
