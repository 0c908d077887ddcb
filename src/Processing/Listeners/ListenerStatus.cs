using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>A listener at one moment: what runs, what waits, how far each partition is. Immutable.</summary>
public sealed record ListenerStatus
{
    /// <summary>The listener's name.</summary>
    public required string Name { get; init; }

    /// <summary>True from start until the drain of the shutdown is over.</summary>
    public bool IsRunning { get; init; }

    /// <summary>Handlers running now.</summary>
    public int InFlight { get; init; }

    /// <summary>Records received and not yet finished, running ones included.</summary>
    public int Outstanding { get; init; }

    /// <summary>The bytes of those records.</summary>
    public long OutstandingBytes { get; init; }

    /// <summary>Lanes whose first record waits for its next attempt.</summary>
    public int Parked { get; init; }

    /// <summary>Lanes that wait for a free slot.</summary>
    public int Ready { get; init; }

    /// <summary>Partitions that are held back because a limit was hit.</summary>
    public int PausedPartitions { get; init; }

    /// <summary>Records handled since the start.</summary>
    public long Handled { get; init; }

    /// <summary>Runs that ended in a retry since the start.</summary>
    public long Retried { get; init; }

    /// <summary>Records written to a dead-letter topic since the start.</summary>
    public long DeadLettered { get; init; }

    /// <summary>Records skipped by an explicit policy since the start.</summary>
    public long Skipped { get; init; }

    /// <summary>Records that a previous owner had completed, known from the commit metadata, and that were not run
    /// again.</summary>
    public long RedeliveredKnownDone { get; init; }

    /// <summary>Commits that the broker refused or that failed since the start; each is tried again.</summary>
    public long CommitFailures { get; init; }

    /// <summary>The age of the oldest unfinished record, or null when nothing is unfinished.</summary>
    public TimeSpan? OldestUnfinished { get; init; }

    /// <summary>Records between the committed offsets and the known ends, all partitions together.</summary>
    public long Lag { get; init; }

    /// <summary>One entry for each assigned partition.</summary>
    public IReadOnlyList<PartitionStatus> Partitions { get; init; } = [];
}

/// <summary>How far one assigned partition is.</summary>
public sealed record PartitionStatus
{
    /// <summary>The partition.</summary>
    public required TopicPartition Partition { get; init; }

    /// <summary>The offset that the broker acknowledged last; -1 before the first record when nothing was
    /// committed.</summary>
    public long Committed { get; init; }

    /// <summary>The offset after the last received record.</summary>
    public long Received { get; init; }

    /// <summary>The end of the partition as last seen in a fetch; -1 when unknown.</summary>
    public long EndOffset { get; init; }

    /// <summary>Records received and not yet finished.</summary>
    public int Incomplete { get; init; }

    /// <summary>End minus committed, or null when the end is unknown.</summary>
    public long? Lag { get; init; }

    /// <summary>True while a limit holds it back.</summary>
    public bool IsPaused { get; init; }

    /// <summary>Why the partition stopped, or null while it works.</summary>
    public Exception? StoppedBy { get; init; }

    /// <summary>The offset of the record that stopped it, or where its bytes cannot be read; -1 while it
    /// works.</summary>
    public long StoppedAt { get; init; } = -1;
}
