using Microsoft.Extensions.Logging;

namespace Millrace.Client.Consume;

/// <summary>Every log line of consuming and groups. Event ids are stable.</summary>
static partial class ConsumerLog
{
    [LoggerMessage(1100, LogLevel.Warning,
        "{Topic}-{Partition} was truncated to offset {EndOffset}, below offset {Position}, up to which it was "
            + "read: records were lost by an unclean election.")]
    public static partial void Truncated(ILogger logger, string topic, int partition, long endOffset, long position);

    [LoggerMessage(1101, LogLevel.Information,
        "Reading {Topic}-{Partition} goes on at offset {Offset}, which ListOffsets found.")]
    public static partial void PositionFound(ILogger logger, string topic, int partition, long offset);

    [LoggerMessage(1102, LogLevel.Debug, "Fetching from broker {Node} failed: {Reason}")]
    public static partial void FetchFailed(ILogger logger, int node, string reason);

    [LoggerMessage(1103, LogLevel.Warning, "The position of {Topic}-{Partition} could not be found: {Reason}")]
    public static partial void ResetFailed(ILogger logger, string topic, int partition, string reason);

    [LoggerMessage(1110, LogLevel.Information,
        "Group {Group}: {Kind} {Count} partitions (member {Member}, generation {Generation}).")]
    public static partial void GroupEvent(
        ILogger logger, string group, string kind, int count, string member, int generation);

    [LoggerMessage(1111, LogLevel.Debug, "Group {Group}: {Request} failed: {Reason}")]
    public static partial void GroupRequestFailed(ILogger logger, string group, string request, string reason);

    [LoggerMessage(1112, LogLevel.Warning, "Group {Group}: committed offsets of {Count} partitions could not be "
        + "read and will be asked for again: {Reason}")]
    public static partial void CommittedFailed(ILogger logger, string group, int count, string reason);

    [LoggerMessage(1113, LogLevel.Warning,
        "Group {Group}: leaving it failed; the coordinator notices after the session timeout: {Reason}")]
    public static partial void LeaveFailed(ILogger logger, string group, string reason);
}
