namespace Millrace.Processing.Retry;

/// <summary>Why a record is given up on.</summary>
enum FailureReason
{
    None,
    Permanent,
    RetriesExhausted,
    Deserialization,
}

/// <summary>What a failed attempt leads to.</summary>
/// <param name="Kind">Transient: handle again after <paramref name="Delay"/>. Permanent: give up. Skip: drop.</param>
/// <param name="Exception">The exception, below the wrappers of tasks and reflection.</param>
/// <param name="Backoff">The waits of the rule that matched.</param>
/// <param name="Reason">Why the record is given up on, when it is.</param>
/// <param name="Delay">The wait before the next attempt of a transient failure.</param>
readonly record struct RetryArguments(
    FailureKind Kind, Exception Exception, Backoff Backoff, FailureReason Reason, TimeSpan Delay)
{
    /// <summary>The reason in the words of the <c>millrace-dead-letter-reason</c> header.</summary>
    public string ReasonText => Reason switch
    {
        FailureReason.RetriesExhausted => "retries-exhausted",
        FailureReason.Deserialization => "deserialization",
        _ => "permanent",
    };
}
