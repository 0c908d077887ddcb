using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Millrace.Protocol;

namespace Millrace.Processing.DeadLetters;

/// <summary>
/// Reads the headers that were put on a dead letter: our own family, and Spring Kafka's <c>kafka_dlt-*</c> and
/// retry-topic
/// headers. Where both are present ours count. Values of the wrong length or form read as absent.
/// </summary>
public static class DeadLetterHeaders
{
    /// <summary>The start of every header name of ours.</summary>
    public const string Prefix = "millrace-";

    /// <summary>The start of the names that hold the headers of the failure before the last.</summary>
    public const string PreviousPrefix = "millrace-prev-";

    /// <summary>The topic that the record was consumed from; UTF-8.</summary>
    public const string OriginalTopic = "millrace-original-topic";

    /// <summary>The partition that it was consumed from; decimal digits.</summary>
    public const string OriginalPartition = "millrace-original-partition";

    /// <summary>Its offset there; decimal digits.</summary>
    public const string OriginalOffset = "millrace-original-offset";

    /// <summary>Its timestamp there, in milliseconds since the Unix epoch; decimal digits.</summary>
    public const string OriginalTimestamp = "millrace-original-timestamp";

    /// <summary><c>CreateTime</c> or <c>LogAppendTime</c>.</summary>
    public const string OriginalTimestampType = "millrace-original-timestamp-type";

    /// <summary>The group that failed; UTF-8.</summary>
    public const string ConsumerGroup = "millrace-consumer-group";

    /// <summary>The full name of the exception's type; UTF-8.</summary>
    public const string ExceptionType = "millrace-exception-type";

    /// <summary>The exception's message; UTF-8, bounded.</summary>
    public const string ExceptionMessage = "millrace-exception-message";

    /// <summary>The exception with its stack trace; UTF-8, bounded.</summary>
    public const string StackTrace = "millrace-exception-stacktrace";

    /// <summary>How often the handler was called; decimal digits.</summary>
    public const string Attempts = "millrace-attempts";

    /// <summary>When the last call failed; ISO 8601 in UTC.</summary>
    public const string FailedAt = "millrace-failed-at";

    /// <summary>The handler's name; UTF-8.</summary>
    public const string Handler = "millrace-handler";

    /// <summary>Why the record was given up on; UTF-8.</summary>
    public const string Reason = "millrace-dead-letter-reason";

    /// <summary>How often the record was dead-lettered, replays included; decimal digits.</summary>
    public const string Count = "millrace-dead-letter-count";

    // In the order in which they are written. Count is not among them: it lives through replays.
    internal static readonly string[] Names =
    [
        OriginalTopic, OriginalPartition, OriginalOffset, OriginalTimestamp, OriginalTimestampType, ConsumerGroup,
        ExceptionType, ExceptionMessage, StackTrace, Attempts, FailedAt, Handler, Reason,
    ];

    internal const string SpringPrefix = "kafka_dlt-";

    const string SpringRetryPrefix = "kafka_";

    /// <summary>What the headers say, or null when they are not those of a dead letter.</summary>
    /// <param name="headers">The headers of the record.</param>
    public static DeadLetterInfo? Read(IReadOnlyList<RecordHeader> headers)
    {
        ArgumentNullException.ThrowIfNull(headers);
        if (Last(headers, OriginalTopic) is not null)
        {
            return ReadOwn(headers);
        }

        if (First(headers, SpringPrefix + "original-topic") is not null)
        {
            return ReadSpring(headers, SpringPrefix);
        }

        return First(headers, SpringRetryPrefix + "original-topic") is not null
            ? ReadSpring(headers, SpringRetryPrefix)
            : null;
    }

    static DeadLetterInfo ReadOwn(IReadOnlyList<RecordHeader> headers) => new()
    {
        Family = DeadLetterFamily.Millrace,
        OriginalTopic = Text(Last(headers, OriginalTopic)),
        OriginalPartition = Int32(Last(headers, OriginalPartition)),
        OriginalOffset = Int64(Last(headers, OriginalOffset)),
        OriginalTimestamp = Milliseconds(Int64(Last(headers, OriginalTimestamp))),
        OriginalTimestampType = Text(Last(headers, OriginalTimestampType)),
        ConsumerGroup = Text(Last(headers, ConsumerGroup)),
        ExceptionType = Text(Last(headers, ExceptionType)),
        ExceptionMessage = Text(Last(headers, ExceptionMessage)),
        StackTrace = Text(Last(headers, StackTrace)),
        Attempts = Int32(Last(headers, Attempts)),
        FailedAt = Time(Text(Last(headers, FailedAt))),
        Handler = Text(Last(headers, Handler)),
        Reason = Text(Last(headers, Reason)),
        Count = Math.Max(1, Int32(Last(headers, Count)) ?? 1),
    };

