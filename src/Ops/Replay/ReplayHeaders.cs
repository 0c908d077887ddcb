using System.Globalization;
using System.Text;
using Millrace.Ops.DeadLetters;
using Millrace.Processing.DeadLetters;
using Millrace.Protocol;

namespace Millrace.Ops.Replay;

/// <summary>The headers that a replay adds to a record, and what becomes of those that tell of its failure.</summary>
static class ReplayHeaders
{
    /// <summary>Which dead letter this is a copy of: <c>topic/partition/offset</c>. The same in every run, so that an
    /// interrupted replay recognises what it has sent.</summary>
    public const string Id = "millrace-replay-id";

    /// <summary>How often the record has been replayed; decimal digits.</summary>
    public const string Count = "millrace-replay-count";

    public static string IdOf(DeadLetter letter) => string.Create(
        CultureInfo.InvariantCulture, $"{letter.Partition.Topic}/{letter.Partition.Partition}/{letter.Offset}");

    /// <summary>The headers of the copy: the record's own, untouched and in order; those of the failure under
    /// <c>millrace-prev-</c>, without the stack trace; then ours.</summary>
    public static RecordHeader[] For(DeadLetter letter)
    {
        var headers = new List<RecordHeader>(letter.Headers.Count + 2);
        foreach (var header in letter.Headers)
        {
            var name = header.Key;
            if (!name.StartsWith(DeadLetterHeaders.Prefix, StringComparison.Ordinal) || name == DeadLetterHeaders.Count)
            {
                headers.Add(header);
            }
            else if (!IsReplays(name)
                && !name.StartsWith(DeadLetterHeaders.PreviousPrefix, StringComparison.Ordinal)
                && name != DeadLetterHeaders.StackTrace)
            {
                headers.Add(new RecordHeader(
                    string.Concat(DeadLetterHeaders.PreviousPrefix, name.AsSpan(DeadLetterHeaders.Prefix.Length)),
                    header.Value));
            }
        }

        headers.Add(new RecordHeader(Id, Encoding.UTF8.GetBytes(IdOf(letter))));
        var count = (CountOf(letter.Headers) + 1).ToString(CultureInfo.InvariantCulture);
        headers.Add(new RecordHeader(Count, Encoding.UTF8.GetBytes(count)));
        return [.. headers];
    }

    /// <summary>Which dead letter an id names, or null when it is not of that form.</summary>
    public static (TopicPartition Partition, long Offset)? ParseId(ReadOnlyMemory<byte>? id)
    {
        var text = id is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : "";
        var last = text.LastIndexOf('/');
        var middle = last > 0 ? text.LastIndexOf('/', last - 1) : -1;
        return middle > 0
            && int.TryParse(
                text.AsSpan(middle + 1, last - middle - 1), NumberStyles.None, CultureInfo.InvariantCulture,
                out var partition)
            && long.TryParse(text.AsSpan(last + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset)
                ? (new TopicPartition(text[..middle], partition), offset)
                : null;
    }

    /// <summary>How often a record was replayed, as its headers tell.</summary>
    public static int CountOf(IReadOnlyList<RecordHeader> headers) =>
        int.TryParse(Find(headers, Count), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;

    /// <summary>The value of the last header of a name as text, or null.</summary>
    public static string? Find(IReadOnlyList<RecordHeader> headers, string name)
    {
        for (var i = headers.Count - 1; i >= 0; i--)
        {
            if (headers[i].Key == name && headers[i].Value is { } value)
            {
                return Encoding.UTF8.GetString(value.Span);
            }
        }

        return null;
    }

    static bool IsReplays(string name) => name is Id or Count;
}
