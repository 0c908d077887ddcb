using Microsoft.Extensions.Logging;
using Millrace.Protocol;

namespace Millrace.Processing;

/// <summary>Everything this package logs. Nothing at Information per record.</summary>
sealed partial class LogMessages(ILogger logger)
{
    readonly ILogger _logger = logger;

    [LoggerMessage(
        1, LogLevel.Information, "Consumer {Group} started: {Topics}, {Order}, {Concurrency} handlers at once")]
    public partial void Started(string group, string topics, string order, int concurrency);

    [LoggerMessage(2, LogLevel.Information, "Consumer {Group} stopped")]
    public partial void Stopped(string group);

    [LoggerMessage(3, LogLevel.Critical, "Consumer {Group} ended by itself and handles nothing any more")]
    public partial void Failed(string group, Exception exception);

    [LoggerMessage(4, LogLevel.Information, "Consumer {Group} is switched off by configuration")]
    public partial void SwitchedOff(string group);

    [LoggerMessage(5, LogLevel.Information, "Created topic {Topic} with {Partitions} partitions")]
    public partial void TopicCreated(string topic, int partitions);

    [LoggerMessage(6, LogLevel.Warning,
        "Dead-letter topic {Topic} has {Partitions} partitions, its source {Source} has {SourcePartitions}: "
        + "dead letters go to partition modulo {Partitions}")]
    public partial void DeadLetterTopicSmaller(string topic, int partitions, string source, int sourcePartitions);

    [LoggerMessage(10, LogLevel.Debug,
        "{Topic}-{Partition}@{Offset}: attempt {Attempt} failed, next one in {Delay}")]
    public partial void RetryScheduled(
        string topic, int partition, long offset, int attempt, TimeSpan delay, Exception exception);

    [LoggerMessage(11, LogLevel.Warning, "{Topic}-{Partition}@{Offset}: skipped by rule in {Handler}")]
    public partial void RecordSkipped(string topic, int partition, long offset, string handler, Exception exception);

    [LoggerMessage(12, LogLevel.Warning,
        "{Topic}-{Partition}@{Offset}: dead-lettered to {Target} ({Reason}, attempts: {Attempts})")]
    public partial void DeadLettered(
        string topic, int partition, long offset, string target, string reason, int attempts, Exception exception);

    [LoggerMessage(13, LogLevel.Error,
        "{Topic}-{Partition}@{Offset}: the dead letter was not acknowledged by {Target}, next try in {Delay}; "
        + "the record stays pending")]
    public partial void DeadLetterNotAcknowledged(
        string topic, int partition, long offset, string target, TimeSpan delay, Exception exception);

    [LoggerMessage(14, LogLevel.Error,
        "{Partition} stopped at offset {Offset}: no rule covers this failure and there is no dead-letter topic. "
        + "Fix the cause and restart, or add a retry rule, DeadLetter() or Skip<T>()")]
    public partial void PartitionStopped(TopicPartition partition, long offset, Exception exception);

    [LoggerMessage(15, LogLevel.Error,
        "Consumer {Group}: {Partition} stopped at offset {Offset}: the bytes there cannot be read. Everything before "
        + "is handled, other partitions go on. Repair the log (another replica as leader) and restart the consumer; "
        + "or, to give up the records of the damaged batch, stop it, set the group's offset to {NextOffset}, start it")]
    public partial void PartitionUnreadable(
        string group, TopicPartition partition, long offset, long nextOffset, Exception exception);

    [LoggerMessage(20, LogLevel.Information,
        "Consumer {Group} was assigned {Partition} from offset {Offset}; {KnownDone} records beyond it are known done")]
    public partial void Assigned(string group, TopicPartition partition, long offset, int knownDone);

    [LoggerMessage(
        21, LogLevel.Information, "Consumer {Group} handed over {Partition}; handlers left running: {Abandoned}")]
    public partial void Revoked(string group, TopicPartition partition, int abandoned);

    [LoggerMessage(22, LogLevel.Warning,
        "Consumer {Group} lost {Partition} without a hand-over; handlers left running: {Abandoned}")]
    public partial void Lost(string group, TopicPartition partition, int abandoned);

    [LoggerMessage(23, LogLevel.Debug, "Committed {Partition} at {Offset}, metadata of {MetadataChars} characters")]
    public partial void Committed(TopicPartition partition, long offset, int metadataChars);

    [LoggerMessage(
        24, LogLevel.Warning, "The commit of {Partition} at {Offset} failed with {Error}; it is tried again")]
    public partial void CommitFailed(TopicPartition partition, long offset, ErrorCode error);

    [LoggerMessage(25, LogLevel.Warning,
        "The commit metadata of {Partition} is ignored ({Reason}): records beyond the offset are handled again")]
    public partial void MetadataIgnored(TopicPartition partition, string reason);

    [LoggerMessage(26, LogLevel.Debug, "{Partition} is held back: a limit was hit")]
    public partial void Paused(TopicPartition partition);

    [LoggerMessage(27, LogLevel.Debug, "{Partition} is read again")]
    public partial void Resumed(TopicPartition partition);
}
