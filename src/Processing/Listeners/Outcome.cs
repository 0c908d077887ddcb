namespace Millrace.Processing.Listeners;

/// <summary>What became of one run of a record.</summary>
enum OutcomeKind : byte
{
    /// <summary>Handled.</summary>
    Done,

    /// <summary>Written to a dead-letter (or retry) topic, and the broker acknowledged it.</summary>
    DeadLettered,

    /// <summary>Left out by an explicit word of the user.</summary>
    Skipped,

    /// <summary>Run it again later; until then its lane waits, and nothing overtakes.</summary>
    Retry,

    /// <summary>No policy covers the failure: the partition stops, nothing is skipped.</summary>
    StopPartition,

    /// <summary>The run was given up because its lease ended; the record stays pending.</summary>
    Abandoned,
}

/// <summary>The answer of the pipeline for one run of one record.</summary>
readonly struct Outcome
{
    Outcome(OutcomeKind kind, TimeSpan delay, Exception? error)
    {
        Kind = kind;
        Delay = delay;
        Error = error;
    }

    /// <summary>The record is handled.</summary>
    public static Outcome Done => default;

    /// <summary>The record is in another topic, acknowledged by the broker. Never answer this before the
    /// acknowledgement.</summary>
    public static Outcome DeadLettered => new(OutcomeKind.DeadLettered, default, null);

    /// <summary>The record is left out because a user's policy said so.</summary>
    public static Outcome Skipped => new(OutcomeKind.Skipped, default, null);

    /// <summary>The run noticed that its lease ended and gave up. With a lease still active it is a retry that counts
    /// no attempt.</summary>
    public static Outcome Abandoned => new(OutcomeKind.Abandoned, default, null);

    /// <summary>What happened.</summary>
    public OutcomeKind Kind { get; }

    /// <summary>How long the lane waits, for <see cref="OutcomeKind.Retry"/>.</summary>
    public TimeSpan Delay { get; }

    /// <summary>The reason, for <see cref="OutcomeKind.StopPartition"/>, and for a retry when known.</summary>
    public Exception? Error { get; }

    /// <summary>True when the record needs no further run: its offset may be committed.</summary>
    public bool IsFinal => Kind <= OutcomeKind.Skipped;

    /// <summary>Run the record again after a delay. Attempt counts up.</summary>
    public static Outcome RetryAfter(TimeSpan delay, Exception? error = null) =>
        new(OutcomeKind.Retry, delay < TimeSpan.Zero ? TimeSpan.Zero : delay, error);

    /// <summary>The partition stops here until it is assigned anew.</summary>
    public static Outcome StopPartition(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return new(OutcomeKind.StopPartition, default, error);
    }

    public override string ToString() => Kind switch
    {
        OutcomeKind.Retry => $"Retry after {Delay}",
        OutcomeKind.StopPartition => $"StopPartition ({Error?.GetType().Name})",
        _ => Kind.ToString(),
    };
}
