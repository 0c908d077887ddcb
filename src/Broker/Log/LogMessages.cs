using Microsoft.Extensions.Logging;

namespace Millrace.Broker.Log;

static partial class LogMessages
{
    [LoggerMessage(EventId = 100, Level = LogLevel.Error,
        Message = "{Topic}-{Partition} is offline: a write or flush failed. "
        + "Repair the storage and start the broker again.")]
    public static partial void LogOffline(ILogger logger, Exception exception, string topic, int partition);

    [LoggerMessage(EventId = 101, Level = LogLevel.Error, Message = "Reading {Topic}-{Partition} at {Offset} failed.")]
    public static partial void ReadFailed(ILogger logger, Exception exception, string topic, int partition,
        long offset);

    [LoggerMessage(EventId = 102, Level = LogLevel.Warning, Message = "Maintenance of {Topic}-{Partition} failed; "
        + "it is tried again.")]
    public static partial void MaintenanceFailed(ILogger logger, Exception exception, string topic, int partition);

    [LoggerMessage(EventId = 103, Level = LogLevel.Information,
        Message = "{Topic}-{Partition}: deleted the segment of offsets "
        + "{BaseOffset} to {EndOffset}.")]
    public static partial void SegmentDeleted(ILogger logger, string topic, int partition, long baseOffset,
        long endOffset);

    [LoggerMessage(EventId = 104, Level = LogLevel.Warning,
        Message = "{Topic}-{Partition}: cut {Bytes} bytes behind offset "
        + "{EndOffset} after an unclean stop: {Reason}.")]
    public static partial void TailCut(
        ILogger logger, string topic, int partition, long bytes, long endOffset, string reason);

    [LoggerMessage(EventId = 105, Level = LogLevel.Information,
        Message = "{Topic}-{Partition}: recovered to offset {EndOffset}, "
        + "{Bytes} bytes read.")]
    public static partial void Recovered(ILogger logger, string topic, int partition, long endOffset, long bytes);

    [LoggerMessage(EventId = 106, Level = LogLevel.Warning,
        Message = "'{Directory}' belongs to no known topic; it is set "
        + "aside as '{Renamed}'.")]
    public static partial void StrayDirectory(ILogger logger, string directory, string renamed);

    [LoggerMessage(EventId = 107, Level = LogLevel.Warning,
        Message = "Maintenance of '{Directory}' failed; it is tried again.")]
    public static partial void DirectoryMaintenanceFailed(ILogger logger, Exception exception, string directory);

    [LoggerMessage(EventId = 108, Level = LogLevel.Error,
        Message = "{Topic}-{Partition} could not be opened; it stays offline.")]
    public static partial void OpenFailed(ILogger logger, Exception exception, string topic, int partition);
}
