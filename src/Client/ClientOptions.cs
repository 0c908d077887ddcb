using System.Globalization;

namespace Millrace.Client;

/// <summary>How to reach a cluster. Everything but <see cref="BootstrapServers"/> has a default.</summary>
public sealed record ClientOptions
{
    /// <summary>Where to begin: <c>host:port</c>, several separated by commas. IPv6 addresses stand in
    /// brackets.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>The name that brokers see in their logs and quotas. Default <c>millrace</c>.</summary>
    public string ClientId { get; init; } = "millrace";

    /// <summary>How long a broker may take to answer. When it passes, the connection is closed and everything in flight
    /// on it is in doubt. Default 30 s, as in the Java client.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one call of the client may take with all its retries (admin calls, coordinator lookups).
    /// Default 60 s.</summary>
    public TimeSpan ApiTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long opening a connection may take, version negotiation and authentication included (KIP-601).
    /// Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The first pause after a failed connection; doubles with jitter up to
    /// <see cref="ReconnectBackoffMax"/> (KIP-144). Default 50 ms.</summary>
    public TimeSpan ReconnectBackoff { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest pause between two tries to connect to the same broker. Default 1 s.</summary>
    public TimeSpan ReconnectBackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The first pause before a failed request is tried again; doubles with jitter up to
    /// <see cref="RetryBackoffMax"/>. Default 100 ms.</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between two tries of one request. Default 1 s.</summary>
    public TimeSpan RetryBackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How old metadata may get before it is asked for again without need. Default 5 min.</summary>
    public TimeSpan MetadataMaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The shortest time between two metadata requests that failures ask for, so that a thousand failed
    /// partitions
    /// cause one request. Default 100 ms.</summary>
    public TimeSpan MetadataMinAge { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long an unused connection stays open. Default 9 min: below the broker's own limit of 10, so that
    /// the
    /// client closes first and no request meets a closed connection.</summary>
    public TimeSpan ConnectionMaxIdle { get; init; } = TimeSpan.FromMinutes(9);

    /// <summary>The largest answer that is accepted, in bytes. Default 128 MiB: above the 50 MiB that a fetch asks
    /// for at most
    /// (a broker may exceed that by one batch), and small enough that a wrong length cannot exhaust memory.</summary>
    public int MaxResponseBytes { get; init; } = 128 * 1024 * 1024;

    /// <summary>Lets a broker create a topic that does not exist when it is first written to or read, if its own
    /// <c>auto.create.topics.enable</c> agrees. Default false: a mistyped name should not become a topic.</summary>
    public bool AllowAutoTopicCreation { get; init; }

    /// <summary>How long a broker may be silent before the others are asked whether it is still there. A sixth of the
    /// request timeout, 5 s by default: brokers that hang are fenced by the cluster after 9 s, and a partition whose
    /// leader moved need not wait for the whole timeout.</summary>
    internal TimeSpan SlowAfter => RequestTimeout / 6;

    /// <summary>Checks every value and returns the parsed bootstrap list.</summary>
    internal IReadOnlyList<(string Host, int Port)> Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(ClientId, nameof(ClientId));
        Positive(RequestTimeout, nameof(RequestTimeout));
        Positive(ApiTimeout, nameof(ApiTimeout));
        Positive(ConnectTimeout, nameof(ConnectTimeout));
        Positive(ReconnectBackoff, nameof(ReconnectBackoff));
        Positive(RetryBackoff, nameof(RetryBackoff));
        Positive(MetadataMaxAge, nameof(MetadataMaxAge));
        Positive(MetadataMinAge, nameof(MetadataMinAge));
        Positive(ConnectionMaxIdle, nameof(ConnectionMaxIdle));
        NotBelow(ReconnectBackoffMax, ReconnectBackoff, nameof(ReconnectBackoffMax), nameof(ReconnectBackoff));
        NotBelow(RetryBackoffMax, RetryBackoff, nameof(RetryBackoffMax), nameof(RetryBackoff));
        if (MaxResponseBytes < 1024 * 1024)
        {
            throw new ArgumentOutOfRangeException(
                nameof(MaxResponseBytes), MaxResponseBytes, "MaxResponseBytes must be at least 1 MiB.");
        }
        return ParseBootstrap(BootstrapServers);
    }

    internal static IReadOnlyList<(string Host, int Port)> ParseBootstrap(string? servers)
    {
        var result = new List<(string, int)>();
        foreach (var entry in (servers ?? "").Split(
            ',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = entry.LastIndexOf(':');
            var host = colon > 0 ? entry[..colon].Trim('[', ']') : "";
            if (host.Length == 0 || (host.Contains(':', StringComparison.Ordinal) && entry[0] != '[')
                || !int.TryParse(entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                || port is 0 or > 65535)
            {
                throw new ArgumentException(
                    $"BootstrapServers: '{entry}' is not host:port. "
                    + "Write for example '127.0.0.1:9092', or '[::1]:9092' for IPv6.");
            }
            result.Add((host, port));
        }
        return result.Count > 0 ? result : throw new ArgumentException(
            "BootstrapServers is empty. Name at least one broker, for example '127.0.0.1:9092'.");
    }

    internal static void Positive(TimeSpan value, string name)
    {
        if (value <= TimeSpan.Zero || value.TotalMilliseconds > int.MaxValue)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be above zero and below 24 days.");
        }
    }

    static void NotBelow(TimeSpan value, TimeSpan floor, string name, string floorName)
    {
        Positive(value, name);
        if (value < floor)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must not be below {floorName} ({floor}).");
        }
    }
}
