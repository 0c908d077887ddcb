namespace Millrace.Orders;

/// <summary>What the command line says, with its defaults.</summary>
sealed record OrdersOptions
{
    public const string Topic = "order.events";
    public const string Group = "order-consumer";

    /// <summary>How many records a generated feed has in all, over all runs.</summary>
    public long Orders { get; init; } = 100_000;

    /// <summary>How many events each generated order has.</summary>
    public int EventsPerOrder { get; init; } = 1;

    public int Seed { get; init; } = 42;

    /// <summary>A file of JSON lines, or <c>-</c> for standard input; null for generated orders.</summary>
    public string? Input { get; init; }

    public bool NoFeed { get; init; }

    /// <summary>A cluster to use instead of the embedded broker.</summary>
    public string? Bootstrap { get; init; }

    public int Port { get; init; } = 9092;

    /// <summary>Records per second; null for as fast as they are taken.</summary>
    public double? Rate { get; init; }

    public int Partitions { get; init; } = 12;

    /// <summary>-1 leaves it to the cluster's default.</summary>
    public short ReplicationFactor { get; init; } = -1;

    /// <summary>Handlers at once.</summary>
    public int Concurrency { get; init; } = 128;

    /// <summary>How long the downstream service of each record takes.</summary>
    public TimeSpan Work { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Where the broker's log and <c>orders.db</c> lie.</summary>
    public string Data { get; init; } = "";

    public string? Summary { get; init; }
}
