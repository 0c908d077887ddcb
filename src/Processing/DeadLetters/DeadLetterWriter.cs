using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Millrace.Protocol;

namespace Millrace.Processing.DeadLetters;

/// <summary>
/// Makes the headers of a dead letter: the record's own, untouched and in order, then ours, then Spring's when asked
/// for.
/// Headers that an earlier failure left are kept once, under <c>millrace-prev-</c>.
/// </summary>
static class DeadLetterWriter
{
    /// <summary>What a bounded text ends in when something was cut off.</summary>
    internal const string Cut = "\n... (cut)";

    static readonly HashSet<string> OwnNames = new(DeadLetterHeaders.Names, StringComparer.Ordinal);

    /// <summary>The headers of the dead letter.</summary>
    /// <param name="arguments">The record and its failure.</param>
    /// <param name="options">Limits and families.</param>
    /// <param name="brief">Leaves the stack trace out, for a record that was too large with it.</param>
    public static List<RecordHeader> Headers(in DeadLetterArguments arguments, DeadLetterOptions options, bool brief)
    {
        var original = arguments.Delivery.Headers;
        var headers = new List<RecordHeader>(original.Count + 16 + (options.SpringHeaders ? 10 : 0));
        var count = Carry(original, headers, options.SpringHeaders);
        AddOwn(headers, arguments, options, brief, count + 1);
        if (options.SpringHeaders)
        {
            AddSpring(headers, arguments, options, brief);
        }

        return headers;
    }

    // Copies the record's own headers and moves those of an earlier dead letter aside. Returns how many earlier ones
    // there were.
    static int Carry(IReadOnlyList<RecordHeader> original, List<RecordHeader> headers, bool replaceSpring)
    {
        var failedBefore = DeadLetterHeaders.Last(original, DeadLetterHeaders.OriginalTopic) is not null;
        var hasPrevious = failedBefore;
        for (var i = 0; i < original.Count; i++)
        {
            var header = original[i];
            var name = header.Key;
            if (!name.StartsWith(DeadLetterHeaders.Prefix, StringComparison.Ordinal))
            {
                // As Spring does it: the first origin stays the true one, the latest exception replaces those before.
                if (!replaceSpring || !IsSpringException(name))
                {
                    headers.Add(header);
                }
            }
            else if (OwnNames.Contains(name))
            {
                headers.Add(new RecordHeader(
                    string.Concat(DeadLetterHeaders.PreviousPrefix, name.AsSpan(DeadLetterHeaders.Prefix.Length)),
                    header.Value));
            }
            else if (name.StartsWith(DeadLetterHeaders.PreviousPrefix, StringComparison.Ordinal))
            {
                // One step of history: the failure before the last makes room for the last. A replay that moved the
                // headers aside already leaves nothing to move, and its own are kept.
                hasPrevious = true;
                if (!failedBefore)
                {
                    headers.Add(header);
                }
            }
            else if (name != DeadLetterHeaders.Count)
            {
                headers.Add(header);
            }
        }

        var counted = DeadLetterHeaders.Int32(DeadLetterHeaders.Last(original, DeadLetterHeaders.Count));
        return Math.Clamp(counted ?? (hasPrevious ? 1 : 0), 0, int.MaxValue - 1);
    }

    static bool IsSpringException(string name) =>
        name.StartsWith(DeadLetterHeaders.SpringPrefix + "exception-", StringComparison.Ordinal)
        || name.StartsWith(DeadLetterHeaders.SpringPrefix + "key-exception-", StringComparison.Ordinal);

