namespace Millrace.Processing.DeadLetters;

/// <summary>
/// What the headers of a dead letter say about its origin and its failure. What they do not say is null.
/// </summary>
public sealed record DeadLetterInfo
{
    /// <summary>Whose headers these are.</summary>
    public required DeadLetterFamily Family { get; init; }

    /// <summary>The topic that the record was consumed from.</summary>
    public string? OriginalTopic { get; init; }

    /// <summary>The partition that it was consumed from.</summary>
    public int? OriginalPartition { get; init; }

    /// <summary>Its offset there.</summary>
    public long? OriginalOffset { get; init; }

    /// <summary>Its timestamp there.</summary>
    public DateTimeOffset? OriginalTimestamp { get; init; }

    /// <summary><c>CreateTime</c>, <c>LogAppendTime</c> or <c>NoTimestampType</c>.</summary>
    public string? OriginalTimestampType { get; init; }

    /// <summary>The consumer group that failed.</summary>
    public string? ConsumerGroup { get; init; }

    /// <summary>
    /// The full name of the exception's type; for Spring the cause below its own wrapper, when it is named.
    /// </summary>
    public string? ExceptionType { get; init; }

    /// <summary>The exception's message.</summary>
    public string? ExceptionMessage { get; init; }

    /// <summary>The stack trace, possibly shortened.</summary>
    public string? StackTrace { get; init; }

    /// <summary>How often the handler was called before the record was given up on.</summary>
    public int? Attempts { get; init; }

    /// <summary>When the last call failed.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>The handler that failed.</summary>
    public string? Handler { get; init; }

    /// <summary>Why it was given up on: <c>permanent</c>, <c>retries-exhausted</c> or <c>deserialization</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>How often this record was dead-lettered, replays included; at least 1.</summary>
    public int Count { get; init; } = 1;
}

/// <summary>Who wrote the headers of a dead letter.</summary>
public enum DeadLetterFamily
{
    /// <summary>This library.</summary>
    Millrace,

    /// <summary>Spring Kafka's recoverer, or its retry topics.</summary>
    Spring,
}
