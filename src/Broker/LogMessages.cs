using Microsoft.Extensions.Logging;
using Millrace.Protocol;

namespace Millrace.Broker;

/// <summary>What the server and the coordinators log. Ids below 100; the log has its own from 100 on.</summary>
static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information,
        "Broker {NodeId} of cluster {ClusterId} listens on {Endpoint}, data in {DataDirectory}, "
        + "flush policy {FlushPolicy}")]
    public static partial void Started(
        this ILogger logger, int nodeId, string clusterId, string endpoint, string dataDirectory, string flushPolicy);

    [LoggerMessage(2, LogLevel.Information, "Broker {NodeId} stopped; clean: {IsClean}")]
    public static partial void Stopped(this ILogger logger, int nodeId, bool isClean);

    [LoggerMessage(3, LogLevel.Information, "Port {Wanted} is taken: listening on {Actual}")]
    public static partial void PortMoved(this ILogger logger, int wanted, int actual);

    [LoggerMessage(4, LogLevel.Debug, "{Remote} connected")]
    public static partial void Connected(this ILogger logger, string remote);

    [LoggerMessage(5, LogLevel.Debug, "{Remote} disconnected: {Reason}")]
    public static partial void Disconnected(this ILogger logger, string remote, string reason);

    [LoggerMessage(6, LogLevel.Warning, "Closing {Remote}: {Problem}")]
    public static partial void BadRequest(this ILogger logger, string remote, string problem);

    [LoggerMessage(7, LogLevel.Error, "Closing {Remote}: {Api} version {Version} failed")]
    public static partial void HandlerFailed(
        this ILogger logger, Exception error, string remote, ApiKey api, short version);

    [LoggerMessage(
        8, LogLevel.Warning, "Refusing {Remote}: {Count} connections are open, the limit (Limits.MaxConnections)")]
    public static partial void TooManyConnections(this ILogger logger, string remote, int count);

    [LoggerMessage(9, LogLevel.Error, "The listener on {Endpoint} failed; it tries to go on")]
    public static partial void AcceptFailed(this ILogger logger, Exception error, string endpoint);

    [LoggerMessage(10, LogLevel.Information, "Loaded {Groups} groups from {Records} records of {Topic}")]
    public static partial void GroupsLoaded(this ILogger logger, int groups, long records, string topic);

    [LoggerMessage(11, LogLevel.Error, "The group coordinator could not write its records: {Error}")]
    public static partial void CoordinatorAppendFailed(this ILogger logger, ErrorCode error);

    [LoggerMessage(12, LogLevel.Error, "A call of the group coordinator failed")]
    public static partial void CoordinatorCallFailed(this ILogger logger, Exception error);

    [LoggerMessage(13, LogLevel.Information, "Created topic {Topic} with {Partitions} partitions")]
    public static partial void TopicCreated(this ILogger logger, string topic, int partitions);

    [LoggerMessage(14, LogLevel.Information, "Deleted topic {Topic}")]
    public static partial void TopicDeleted(this ILogger logger, string topic);

    [LoggerMessage(16, LogLevel.Error, "The connection of {Remote} failed in a way that is not expected; it is closed")]
    public static partial void ConnectionFailed(this ILogger logger, Exception error, string remote);

    [LoggerMessage(17, LogLevel.Warning,
        "The topic catalogue in {Directory} ended in {Bytes} bytes that are no sound change; they were cut off. After "
            + "a crash that is the change it interrupted; else the file was damaged: compare the topics with a "
            + "backup.")]
    public static partial void CatalogCut(this ILogger logger, string directory, long bytes);

    [LoggerMessage(15, LogLevel.Warning, "Skipped a record of {Topic} at offset {Offset}: {Problem}")]
    public static partial void RecordSkipped(this ILogger logger, string topic, long offset, string problem);
}
