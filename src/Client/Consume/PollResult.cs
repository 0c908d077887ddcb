using Millrace.Protocol;

namespace Millrace.Client.Consume;

/// <summary>What a poll brought.</summary>
public enum PollKind
{
    /// <summary>Nothing within the timeout.</summary>
    Empty,

    /// <summary><see cref="PollResult.Batches"/>: dispose each when its records are done.</summary>
    Records,

    /// <summary><see cref="PollResult.Assigned"/>: partitions that came in addition to those held. Positions are set
    /// already.</summary>
    Assigned,

    /// <summary><see cref="PollResult.Partitions"/>: finish what runs, commit, then call
    /// <see cref="Consumer.AcknowledgeRevocation"/>. No more records of them come.</summary>
    Revoking,

    /// <summary><see cref="PollResult.Partitions"/>: drop what runs and do not commit; another member may have them
    /// already.</summary>
    Lost,
}

/// <summary>What a poll brought; <see cref="Kind"/> says which list is filled.</summary>
public sealed class PollResult
{
    internal static readonly PollResult Nothing = new() { Kind = PollKind.Empty };

    internal PollResult()
    {
    }

    /// <summary>What it is.</summary>
    public PollKind Kind { get; internal init; }

    /// <summary>Whole batches, each of one partition, in order within a partition; one may be empty and only move
    /// <see cref="FetchedBatch.NextOffset"/>. The caller owns one reference to each.</summary>
    public IReadOnlyList<FetchedBatch> Batches { get; internal init; } = [];

    /// <summary>The partitions that came.</summary>
    public IReadOnlyList<AssignedPartition> Assigned { get; internal init; } = [];

    /// <summary>The partitions that go or are gone.</summary>
    public IReadOnlyList<TopicPartition> Partitions { get; internal init; } = [];
}

/// <summary>A partition that came, with what the group had committed.</summary>
/// <param name="TopicPartition">Which.</param>
/// <param name="Offset">The committed offset, where reading goes on; null if there is none, then
/// <see cref="ConsumerOptions.AutoOffsetReset"/> decides.</param>
/// <param name="Metadata">The string committed beside it; null if none or empty.</param>
/// <param name="LeaderEpoch">The leader epoch committed beside it; -1 if unknown.</param>
public readonly record struct AssignedPartition(
    TopicPartition TopicPartition, long? Offset, string? Metadata, int LeaderEpoch);

/// <summary>An offset to commit.</summary>
/// <param name="TopicPartition">Of which partition.</param>
/// <param name="Offset">The next record to read: last processed plus one.</param>
/// <param name="Metadata">A string to keep beside it; brokers allow 4096 bytes by default.</param>
/// <param name="LeaderEpoch">The leader epoch of the last processed record; -1 if unknown (KIP-320).</param>
public readonly record struct OffsetToCommit(
    TopicPartition TopicPartition, long Offset, string? Metadata = null, int LeaderEpoch = -1);

/// <summary>A committed offset.</summary>
/// <param name="Offset">Where reading goes on.</param>
/// <param name="Metadata">The string beside it; null if none or empty.</param>
/// <param name="LeaderEpoch">The leader epoch beside it; -1 if unknown.</param>
public readonly record struct CommittedOffset(long Offset, string? Metadata, int LeaderEpoch);

/// <summary>A partition to read without a group.</summary>
/// <param name="TopicPartition">Which.</param>
/// <param name="Offset">Where to begin; null lets the committed offset decide, if there is a group id, then
/// <see cref="ConsumerOptions.AutoOffsetReset"/>.</param>
public readonly record struct PartitionStart(TopicPartition TopicPartition, long? Offset = null);
