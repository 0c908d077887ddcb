using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Log;

/// <summary>Who appends: decides which checks apply.</summary>
enum AppendOrigin
{
    /// <summary>A produce request: sequences are checked, control batches are refused.</summary>
    Client,

    /// <summary>The broker itself (group and transaction records, markers): trusted.</summary>
    Coordinator,
}

/// <summary>How far a reader may see.</summary>
enum ReadIsolation
{
    /// <summary>Everything appended, acknowledged or not. For the broker itself.</summary>
    EndOffset,

    /// <summary>Below the high watermark: read_uncommitted.</summary>
    HighWatermark,

    /// <summary>Below the last stable offset: read_committed.</summary>
    LastStable,
}

/// <summary>What came of an append.</summary>
/// <param name="Error">None, or why nothing was appended.</param>
/// <param name="Message">Words for the error, for the answer; null without one.</param>
/// <param name="BaseOffset">Offset of the first record; of the original one for a duplicate; -1 with an error.</param>
/// <param name="LastOffset">Offset of the last record; -1 with an error.</param>
/// <param name="AppendTimeMs">The append time with message.timestamp.type=LogAppendTime, else -1.</param>
/// <param name="LogStartOffset">The first offset that the log holds.</param>
/// <param name="IsDuplicate">The batch was there already (idempotent producer's retry); success with the original
/// offset.</param>
readonly record struct AppendResult(
    ErrorCode Error,
    string? Message,
    long BaseOffset,
    long LastOffset,
    long AppendTimeMs,
    long LogStartOffset,
    bool IsDuplicate)
{
    /// <summary>What to pass to <see cref="PartitionLog.WhenDurable"/>.</summary>
    public long EndOffset => LastOffset + 1;

    public static AppendResult Refused(ErrorCode error, string message, long logStartOffset) =>
        new(error, message, -1, -1, -1, logStartOffset, false);
}

/// <summary>What a read found. <see cref="Records"/> is never null and lives in a pooled buffer until
/// <see cref="Release"/>, which the caller owes exactly once.</summary>
/// <param name="Error">None, OffsetOutOfRange or KafkaStorageError.</param>
/// <param name="Owner">What the records stand in; null when there are none.</param>
/// <param name="Records">Whole batches, the first of which contains the offset (or is the next one after a gap of
/// compaction). Empty with an error or when nothing is readable yet.</param>
/// <param name="Bounds">The log's offsets at that moment.</param>
readonly record struct LogRead(ErrorCode Error, SharedBuffer? Owner, ReadOnlyMemory<byte> Records, LogBounds Bounds)
{
    public void Release() => Owner?.Release();
}

/// <summary>The offsets of a log at one moment: start ≤ last stable ≤ high watermark ≤ end.</summary>
/// <param name="StartOffset">First offset that can be read.</param>
/// <param name="LastStableOffset">Below it every transaction is decided.</param>
/// <param name="HighWatermark">Below it everything is as safe as the flush policy promises.</param>
/// <param name="EndOffset">Offset of the next record.</param>
readonly record struct LogBounds(long StartOffset, long LastStableOffset, long HighWatermark, long EndOffset);

/// <summary>A record found by time.</summary>
/// <param name="TimestampMs">Its timestamp, or -1 if there is none.</param>
/// <param name="Offset">Its offset, or -1 if there is none.</param>
/// <param name="LeaderEpoch">Leader epoch of its batch, or -1.</param>
readonly record struct TimestampedOffset(long TimestampMs, long Offset, int LeaderEpoch)
{
    public static TimestampedOffset None => new(-1, -1, -1);
}

/// <summary>What DescribeProducers shows of one producer id.</summary>
readonly record struct ProducerInfo(
    long ProducerId,
    short Epoch,
    int LastSequence,
    long LastTimestampMs,
    int CoordinatorEpoch,
    long CurrentTransactionStartOffset);

/// <summary>A transaction that was aborted: its records lie in [first, last], last being the marker.</summary>
readonly record struct AbortedTransaction(long ProducerId, long FirstOffset, long LastOffset, long LastStableOffset);
