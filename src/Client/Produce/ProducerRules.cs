using Microsoft.Extensions.Logging;

namespace Millrace.Client.Produce;

/// <summary>What all partitions of a producer share: numbers from its options, and the pools.</summary>
sealed class ProducerRules(ProducerOptions options, ClientRuntime runtime)
{
    // The Java client's default batch size: records without keys stay with one partition for that long (KIP-794), so
    // that
    // its batches fill, and consumers of all partitions still get their share of a slow stream.
    const int BytesPerStickyTurn = 16 * 1024;

    public ProducerOptions Options { get; } = options;

    public ClientRuntime Runtime { get; } = runtime;

    public ILogger Logger { get; } = runtime.LoggerFactory.CreateLogger("Millrace.Client.Produce");

    public BatchPool Batches { get; } = new(runtime.BufferPool, options.BatchSize, options.BufferMemory / 2);

    public ProducerIdentity Identity { get; } = new();

    public bool IsIdempotent { get; } = options.Idempotent;

    public int MaxInFlight { get; } = options.MaxInFlight;

    public long LingerMs { get; } = (long)Math.Ceiling(options.Linger.TotalMilliseconds);

    public long DeliveryTimeoutMs { get; } = (long)options.DeliveryTimeout.TotalMilliseconds;

    public int StickyBytes { get; } = Math.Min(BytesPerStickyTurn, options.BatchSize);

    /// <summary>How many bytes an unfinished batch must have to be sent at once: the more requests are on their way,
    /// the fuller it
    /// must be. With none, an eighth of a batch is worth a request; from two on only a full one is.</summary>
    public int WorthSending(int inFlight) => inFlight switch
    {
        0 => Options.BatchSize / 8,
        1 => Options.BatchSize / 4,
        _ => Options.BatchSize,
    };
}
