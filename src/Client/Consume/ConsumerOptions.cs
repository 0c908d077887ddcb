using Millrace.Client.Groups;

namespace Millrace.Client.Consume;

/// <summary>Where to begin in a partition that has no committed offset, or whose position the broker no longer
/// holds.</summary>
public enum AutoOffsetReset
{
    /// <summary>At the oldest record that is there.</summary>
    Earliest,

    /// <summary>At the end: only records that come from now on.</summary>
    Latest,

    /// <summary>Nowhere: <see cref="Consumer.PollAsync"/> throws, and the application decides with
    /// <see cref="Consumer.Seek"/>.</summary>
    Error,
}

/// <summary>Which records of transactions are delivered (KIP-98).</summary>
public enum IsolationLevel
{
    /// <summary>All of them, also of open and aborted transactions.</summary>
    ReadUncommitted = 0,

    /// <summary>Only those of committed transactions; reading stops at the first open one.</summary>
    ReadCommitted = 1,
}

/// <summary>How a <see cref="Consumer"/> behaves.</summary>
public sealed record ConsumerOptions
{
    /// <summary>The group, for <see cref="Consumer.Subscribe"/> and for commits. Null: no group, partitions are named
    /// with <see cref="Consumer.Assign"/>.</summary>
    public string? GroupId { get; init; }

    /// <summary>A name that this member keeps across restarts (KIP-345): it gets its partitions back without a
    /// rebalance if it returns within the session timeout. Unique in the group. Null: a dynamic member.</summary>
    public string? GroupInstanceId { get; init; }

    /// <summary>After how long without a heartbeat the group takes the partitions away. The broker bounds it
    /// (6 s to 30 min by default). Default 45 s, Kafka's own: longer than a broker restart.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>How often the coordinator hears of this member, whatever the application does. Default 3 s: fifteen
    /// tries within a session.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a rebalance waits for this member, and so the longest time from
    /// <see cref="PollKind.Revoking"/> to <see cref="Consumer.AcknowledgeRevocation"/>; after it the partitions are
    /// lost. Default 5 min, Kafka's own.</summary>
    public TimeSpan RebalanceTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Where to begin without a committed offset. Default the oldest record: a new group misses
    /// nothing.</summary>
    public AutoOffsetReset AutoOffsetReset { get; init; } = AutoOffsetReset.Earliest;

    /// <summary>How many bytes must be there before a broker answers a fetch early. Default 1: lowest
    /// latency.</summary>
    public int FetchMinBytes { get; init; } = 1;

    /// <summary>How long a broker waits for <see cref="FetchMinBytes"/>. Default 500 ms: two requests a second when
    /// idle.</summary>
    public TimeSpan FetchMaxWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The most bytes of one fetch answer. Default 1 MiB, because a record that is kept keeps its whole
    /// answer: 64 of them fit <see cref="MaxBufferedBytes"/>. An application that lets go of its records at once may
    /// read faster with 4 MiB here and in <see cref="MaxPartitionFetchBytes"/>, beyond that no faster. A single larger
    /// batch comes nevertheless.</summary>
    public int FetchMaxBytes { get; init; } = 1024 * 1024;

    /// <summary>The most bytes of one partition in a fetch answer, and how much of a partition is buffered before it is
    /// fetched again. Default 1 MiB.</summary>
    public int MaxPartitionFetchBytes { get; init; } = 1024 * 1024;

    /// <summary>The most bytes of fetch answers and decompressed batches that may be held, those that the application
    /// has not released included: a slow application slows fetching down instead of growing. Default 64 MiB.</summary>
    public long MaxBufferedBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>The most records of one poll; the last batch may exceed it. Default 10,000: a few milliseconds of
    /// dispatching.</summary>
    public int MaxPollRecords { get; init; } = 10_000;

    /// <summary>The most bytes of one poll; the last batch may exceed it. Default 1 MiB.</summary>
    public int MaxPollBytes { get; init; } = 1024 * 1024;

    /// <summary>The most bytes that one batch may decompress to: a few bytes on the wire can claim gigabytes. Default
    /// 64 MiB, far above what brokers accept by default (1 MiB compressed).</summary>
    public int MaxDecompressedBatchBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>Which records of transactions are delivered. Default all, as in Kafka's own client.</summary>
    public IsolationLevel IsolationLevel { get; init; } = IsolationLevel.ReadUncommitted;

    /// <summary>What this member can divide partitions with, best first; a group uses one that all its members list.
    /// With cooperative strategies alone, partitions are kept while the group rebalances; one eager strategy in the
    /// list makes the member give up everything before each rebalance. Default cooperative-sticky, which Kafka's own
    /// client offers as well.</summary>
    public IReadOnlyList<PartitionAssignor> Assignors { get; init; } = [PartitionAssignor.CooperativeSticky];

    /// <summary>Checks every batch's CRC-32C. Default true.</summary>
    public bool CheckCrcs { get; init; } = true;

    internal void Validate()
    {
        if (GroupId is not null && string.IsNullOrWhiteSpace(GroupId))
            throw new ArgumentException(
                "GroupId is empty. Name the group, or leave it null and use Assign.", nameof(GroupId));
        if (GroupInstanceId is not null && (GroupId is null || !IsLegalName(GroupInstanceId)))
            throw new ArgumentException(
                $"GroupInstanceId '{GroupInstanceId}' needs a GroupId and 1 to 249 letters, digits, '.', '_' or '-'.",
                nameof(GroupInstanceId));
        ClientOptions.Positive(SessionTimeout, nameof(SessionTimeout));
        ClientOptions.Positive(HeartbeatInterval, nameof(HeartbeatInterval));
        ClientOptions.Positive(RebalanceTimeout, nameof(RebalanceTimeout));
        if (HeartbeatInterval >= SessionTimeout)
            throw new ArgumentOutOfRangeException(nameof(HeartbeatInterval), HeartbeatInterval,
                $"HeartbeatInterval must be below SessionTimeout ({SessionTimeout}); a third of it or less is sound.");
        if (FetchMaxWait < TimeSpan.Zero || FetchMaxWait > TimeSpan.FromSeconds(20))
            throw new ArgumentOutOfRangeException(nameof(FetchMaxWait), FetchMaxWait,
                "FetchMaxWait must be from 0 to 20 s: below the request timeout.");
        AtLeast(1, FetchMinBytes, nameof(FetchMinBytes));
        AtLeast(1024, FetchMaxBytes, nameof(FetchMaxBytes));
        AtLeast(1024, MaxPartitionFetchBytes, nameof(MaxPartitionFetchBytes));
        AtLeast(MaxPartitionFetchBytes, MaxBufferedBytes, nameof(MaxBufferedBytes));
        AtLeast(1, MaxPollRecords, nameof(MaxPollRecords));
        AtLeast(1, MaxPollBytes, nameof(MaxPollBytes));
        AtLeast(1024, MaxDecompressedBatchBytes, nameof(MaxDecompressedBatchBytes));
        if (Assignors is null || Assignors.Count == 0 || Assignors.Distinct().Count() != Assignors.Count)
            throw new ArgumentException("Assignors must name at least one strategy, and each once.", nameof(Assignors));
    }

    static bool IsLegalName(string name) =>
        name.Length is > 0 and < 250 && name is not ("." or "..")
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');

    static void AtLeast(long least, long value, string name)
    {
        if (value < least)
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be at least {least}.");
    }
}
