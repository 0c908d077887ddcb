using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Ops.DeadLetters;
using Millrace.Protocol;

namespace Millrace.Ops.Topics;

/// <summary>A topic in an overview.</summary>
public sealed record TopicSummary
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>How many partitions.</summary>
    public int Partitions { get; init; }

    /// <summary>How many replicas the first partition has.</summary>
    public int Replicas { get; init; }

    /// <summary>Offsets between starts and ends; null if a partition did not answer. More than the records that can be
    /// read when the topic is compacted or written to in transactions.</summary>
    public long? Records { get; init; }

    /// <summary>It is one of the broker's own.</summary>
    public bool IsInternal { get; init; }

    /// <summary>By its name it holds dead letters (<see cref="DeadLetterReader.IsDeadLetterTopic"/>).</summary>
    public bool IsDeadLetters { get; init; }

    /// <summary>The partitions without a leader: nobody can read or write them.</summary>
    public IReadOnlyList<int> Leaderless { get; init; } = [];

    /// <summary>The partitions that have fewer replicas in sync than replicas.</summary>
    public IReadOnlyList<int> UnderReplicated { get; init; } = [];

    /// <summary>Start and end of each partition, by number; empty if a partition did not answer.</summary>
    public IReadOnlyList<PartitionRange> Ranges { get; init; } = [];

    /// <summary>Why it could not be told, or null.</summary>
    public string? Error { get; init; }
}

/// <summary>What a partition holds.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Start">The first offset.</param>
/// <param name="End">The offset that the next record will have.</param>
public readonly record struct PartitionRange(int Index, long Start, long End);

/// <summary>Tells what topics there are and how much they hold.</summary>
/// <param name="client">The cluster; stays the caller's.</param>
public sealed class TopicReader(KafkaClient client)
{
    /// <summary>All topics, by name.</summary>
    /// <param name="includeInternal">Also the broker's own.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task<IReadOnlyList<TopicSummary>> ListAsync(
        bool includeInternal = false, CancellationToken cancellation = default)
    {
        var topics = await client.Admin.ListTopicsAsync(includeInternal, cancellation).ConfigureAwait(false);
        // A partition without a leader would be waited for until it has one; it is shown as what it is instead.
        var asked = topics.Where(static t => t.Error is null)
            .SelectMany(
                static t => t.Partitions.Where(static p => p.Leader >= 0)
                    .Select(p => new TopicPartition(t.Name, p.Index)))
            .ToList();
        var starts = await AskAsync(asked, OffsetSpec.Earliest, cancellation).ConfigureAwait(false);
        var ends = await AskAsync(asked, OffsetSpec.Latest, cancellation).ConfigureAwait(false);
        return [.. topics.Select(t => Summarize(t, starts, ends))];
    }

    ValueTask<IReadOnlyDictionary<TopicPartition, OffsetResult>> AskAsync(
        List<TopicPartition> partitions, OffsetSpec spec, CancellationToken cancellation) =>
        client.Admin.ListOffsetsAsync(partitions.ToDictionary(static p => p, _ => spec), cancellation: cancellation);

    internal static TopicSummary Summarize(
        TopicDescription topic,
        IReadOnlyDictionary<TopicPartition, OffsetResult> starts,
        IReadOnlyDictionary<TopicPartition, OffsetResult> ends)
    {
        var ranges = new List<PartitionRange>();
        foreach (var partition in topic.Partitions)
        {
            var key = new TopicPartition(topic.Name, partition.Index);
            if (starts.TryGetValue(key, out var start) && start.Error is null && ends.TryGetValue(key, out var end)
                && end.Error is null)
            {
                ranges.Add(new PartitionRange(partition.Index, start.Offset, Math.Max(start.Offset, end.Offset)));
            }
        }

        var isWhole = topic.Error is null && ranges.Count == topic.Partitions.Count;
        return new TopicSummary
        {
            Name = topic.Name,
            Partitions = topic.Partitions.Count,
            Replicas = topic.Partitions is [var first, ..] ? first.Replicas.Count : 0,
            Records = isWhole ? ranges.Sum(static r => r.End - r.Start) : null,
            IsInternal = topic.IsInternal,
            IsDeadLetters = DeadLetterReader.IsDeadLetterTopic(topic.Name),
            Leaderless = [.. topic.Partitions.Where(static p => p.Leader < 0).Select(static p => p.Index)],
            UnderReplicated =
                [.. topic.Partitions.Where(static p => p.InSync.Count < p.Replicas.Count).Select(static p => p.Index)],
            Ranges = isWhole ? ranges : [],
            Error = topic.Error?.ToString(),
        };
    }
}
