using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>The engine's only way to the world of partitions: a consumer in production, a seeded fake in the simulator.
/// One loop owns it. While a poll is under way that loop may pause, resume and commit; it never polls twice at
/// once.</summary>
interface IConsumerPort
{
    /// <summary>Waits for records or a change of assignment, at most <paramref name="timeout"/>. Records of a paused
    /// partition are not handed out. Throws only what ends the listener; transient trouble is the port's own, and
    /// what concerns one partition alone is a <see cref="PortEventKind.Unreadable"/>.</summary>
    ValueTask<PortEvent> PollAsync(TimeSpan timeout, CancellationToken cancellation);

    /// <summary>Stops handing out records of a partition. A partition that is not assigned is ignored.</summary>
    void Pause(TopicPartition partition);

    /// <summary>Hands out records of the partition again, without a gap and without a repetition.</summary>
    void Resume(TopicPartition partition);

    /// <summary>Commits offsets with metadata. Every partition of the request is in the answer; when the whole request
    /// failed, it failed for each with that code. Does not throw for errors of broker or connection.</summary>
    ValueTask<IReadOnlyDictionary<TopicPartition, ErrorCode>> CommitAsync(
        IReadOnlyList<OffsetCommit> offsets, CancellationToken cancellation);

    /// <summary>Says that everything announced by the last <see cref="PortEventKind.Revoking"/> is drained and
    /// committed: the partitions may go to other members.</summary>
    void AcknowledgeRevocation();

    /// <summary>Leaves the group and closes. Called once, after the last commit.</summary>
    ValueTask CloseAsync(CancellationToken cancellation);
}

/// <summary>What a poll found.</summary>
enum PortEventKind
{
    /// <summary>Nothing within the timeout.</summary>
    Empty,

    /// <summary>Batches of records; the receiver owns each and releases it.</summary>
    Records,

    /// <summary>Partitions came. Each starts at its committed offset.</summary>
    Assigned,

    /// <summary>Partitions are about to go: drain, commit, acknowledge. Nothing of them is handed out any
    /// more.</summary>
    Revoking,

    /// <summary>Partitions are gone already (session expired, fenced): drop, never commit.</summary>
    Lost,

    /// <summary>The next bytes of one partition cannot be read. Everything before them was handed out, nothing behind
    /// them is; the other partitions go on.</summary>
    Unreadable,
}

/// <summary>Where a partition cannot be read.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The first offset that cannot be read.</param>
/// <param name="NextOffset">Where reading could go on behind the damage.</param>
/// <param name="Error">What is wrong with the bytes.</param>
sealed record UnreadableBytes(TopicPartition Partition, long Offset, long NextOffset, Exception Error);

/// <summary>The result of one poll; only the list that belongs to <see cref="Kind"/> is filled.</summary>
readonly record struct PortEvent(
    PortEventKind Kind,
    IReadOnlyList<PolledBatch> Batches,
    IReadOnlyList<AssignedPartition> Assigned,
    IReadOnlyList<TopicPartition> Partitions,
    UnreadableBytes? Unreadable = null)
{
    public static PortEvent Empty { get; } = new(PortEventKind.Empty, [], [], []);

    public static PortEvent OfRecords(IReadOnlyList<PolledBatch> batches) =>
        new(PortEventKind.Records, batches, [], []);

    public static PortEvent OfAssigned(IReadOnlyList<AssignedPartition> assigned) =>
        new(PortEventKind.Assigned, [], assigned, []);

    public static PortEvent OfRevoking(IReadOnlyList<TopicPartition> partitions) =>
        new(PortEventKind.Revoking, [], [], partitions);

    public static PortEvent OfLost(IReadOnlyList<TopicPartition> partitions) =>
        new(PortEventKind.Lost, [], [], partitions);

    public static PortEvent OfUnreadable(UnreadableBytes unreadable) =>
        new(PortEventKind.Unreadable, [], [], [], unreadable);
}

/// <summary>A partition that was assigned.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="CommittedOffset">The offset that reading starts at: the group's committed offset, or where the reset
/// policy put it; -1 when only the first record will tell.</param>
/// <param name="Metadata">The metadata string of the commit, or null or empty when there is none.</param>
/// <param name="Generation">The group's generation or member epoch, which grows with every change of ownership; -1 when
/// unknown. Handlers get it as a fencing token.</param>
readonly record struct AssignedPartition(
    TopicPartition Partition, long CommittedOffset, string? Metadata, int Generation = -1);

/// <summary>One partition of a commit.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset to go on from.</param>
/// <param name="Metadata">What is done above the offset, encoded by the offset map; empty when nothing is.</param>
readonly record struct OffsetCommit(TopicPartition Partition, long Offset, string Metadata);

/// <summary>Records of one partition in offset order, borrowed from the consumer until <see cref="Release"/>. Used by
/// the loop alone; the memory of its deliveries is read by handlers until the loop releases it.</summary>
abstract class PolledBatch
{
    /// <summary>Whose records these are.</summary>
    public abstract TopicPartition Partition { get; }

    /// <summary>The offset to go on from after the last record. Larger than last offset + 1 where the log was
    /// compacted or ends in transaction markers.</summary>
    public abstract long NextOffset { get; }

    /// <summary>The end of the partition when the batch was fetched (high watermark, or last stable offset for
    /// read_committed); -1 when unknown.</summary>
    public abstract long EndOffset { get; }

    /// <summary>How many deliveries still read this batch's memory. Loop only.</summary>
    public int Readers { get; set; }

    /// <summary>True when every record was read out of it. Loop only.</summary>
    public bool IsRead { get; set; }

    /// <summary>Fills in the next record: offset, timestamp, key, value, headers, size. False at the end.</summary>
    public abstract bool TryReadNext(Delivery delivery);

    /// <summary>Decodes the headers that <see cref="TryReadNext"/> only located. Any thread, while the batch is
    /// held.</summary>
    public abstract IReadOnlyList<RecordHeader> DecodeHeaders(Delivery delivery);

    /// <summary>Gives the memory back. Called once, when nobody reads it any more.</summary>
    public abstract void Release();
}
