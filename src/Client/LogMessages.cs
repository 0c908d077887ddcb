using Microsoft.Extensions.Logging;
using Millrace.Protocol;

namespace Millrace.Client;

/// <summary>Every log line of the client, except those of consuming and groups. Event ids are stable.</summary>
static partial class LogMessages
{
    [LoggerMessage(1000, LogLevel.Error,
        "The background loop {Name} ended with an error; this is a bug of the client.")]
    public static partial void LoopFailed(ILogger logger, Exception exception, string name);

    [LoggerMessage(1001, LogLevel.Debug, "Connected to {Broker} ({Kind}).")]
    public static partial void Connected(ILogger logger, string broker, string kind);

    [LoggerMessage(1002, LogLevel.Warning, "Could not connect to {Broker} ({Kind}), try {Attempt}: {Reason}")]
    public static partial void ConnectFailed(ILogger logger, string broker, string kind, int attempt, string reason);

    [LoggerMessage(1003, LogLevel.Information,
        "The connection to {Broker} was closed with {InFlight} requests in flight: {Reason}")]
    public static partial void ConnectionClosed(ILogger logger, string broker, int inFlight, string reason);

    [LoggerMessage(1004, LogLevel.Debug, "{Broker} throttles this client for {ThrottleMs} ms.")]
    public static partial void Throttled(ILogger logger, string broker, int throttleMs);

    [LoggerMessage(1005, LogLevel.Information,
        "{Broker} has not answered {Api} yet; asking the cluster whether it is still there.")]
    public static partial void Slow(ILogger logger, string broker, ApiKey api);

    [LoggerMessage(1010, LogLevel.Warning, "Metadata could not be refreshed: {Reason}")]
    public static partial void MetadataFailed(ILogger logger, string reason);

    [LoggerMessage(1011, LogLevel.Warning, "Starting again from the bootstrap servers: {Reason}")]
    public static partial void Rebootstrap(ILogger logger, string reason);

    [LoggerMessage(1012, LogLevel.Warning,
        "The bootstrap servers now belong to cluster {NewCluster}, before to {OldCluster}.")]
    public static partial void ClusterChanged(ILogger logger, string? newCluster, string? oldCluster);

    [LoggerMessage(1020, LogLevel.Debug, "The producer has id {ProducerId}, epoch {Epoch}.")]
    public static partial void ProducerIdAcquired(ILogger logger, long producerId, short epoch);

    [LoggerMessage(1021, LogLevel.Warning,
        "Producing to {Topic}-{Partition} failed with {Error}; {Count} records will be sent again (try {Attempt}).")]
    public static partial void ProduceRetry(
        ILogger logger, string topic, int partition, string error, int count, int attempt);

    [LoggerMessage(1022, LogLevel.Error, "{Count} records for {Topic}-{Partition} could not be delivered: {Reason}")]
    public static partial void ProduceFailed(ILogger logger, int count, string topic, int partition, string reason);

    [LoggerMessage(1023, LogLevel.Warning,
        "The producer raises its epoch to {Epoch} because of {Topic}-{Partition}: {Reason}")]
    public static partial void EpochRaised(ILogger logger, short epoch, string topic, int partition, string reason);

    [LoggerMessage(1024, LogLevel.Warning, "No producer id could be had: {Reason}")]
    public static partial void ProducerIdFailed(ILogger logger, string reason);

    [LoggerMessage(1025, LogLevel.Error,
        "The producer was disposed, and no flush had reported that {Count} enqueued records failed; first: {Reason}")]
    public static partial void UnreportedFailures(ILogger logger, long count, string reason);
}
