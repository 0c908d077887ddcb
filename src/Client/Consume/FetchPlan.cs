using Millrace.Protocol.Messages;

namespace Millrace.Client.Consume;

/// <summary>One fetch request and what it was made for.</summary>
sealed class FetchPlan
{
    readonly Dictionary<(string Topic, int Partition), Entry> _entries = [];
    readonly Dictionary<Guid, string> _names = [];

    public required FetchRequest Request { get; init; }

    /// <summary>The highest version to speak: 12, the last with names, if a topic's id is not known.</summary>
    public required short VersionCap { get; set; }

    public Dictionary<(string Topic, int Partition), Entry>.ValueCollection Entries => _entries.Values;

    public void Add(Entry entry, Guid topicId)
    {
        _entries[(entry.Cursor.TopicPartition.Topic, entry.Cursor.TopicPartition.Partition)] = entry;
        _names[topicId] = entry.Cursor.TopicPartition.Topic;
    }

    /// <summary>The entry that a part of the answer belongs to; null for one that was not asked for.</summary>
    public Entry? Find(FetchResponse.FetchableTopicResponse topic, int partition)
    {
        var name = topic.Topic;
        if (string.IsNullOrEmpty(name) && !_names.TryGetValue(topic.TopicId, out name))
            return null;
        return _entries.GetValueOrDefault((name, partition));
    }

    /// <summary>One partition of the request.</summary>
    /// <param name="Cursor">Its cursor.</param>
    /// <param name="Stamp">The cursor's stamp when it was asked for.</param>
    /// <param name="Offset">The offset that was asked for.</param>
    public sealed record Entry(PartitionCursor Cursor, int Stamp, long Offset)
    {
        /// <summary>Nothing changed where the cursor reads since.</summary>
        public bool IsCurrent => Cursor.Stamp == Stamp && Cursor.FetchOffset == Offset;
    }
}

/// <summary>What to do after a fetch answer.</summary>
/// <param name="HasRecords">There is something to poll, or to throw.</param>
/// <param name="NeedsRefresh">The metadata is outdated.</param>
/// <param name="NeedsReset">A position has to be found.</param>
/// <param name="Leaders">New leaders that the answer named (KIP-951).</param>
readonly record struct FetchOutcome(
    bool HasRecords, bool NeedsRefresh, bool NeedsReset,
        List<(string Topic, int Partition, int Leader, int Epoch)>? Leaders);
