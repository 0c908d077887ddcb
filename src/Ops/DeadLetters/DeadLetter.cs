using Millrace.Processing.DeadLetters;
using Millrace.Protocol;

namespace Millrace.Ops.DeadLetters;

/// <summary>One record of a dead-letter topic, with what its headers tell. All bytes are copies.</summary>
public sealed record DeadLetter
{
    /// <summary>The dead-letter topic and the partition that it lies in.</summary>
    public required TopicPartition Partition { get; init; }

    /// <summary>Its offset there.</summary>
    public required long Offset { get; init; }

    /// <summary>When it was written there.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The original key, or null.</summary>
    public ReadOnlyMemory<byte>? Key { get; init; }

    /// <summary>The original value, untouched, or null.</summary>
    public ReadOnlyMemory<byte>? Value { get; init; }

    /// <summary>All headers, in order.</summary>
    public IReadOnlyList<RecordHeader> Headers { get; init; } = [];

    /// <summary>Where it came from and why, as far as the headers tell; null when they do not.</summary>
    public DeadLetterInfo? Info { get; init; }

    /// <summary>How often it was replayed before it came to lie here.</summary>
    public int Replays { get; init; }

    // What Info says, for callers that do not reference Millrace.Processing.

    /// <summary>The topic that it was consumed from, or null.</summary>
    public string? OriginalTopic => Info?.OriginalTopic;

    /// <summary>The partition that it was consumed from, or null.</summary>
    public int? OriginalPartition => Info?.OriginalPartition;

    /// <summary>Its offset there, or null.</summary>
    public long? OriginalOffset => Info?.OriginalOffset;

    /// <summary>The group that failed, or null.</summary>
    public string? ConsumerGroup => Info?.ConsumerGroup;

    /// <summary>The full name of the exception's type, or null.</summary>
    public string? ExceptionType => Info?.ExceptionType;

    /// <summary>The exception's message, or null.</summary>
    public string? ExceptionMessage => Info?.ExceptionMessage;

    /// <summary>The stack trace, possibly shortened, or null.</summary>
    public string? StackTrace => Info?.StackTrace;

    /// <summary>How often the handler was called, or null.</summary>
    public int? Attempts => Info?.Attempts;

    /// <summary>When the last call failed, or null.</summary>
    public DateTimeOffset? FailedAt => Info?.FailedAt;

    /// <summary>The handler that failed, or null.</summary>
    public string? Handler => Info?.Handler;

    /// <summary>Why it was given up on, or null.</summary>
    public string? Reason => Info?.Reason;
}

/// <summary>Dead letters that failed alike.</summary>
/// <param name="ExceptionType">The exception's type, or <c>(unknown)</c>.</param>
/// <param name="Count">How many there are.</param>
/// <param name="First">When the oldest one was written.</param>
/// <param name="Last">When the newest one was written.</param>
/// <param name="Example">The newest one's message.</param>
public sealed record DeadLetterGroup(
    string ExceptionType, long Count, DateTimeOffset First, DateTimeOffset Last, string Example);
