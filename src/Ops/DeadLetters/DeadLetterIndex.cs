using Millrace.Protocol;

namespace Millrace.Ops.DeadLetters;

/// <summary>What lies in one dead-letter topic.</summary>
/// <param name="Topic">The dead-letter topic.</param>
/// <param name="Count">How many letters were counted.</param>
/// <param name="IsComplete">False while the first reading of a long topic is under way: the next call goes on.</param>
/// <param name="Groups">By exception, the largest first.</param>
public sealed record DeadLetterSummary(
    string Topic, long Count, bool IsComplete, IReadOnlyList<DeadLetterGroup> Groups);

/// <summary>Keeps the groups of dead-letter topics and reads only what came since the last call, so that they may be
/// asked for every few seconds. When retention removed letters, the topic is read anew. Safe for several
/// callers.</summary>
/// <param name="reader">Reads the topics.</param>
public sealed class DeadLetterIndex(DeadLetterReader reader)
{
    // How much one call reads: a million letters take a few calls instead of one that nobody waits for.
    const int MaxPerCall = 100_000;

    // Topics kept; beyond it everything is forgotten and read again. Far above what a console shows.
    const int MaxTopics = 1000;

    readonly Dictionary<string, Entry> _topics = new(StringComparer.Ordinal);

    /// <summary>Brings the topic's groups up to date.</summary>
    /// <param name="topic">The dead-letter topic.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="Client.KafkaServerException">The topic does not exist, or may not be read.</exception>
    public async Task<DeadLetterSummary> RefreshAsync(string topic, CancellationToken cancellation = default)
    {
        Entry entry;
        lock (_topics)
        {
            if (_topics.Count >= MaxTopics && !_topics.ContainsKey(topic))
            {
                _topics.Clear();
            }

            entry = _topics.TryGetValue(topic, out var known) ? known : _topics[topic] = new Entry();
        }

        await entry.Gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await ReadNewAsync(topic, entry, cancellation).ConfigureAwait(false);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    async Task<DeadLetterSummary> ReadNewAsync(string topic, Entry entry, CancellationToken cancellation)
    {
        var range = await reader.RangeAsync(topic, cancellation).ConfigureAwait(false);
        if (entry.Starts.Count != range.Partitions.Count || !entry.IsPrefixOf(range))
        {
            entry.Restart(range);
        }

        var rest = range.From(entry.Next);
        var read = 0;
        await foreach (var letter in reader.ReadAsync(rest, cancellation).ConfigureAwait(false))
        {
            entry.Groups.Add(letter);
            entry.Count++;
            entry.Next[letter.Partition] = letter.Offset + 1;
            if (++read == MaxPerCall)
            {
                return new DeadLetterSummary(topic, entry.Count, false, entry.Groups.ToList());
            }
        }

        foreach (var partition in range.Partitions)
        {
            entry.Next[partition] = range.End(partition);
        }

        return new DeadLetterSummary(topic, entry.Count, true, entry.Groups.ToList());
    }

    sealed class Entry
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public Dictionary<TopicPartition, long> Starts { get; private set; } = [];

        public Dictionary<TopicPartition, long> Next { get; private set; } = [];

        public DeadLetterGroups Groups { get; private set; } = new();

        public long Count { get; set; }

        /// <summary>Nothing that was counted is gone: the starts are where they were, and no end lies before what was
        /// read.</summary>
        public bool IsPrefixOf(TopicRange range) => range.Partitions.All(p =>
            (!Starts.TryGetValue(p, out var start) || start == range.Start(p))
            && (!Next.TryGetValue(p, out var next) || next <= range.End(p)));

        public void Restart(TopicRange range)
        {
            Starts = range.Partitions.ToDictionary(p => p, range.Start);
            Next = [];
            Groups = new DeadLetterGroups();
            Count = 0;
        }
    }
}