    static void AddOwn(
        List<RecordHeader> headers, in DeadLetterArguments arguments, DeadLetterOptions options, bool brief, int count)
    {
        var delivery = arguments.Delivery;
        var exception = arguments.Failure.Exception;
        Add(headers, DeadLetterHeaders.OriginalTopic, delivery.Topic);
        Add(headers, DeadLetterHeaders.OriginalPartition, Digits(delivery.Partition));
        Add(headers, DeadLetterHeaders.OriginalOffset, Digits(delivery.Offset));
        Add(headers, DeadLetterHeaders.OriginalTimestamp, Digits(delivery.TimestampMs));
        Add(headers, DeadLetterHeaders.OriginalTimestampType, TimestampType(delivery));
        Add(headers, DeadLetterHeaders.ConsumerGroup, arguments.GroupId);
        Add(headers, DeadLetterHeaders.ExceptionType, TypeName(exception));
        headers.Add(new RecordHeader(DeadLetterHeaders.ExceptionMessage, Message(exception, options, brief)));
        if (!brief && options.MaxExceptionBytes > 0)
        {
            headers.Add(new RecordHeader(
                DeadLetterHeaders.StackTrace, Bounded(exception.ToString(), options.MaxExceptionBytes)));
        }

        Add(headers, DeadLetterHeaders.Attempts, Digits(arguments.Attempts));
        Add(headers, DeadLetterHeaders.FailedAt, arguments.FailedAt.UtcDateTime.ToString(
            "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
        Add(headers, DeadLetterHeaders.Handler, arguments.Handler);
        Add(headers, DeadLetterHeaders.Reason, arguments.Failure.ReasonText);
        Add(headers, DeadLetterHeaders.Count, Digits(count));
    }

    // Spring Kafka's names, encodings and order: exception first, then origin; numbers big-endian, all else UTF-8. Its
    // readers take the listener's exception from the cause header.
    static void AddSpring(
        List<RecordHeader> headers, in DeadLetterArguments arguments, DeadLetterOptions options, bool brief)
    {
        const string Prefix = DeadLetterHeaders.SpringPrefix;
        var delivery = arguments.Delivery;
        var exception = arguments.Failure.Exception;
        Add(headers, Prefix + "exception-fqcn", TypeName(exception));
        Add(headers, Prefix + "exception-cause-fqcn", TypeName(exception.InnerException ?? exception));
        headers.Add(new RecordHeader(Prefix + "exception-message", Message(exception, options, brief)));
        if (!brief && options.MaxExceptionBytes > 0)
        {
            headers.Add(new RecordHeader(
                Prefix + "exception-stacktrace", Bounded(exception.ToString(), options.MaxExceptionBytes)));
        }

        Add(headers, Prefix + "original-topic", delivery.Topic);
        var partition = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(partition, delivery.Partition);
        headers.Add(new RecordHeader(Prefix + "original-partition", partition));
        headers.Add(new RecordHeader(Prefix + "original-offset", BigEndian(delivery.Offset)));
        headers.Add(new RecordHeader(Prefix + "original-timestamp", BigEndian(delivery.TimestampMs)));
        Add(headers, Prefix + "original-timestamp-type", TimestampType(delivery));
        Add(headers, Prefix + "original-consumer-group", arguments.GroupId);
    }

    /// <summary>UTF-8 of at most that many bytes, cut between characters.</summary>
    internal static byte[] Bounded(string text, int maxBytes)
    {
        if (Encoding.UTF8.GetByteCount(text) <= maxBytes)
        {
            return Encoding.UTF8.GetBytes(text);
        }

        var mark = maxBytes >= 4 * Cut.Length ? Cut : "";
        var room = new byte[maxBytes - mark.Length];
        Utf8.FromUtf16(text, room, out _, out var used, replaceInvalidSequences: true);
        var bytes = new byte[used + mark.Length];
        room.AsSpan(0, used).CopyTo(bytes);
        Encoding.UTF8.GetBytes(mark, bytes.AsSpan(used));
        return bytes;
    }

    // A message is bounded even where stack traces are switched off; 1 KiB says what happened.
    static byte[] Message(Exception exception, DeadLetterOptions options, bool brief) =>
        Bounded(exception.Message, brief ? 256 : Math.Max(1024, options.MaxExceptionBytes));

    static string TypeName(Exception exception) => exception.GetType().FullName ?? exception.GetType().Name;

    static string TimestampType(Listeners.Delivery delivery) =>
        delivery.IsLogAppendTime ? "LogAppendTime"
        : delivery.TimestampMs < 0 ? "NoTimestampType"
        : "CreateTime";

    static string Digits(long number) => number.ToString(CultureInfo.InvariantCulture);

    static byte[] BigEndian(long number)
    {
        var bytes = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }

    static void Add(List<RecordHeader> headers, string name, string value) =>
        headers.Add(new RecordHeader(name, Encoding.UTF8.GetBytes(value)));
}
