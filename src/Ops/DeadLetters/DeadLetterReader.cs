using System.Runtime.CompilerServices;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Ops.Replay;
using Millrace.Processing.DeadLetters;
using Millrace.Protocol;

namespace Millrace.Ops.DeadLetters;

/// <summary>Reads dead-letter topics. Reading joins no group and commits nothing; letters of aborted transactions are
/// left out.</summary>
/// <param name="client">The cluster; stays the caller's.</param>
/// <param name="clock">Measures when a broker has been silent for too long; the system's by default.</param>
public sealed class DeadLetterReader(KafkaClient client, TimeProvider? clock = null)
{
    /// <summary>The suffix of a dead-letter topic's name by default.</summary>
    public const string Suffix = ".DLT";

    // Spring Kafka's default since 3.0.
    const string SpringSuffix = "-dlt";

    readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <summary>Whether a topic's name is one of a dead-letter topic: it ends in <c>.DLT</c> or, as Spring Kafka names
    /// them, in
    /// <c>-dlt</c>; case does not matter.</summary>
    public static bool IsDeadLetterTopic(string topic)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return topic.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase)
            || topic.EndsWith(SpringSuffix, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>All dead letters that lie in the topic now, partition by partition interleaved, each partition in
    /// order. Those that are written meanwhile are left out.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="KafkaServerException">The topic does not exist, or may not be read.</exception>
    public async IAsyncEnumerable<DeadLetter> ReadAsync(
        string topic, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var range = await RangeAsync(topic, cancellation).ConfigureAwait(false);
        await foreach (var letter in ReadAsync(range, cancellation).ConfigureAwait(false))
        {
            yield return letter;
        }
    }

    /// <summary>Groups what lies in the topic by the type of the exception, the largest group first.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="KafkaServerException">The topic does not exist, or may not be read.</exception>
    public async Task<IReadOnlyList<DeadLetterGroup>> GroupAsync(string topic, CancellationToken cancellation = default)
    {
        var groups = new DeadLetterGroups();
        await foreach (var letter in ReadAsync(topic, cancellation).ConfigureAwait(false))
        {
            groups.Add(letter);
        }

        return groups.ToList();
    }

    /// <summary>One page of what lies in the topic.</summary>
    /// <param name="query">Which topic, where the page begins, how long it is.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="ArgumentException">The query is not valid.</exception>
    /// <exception cref="KafkaServerException">The topic does not exist, or may not be read.</exception>
    public async Task<DeadLetterPage> ReadPageAsync(DeadLetterQuery query, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var positions = query.Validate();
        var range = (await RangeAsync(query.Topic, cancellation).ConfigureAwait(false)).From(positions);
        var letters = new List<DeadLetter>();
        var next = range.Partitions.ToDictionary(p => p, range.Start);
        var looked = 0;
        var bytes = 0L;
        if (range.Count > 0)
        {
            await foreach (var letter in ReadAsync(range, cancellation).ConfigureAwait(false))
            {
                if (query.ExceptionType is null
                    || (letter.Info?.ExceptionType ?? DeadLetterGroups.Unknown) == query.ExceptionType)
                {
                    bytes += SizeOf(letter);
                    if (bytes > query.MaxBytes && letters.Count > 0)
                    {
                        // The next page begins with this letter.
                        return new DeadLetterPage(letters, DeadLetterQuery.Encode(next), looked);
                    }

                    letters.Add(letter);
                }

                next[letter.Partition] = letter.Offset + 1;
                looked++;
                if (letters.Count == query.Limit || looked == query.MaxScanned)
                {
                    return new DeadLetterPage(
                        letters, next.Any(n => n.Value < range.End(n.Key)) ? DeadLetterQuery.Encode(next) : null,
                        looked);
                }
            }
        }

        return new DeadLetterPage(letters, null, looked);
    }

    static long SizeOf(DeadLetter letter) =>
        (letter.Key?.Length ?? 0) + (letter.Value?.Length ?? 0)
        + letter.Headers.Sum(static h => (long)h.Key.Length + (h.Value?.Length ?? 0));

    /// <summary>One dead letter, or null when there is none at that offset.</summary>
    /// <param name="partition">The dead-letter topic and the partition.</param>
    /// <param name="offset">The offset.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="KafkaServerException">The topic does not exist, or may not be read.</exception>
    public async Task<DeadLetter?> FindAsync(
        TopicPartition partition, long offset, CancellationToken cancellation = default)
    {
        var range = await RangeAsync(partition.Topic, cancellation).ConfigureAwait(false);
        await foreach (var letter in ReadAsync(range.Only(partition, offset), cancellation).ConfigureAwait(false))
        {
            return letter;
        }

        return null;
    }

    internal Task<TopicRange> RangeAsync(string topic, CancellationToken cancellation) =>
        TopicRange.OfAsync(client, topic, IsolationLevel.ReadCommitted, cancellation);

    internal async IAsyncEnumerable<DeadLetter> ReadAsync(
        TopicRange range, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var (partition, record) in range.ReadAsync(client, _clock, cancellation).ConfigureAwait(false))
        {
            yield return ToLetter(partition, record);
        }
    }

    internal static DeadLetter ToLetter(TopicPartition partition, in FetchedRecord record)
    {
        var headers = record.Headers.ToArray();
        for (var i = 0; i < headers.Length; i++)
        {
            headers[i] = headers[i] with { Value = Copy(headers[i].Value) };
        }

        return new DeadLetter
        {
            Partition = partition,
            Offset = record.Offset,
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(0, record.TimestampMs)),
            Key = record.IsKeyNull ? null : Copy(record.Key),
            Value = record.IsValueNull ? null : Copy(record.Value),
            Headers = headers,
            Info = DeadLetterHeaders.Read(headers),
            Replays = ReplayHeaders.CountOf(headers),
        };
    }

    // A null byte[] converts to empty memory and not to null memory, so null is decided here and nowhere by conversion.
    static ReadOnlyMemory<byte>? Copy(ReadOnlyMemory<byte>? bytes) =>
        bytes is { } b ? new ReadOnlyMemory<byte>(b.ToArray()) : (ReadOnlyMemory<byte>?)null;
}
