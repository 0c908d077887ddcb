using Microsoft.Extensions.Logging;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Server;

/// <summary>What every connection needs.</summary>
sealed record ServerContext(
    RequestRouter Router, Limits Limits, TimeProvider Time, BufferPool Pool, ILogger Logger, Metrics Metrics);
