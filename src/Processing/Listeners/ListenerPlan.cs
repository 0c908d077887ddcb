namespace Millrace.Processing.Listeners;

/// <summary>Which records wait for each other.</summary>
public enum RecordOrder
{
    /// <summary>One record of a partition at a time, in offset order: Kafka's own promise, hence the default.</summary>
    ByPartition,

    /// <summary>One record of a key at a time, in offset order; different keys run side by side. Records without a key
    /// promise no order and run side by side.</summary>
    ByKey,

    /// <summary>Records run side by side in any order.</summary>
    Unordered,
}

/// <summary>What the engine needs to know of a listener: order, concurrency and limits.</summary>
sealed class ListenerPlan
{
    int? _maxOutstandingRecords;
    int? _maxOutstandingPerPartition;

    /// <summary>The listener's name in logs, metrics and health; one consumer group member.</summary>
    public required string Name { get; init; }

    /// <summary>Which records wait for each other. Default: Kafka's own promise.</summary>
    public RecordOrder Order { get; init; } = RecordOrder.ByPartition;

    /// <summary>16: enough to hide 1 ms of I/O at 10,000 records/s, few enough not to surprise the database behind the
    /// handler.</summary>
    public const int DefaultConcurrency = 16;

    /// <summary>How many handlers run at once.</summary>
    public int Concurrency { get; init; } = DefaultConcurrency;

    /// <summary>How many records may be received and not yet finished, all partitions together. max(2000, 8 ×
    /// concurrency): keeps every slot busy until one key has 1/concurrency of the traffic, at 20 MB for records of 10
    /// KB.</summary>
    public int MaxOutstandingRecords
    {
        get => _maxOutstandingRecords ?? Math.Max(2000, 8 * Concurrency);
        init => _maxOutstandingRecords = value;
    }

    /// <summary>How many bytes of key, value and headers may be outstanding. 256 MiB: the memory one listener may take
    /// when its records are large.</summary>
    public long MaxOutstandingBytes { get; init; } = 256L << 20;

    /// <summary>How many records of one partition may be outstanding. min(W/2, 3000): one partition cannot take the
    /// whole window, and 3,000 unfinished records still fit the commit metadata.</summary>
    public int MaxOutstandingPerPartition
    {
        get => _maxOutstandingPerPartition ?? Math.Clamp(MaxOutstandingRecords / 2, 1, 3000);
        init => _maxOutstandingPerPartition = value;
    }

    /// <summary>Once a limit was hit, taking in goes on below this share of it. 70 %: far enough that a partition is
    /// not paused and resumed with every record, near enough that the slots do not run dry.</summary>
    public double LowMark { get; init; } = 0.7;

    /// <summary>How many records may be received and completed beyond the oldest unfinished one before that one leaves
    /// the ring as a straggler. A power of two; 4096: 66 KB a partition.</summary>
    public int RingCapacity { get; init; } = 4096;

    /// <summary>How many long-stuck records a partition may have aside. 64: more is an outage, and the partition
    /// pauses.</summary>
    public int MaxStragglers { get; init; } = 64;

    /// <summary>How long a revocation or a shutdown waits for running handlers. 20 s: covers slow calls with their own
    /// timeouts, well below a third of max.poll.interval.ms.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>After the drain timeout handlers are cancelled and get this long to return. 2 s.</summary>
    public TimeSpan CancelGrace { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long the last commit of a revocation or shutdown is tried. 5 s: one coordinator move.</summary>
    public TimeSpan FinalCommitTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the announcement of a revocation to its acknowledgement at most.</summary>
    public TimeSpan LongestHandOver => DrainTimeout + CancelGrace + FinalCommitTimeout;

    /// <summary>How often progress is committed. 1 s: a crash replays at most a second of work.</summary>
    public TimeSpan CommitInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest commit metadata, in characters. 4096: the brokers' default for offset.metadata.max.bytes.
    /// 0 commits no map: a crash replays what was done beyond the oldest unfinished record.</summary>
    public int MaxMetadataChars { get; init; } = 4096;

    /// <summary>With no map: how far the received range of a partition may stretch beyond the committed offset.
    /// 100,000: bounds the replay.</summary>
    public int MaxReplayRange { get; init; } = 100_000;

    /// <summary>How long one poll waits. 1 s: the loop is woken by everything else, so this bounds nothing but a
    /// hang.</summary>
    public TimeSpan PollTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How old a status snapshot may get while something happens. 250 ms: a progress line is
    /// not stale, and four snapshots a second cost nothing.</summary>
    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Throws <see cref="ArgumentException"/> with the option's name and the remedy.</summary>
    public void Validate()
    {
        Check(Concurrency is >= 1 and <= 100_000, nameof(Concurrency), "use 1 to 100000");
        Check(MaxOutstandingRecords >= Concurrency, nameof(MaxOutstandingRecords), "use at least Concurrency");
        Check(MaxOutstandingBytes >= 1, nameof(MaxOutstandingBytes), "use a positive number of bytes");
        Check(MaxOutstandingPerPartition >= 1, nameof(MaxOutstandingPerPartition), "use at least 1");
        Check(LowMark is > 0 and < 1, nameof(LowMark), "use a share between 0 and 1, for example 0.7");
        Check(RingCapacity >= 64 && (RingCapacity & (RingCapacity - 1)) == 0, nameof(RingCapacity),
            "use a power of two of at least 64");
        Check(MaxStragglers >= 0, nameof(MaxStragglers), "use 0 or more");
        Check(DrainTimeout >= TimeSpan.Zero, nameof(DrainTimeout), "use 0 or more");
        Check(CancelGrace >= TimeSpan.Zero, nameof(CancelGrace), "use 0 or more");
        Check(FinalCommitTimeout >= TimeSpan.Zero, nameof(FinalCommitTimeout), "use 0 or more");
        Check(CommitInterval > TimeSpan.Zero, nameof(CommitInterval), "use a positive time");
        Check(PollTimeout > TimeSpan.Zero, nameof(PollTimeout), "use a positive time");
        Check(MaxMetadataChars is 0 or >= 64, nameof(MaxMetadataChars), "use 0 (no map) or at least 64");
        Check(MaxReplayRange >= 1, nameof(MaxReplayRange), "use at least 1");
    }

    static void Check(bool isGood, string name, string remedy)
    {
        if (!isGood)
        {
            throw new ArgumentException($"{name} is out of range: {remedy}.", name);
        }
    }
}
