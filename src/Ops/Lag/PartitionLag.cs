using Millrace.Protocol;

namespace Millrace.Ops.Lag;

/// <summary>How a group's committed offset lies in its partition.</summary>
public enum CommitState
{
    /// <summary>Within what the partition holds.</summary>
    Normal,

    /// <summary>Nothing is committed: where the group begins is its own setting, so its lag is not known.</summary>
    None,

    /// <summary>Before the partition's start: retention removed records before the group read them.</summary>
    BelowStart,

    /// <summary>Behind the partition's end: the topic was made anew, or lost records.</summary>
    AboveEnd,

    /// <summary>The broker answered an error; <see cref="PartitionLag.Error"/> has it.</summary>
    Failed,
}

/// <summary>How far a group is in one partition.</summary>
public sealed record PartitionLag
{
    /// <summary>The partition.</summary>
    public required TopicPartition Partition { get; init; }

    /// <summary>The first offset that the partition holds.</summary>
    public long Start { get; init; }

    /// <summary>The offset that the next record will have.</summary>
    public long End { get; init; }

    /// <summary>The first offset of an open transaction, or <see cref="End"/>: up to here there is something to
    /// read.</summary>
    public long StableEnd { get; init; }

    /// <summary>The committed offset; null if there is none.</summary>
    public long? Committed { get; init; }

    /// <summary>How the committed offset lies.</summary>
    public CommitState State { get; init; }

    /// <summary>Offsets between what is committed and what can be read, never negative; null if it cannot be told.
    /// Offsets without a record (transaction markers, compacted records) count, except when nothing else is left: then
    /// it is 0.</summary>
    public long? Lag { get; init; }

    /// <summary>How long the next record has been waiting, in seconds by its timestamp; 0 without lag, null if it
    /// cannot be told.</summary>
    public double? LagSeconds { get; init; }

    /// <summary>How many offsets were removed before the group read them.</summary>
    public long Lost { get; init; }

    /// <summary>The member that has the partition: its client id, or null.</summary>
    public string? Member { get; init; }

    /// <summary>Why it could not be told, or null.</summary>
    public string? Error { get; init; }

    /// <summary>The rules, apart from any reading.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="start">Its log start offset.</param>
    /// <param name="end">Its high watermark.</param>
    /// <param name="stableEnd">Its last stable offset.</param>
    /// <param name="committed">The committed offset; negative or null for none.</param>
    internal static PartitionLag Of(TopicPartition partition, long start, long end, long stableEnd, long? committed)
    {
        var offset = committed is >= 0 ? committed : null;
        var state = offset switch
        {
            null => CommitState.None,
            { } at when at < start => CommitState.BelowStart,
            { } at when at > end => CommitState.AboveEnd,
            _ => CommitState.Normal,
        };
        return new PartitionLag
        {
            Partition = partition,
            Start = start,
            End = end,
            StableEnd = stableEnd,
            Committed = offset,
            State = state,
            // The ends were read after the commits, and a read-uncommitted group may be behind the stable end: both are
            // no lag. An empty partition has none, whatever was committed.
            Lag = start >= stableEnd ? 0
                : offset is { } o ? Math.Max(0, stableEnd - Math.Max(o, start))
                : null,
            Lost = state == CommitState.BelowStart ? start - offset!.Value : 0,
        };
    }

    /// <summary>The same with the time of the record that is next, if there is one.</summary>
    /// <param name="next">What lies at the place where the group goes on.</param>
    /// <param name="now">The time of day.</param>
    internal PartitionLag At(NextRecord next, DateTimeOffset now) => next.Kind switch
    {
        // Only markers are left: there is nothing to be read.
        NextKind.Nothing => this with { Lag = 0, LagSeconds = 0 },
        NextKind.Record when next.TimestampMs >= 0 =>
            this with { LagSeconds = Math.Max(0, (now.ToUnixTimeMilliseconds() - next.TimestampMs) / 1000.0) },
        _ => Lag == 0 ? this with { LagSeconds = 0 } : this,
    };
}

/// <summary>What was found where a group goes on.</summary>
enum NextKind
{
    /// <summary>It was not looked at, or nothing came in time.</summary>
    Unknown,

    /// <summary>A record.</summary>
    Record,

    /// <summary>Nothing but transaction markers up to the end.</summary>
    Nothing,
}

/// <summary>What was found where a group goes on.</summary>
readonly record struct NextRecord(NextKind Kind, long TimestampMs = -1);
