using System.Runtime.CompilerServices;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Processing.DeadLetters;
using Millrace.Protocol;

namespace Millrace.Ops;

/// <summary>Reads dead-letter topics. Reading joins no group and commits nothing.</summary>
/// <param name="client">The cluster; stays the caller's.</param>
public sealed class DeadLetters(KafkaClient client)
{
    /// <summary>The suffix of a dead-letter topic's name by default.</summary>
    public const string Suffix = ".DLT";

    // One poll that brings nothing for this long means that the broker is gone, not that it is slow: it answers an empty
    // fetch within half a second.
    static readonly TimeSpan PollTimeout = TimeSpan.FromSeconds(5);

    /// <summary>All dead letters that lie in the topic now, partition by partition interleaved, each partition in order.
    /// Those that are written meanwhile are left out.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="KafkaServerException">The topic does not exist, or may not be read.</exception>
    public async IAsyncEnumerable<DeadLetter> ReadAsync(
        string topic, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var range = await TopicRange.OfAsync(client, topic, cancellation).ConfigureAwait(false);
        await foreach (var letter in ReadAsync(range, cancellation).ConfigureAwait(false))
        {
            yield return letter;
        }
    }

    /// <summary>Groups what lies in the topic by the type of the exception, the largest group first.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public async Task<IReadOnlyList<DeadLetterGroup>> GroupAsync(string topic, CancellationToken cancellation = default)
    {
        var groups = new Dictionary<string, DeadLetterGroup>(StringComparer.Ordinal);
        await foreach (var letter in ReadAsync(topic, cancellation).ConfigureAwait(false))
        {
            var type = letter.Info?.ExceptionType ?? "(unknown)";
            var example = letter.Info?.ExceptionMessage ?? "";
            groups[type] = groups.TryGetValue(type, out var group)
                ? group with
                {
                    Count = group.Count + 1,
                    First = letter.Timestamp < group.First ? letter.Timestamp : group.First,
                    Last = letter.Timestamp > group.Last ? letter.Timestamp : group.Last,
                    Example = letter.Timestamp > group.Last ? example : group.Example,
                }
                : new DeadLetterGroup(type, 1, letter.Timestamp, letter.Timestamp, example);
        }

        return [.. groups.Values.OrderByDescending(g => g.Count).ThenBy(g => g.ExceptionType, StringComparer.Ordinal)];
    }

    internal async IAsyncEnumerable<DeadLetter> ReadAsync(
        TopicRange range, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var record in range.ReadAsync(client, PollTimeout, cancellation).ConfigureAwait(false))
        {
            yield return ToLetter(record.Partition, record.Record);
        }
    }

    internal static DeadLetter ToLetter(TopicPartition partition, in FetchedRecord record)
    {
        var headers = Array.ConvertAll(
            record.Headers.ToArray(),
            h => h.Value is { } value ? new RecordHeader(h.Key, value.ToArray()) : h);
        return new DeadLetter
        {
            Partition = partition,
            Offset = record.Offset,
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs),
            Key = record.IsKeyNull ? default(ReadOnlyMemory<byte>?) : record.Key.ToArray(),
            Value = record.IsValueNull ? default(ReadOnlyMemory<byte>?) : record.Value.ToArray(),
            Headers = headers,
            Info = DeadLetterHeaders.Read(headers),
            Replays = ReplayHeaders.CountOf(headers),
        };
    }
}
