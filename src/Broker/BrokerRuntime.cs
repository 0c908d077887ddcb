using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Broker.Server;
using Millrace.Broker.Storage;
using Millrace.Protocol.Wire;

namespace Millrace.Broker;

/// <summary>What a broker takes from its surroundings. The defaults are those of production.</summary>
public sealed record BrokerRuntime
{
    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What to listen on, all at once: the first takes <see cref="BrokerOptions.Host"/> and
    /// <see cref="BrokerOptions.Port"/>, every other one the same host and the port that the first got.</summary>
    public IReadOnlyList<ITransport> Transports { get; init; } = [new TcpTransport()];

    /// <summary>Where data is kept.</summary>
    public IFileSystem Files { get; init; } = DiskFileSystem.Instance;

    /// <summary>Where ids come from; null for a generator with an unpredictable seed.</summary>
    public Random? Random { get; init; }

    /// <summary>Where buffers come from.</summary>
    public BufferPool Pool { get; init; } = BufferPool.Default;

    /// <summary>Where log messages go.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Sees every request before its handler; null for none.</summary>
    internal IRequestGate? Gate { get; init; }
}
