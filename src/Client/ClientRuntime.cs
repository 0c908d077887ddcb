using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Protocol.Wire;

namespace Millrace.Client;

/// <summary>The seams of the client: the clock, the transport, randomness, buffers and logs. The defaults are the
/// production ones; tests and simulations pass their own.</summary>
public sealed record ClientRuntime
{
    readonly Lock _randomLock = new();

    /// <summary>The clock and the maker of timers.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>How connections are opened. TCP by default.</summary>
    public ITransport Transport { get; init; } = new TcpTransport();

    /// <summary>Randomness for jitter, for the choice of brokers and for the partitioner. Need not be safe for threads:
    /// the client takes a lock around it.</summary>
    // The seam's default, the one place that may name the shared source.
#pragma warning disable RS0030
    public Random Random { get; init; } = Random.Shared;
#pragma warning restore RS0030

    /// <summary>Where frames and batches are rented from.</summary>
    public BufferPool BufferPool { get; init; } = BufferPool.Default;

    /// <summary>Where logs go.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Milliseconds of the monotonic clock; the origin has no meaning.</summary>
    internal long NowMs() => (long)TimeProvider.GetElapsedTime(0).TotalMilliseconds;

    /// <summary>Milliseconds of the wall clock since 1970, for record timestamps.</summary>
    internal long UnixMs() => TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    internal int NextRandom(int below)
    {
        lock (_randomLock)
        {
            return Random.Next(below);
        }
    }

    internal double NextDouble()
    {
        lock (_randomLock)
        {
            return Random.NextDouble();
        }
    }
}
