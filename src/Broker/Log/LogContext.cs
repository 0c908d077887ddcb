using Microsoft.Extensions.Logging;
using Millrace.Broker.Storage;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Log;

/// <summary>What all logs of a data directory share.</summary>
/// <param name="Files">The file system.</param>
/// <param name="Pool">Buffers.</param>
/// <param name="Limits">Limits and periods.</param>
/// <param name="Flush">The flush policy.</param>
/// <param name="Committer">The one who flushes.</param>
/// <param name="Logger">For what an operator should know.</param>
sealed record LogContext(
    IFileSystem Files,
    BufferPool Pool,
    LogLimits Limits,
    FlushPolicy Flush,
    Committer Committer,
    ILogger Logger)
{
    /// <summary>Small files survive a loss of power, not only a kill.</summary>
    public bool IsDurable => Flush.Mode is FlushMode.Group or FlushMode.Interval;
}