    // Spring appends: the first origin is the true one, the last exception is the latest. Both chains name the group
    // with "dlt-", a quirk of its constants. Numbers are big-endian.
    static DeadLetterInfo ReadSpring(IReadOnlyList<RecordHeader> headers, string prefix)
    {
        var type = Text(Last(headers, prefix + "exception-cause-fqcn"))
            ?? Text(Last(headers, prefix + "exception-fqcn"));
        var keyFailed = Last(headers, prefix + "key-exception-fqcn") is not null && type is null;
        var exception = prefix + (keyFailed ? "key-exception-" : "exception-");
        return new DeadLetterInfo
        {
            Family = DeadLetterFamily.Spring,
            OriginalTopic = Text(First(headers, prefix + "original-topic")),
            OriginalPartition = BigEndian32(First(headers, prefix + "original-partition")),
            OriginalOffset = BigEndian64(First(headers, prefix + "original-offset")),
            OriginalTimestamp = Milliseconds(BigEndian64(First(headers, prefix + "original-timestamp"))),
            OriginalTimestampType = Text(First(headers, prefix + "original-timestamp-type")),
            ConsumerGroup = Text(Last(headers, SpringPrefix + "original-consumer-group")),
            ExceptionType = keyFailed ? Text(Last(headers, exception + "fqcn")) : type,
            ExceptionMessage = Text(Last(headers, exception + "message")),
            StackTrace = Text(Last(headers, exception + "stacktrace")),
            Attempts = SpringAttempts(Last(headers, "retry_topic-attempts")),
            Count = Math.Max(1, CountOf(headers, prefix + "original-topic")),
        };
    }

    // The header counts the coming delivery, so the calls made are one fewer. 4 bytes, or 1 in old versions.
    static int? SpringAttempts(ReadOnlyMemory<byte>? value)
    {
        var coming = value switch
        {
            { Length: 4 } four => BinaryPrimitives.ReadInt32BigEndian(four.Span),
            { Length: 1 } one => one.Span[0],
            _ => 0,
        };
        return coming is > 1 and <= 32767 ? coming - 1 : null;
    }

    internal static ReadOnlyMemory<byte>? Last(IReadOnlyList<RecordHeader> headers, string name)
    {
        for (var i = headers.Count - 1; i >= 0; i--)
        {
            if (string.Equals(headers[i].Key, name, StringComparison.Ordinal))
            {
                return headers[i].Value;
            }
        }

        return null;
    }

    static ReadOnlyMemory<byte>? First(IReadOnlyList<RecordHeader> headers, string name)
    {
        for (var i = 0; i < headers.Count; i++)
        {
            if (string.Equals(headers[i].Key, name, StringComparison.Ordinal))
            {
                return headers[i].Value;
            }
        }

        return null;
    }

    static int CountOf(IReadOnlyList<RecordHeader> headers, string name)
    {
        var count = 0;
        for (var i = 0; i < headers.Count; i++)
        {
            count += string.Equals(headers[i].Key, name, StringComparison.Ordinal) ? 1 : 0;
        }

        return count;
    }

    internal static int? Int32(ReadOnlyMemory<byte>? value) =>
        value is { } bytes
            && int.TryParse(bytes.Span, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    static long? Int64(ReadOnlyMemory<byte>? value) =>
        value is { } bytes
            && long.TryParse(bytes.Span, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    static string? Text(ReadOnlyMemory<byte>? value) => value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;

    static int? BigEndian32(ReadOnlyMemory<byte>? value) =>
        value is { Length: 4 } bytes ? BinaryPrimitives.ReadInt32BigEndian(bytes.Span) : null;

    static long? BigEndian64(ReadOnlyMemory<byte>? value) =>
        value is { Length: 8 } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes.Span) : null;

    // The range that DateTimeOffset can hold; -1 is Kafka's "no timestamp".
    static DateTimeOffset? Milliseconds(long? value) =>
        value is >= 0 and <= 253_402_300_799_999 ? DateTimeOffset.FromUnixTimeMilliseconds(value.Value) : null;

    static DateTimeOffset? Time(string? value) =>
        DateTimeOffset.TryParse(
            value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)
            ? time
            : null;
}
