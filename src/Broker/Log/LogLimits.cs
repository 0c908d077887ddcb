namespace Millrace.Broker.Log;

/// <summary>Limits and periods of the log, each with its reason.</summary>
sealed record LogLimits
{
    /// <summary>How far producer ids without a batch are remembered. Kafka's producer.id.expiration.ms: longer than any
    /// producer retries.</summary>
    public TimeSpan ProducerExpiration { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Producer ids per partition; the one that was idle longest goes first. Each costs about 250 bytes, so
    /// that a client that makes a new producer per record cannot fill the memory.</summary>
    public int MaxProducersPerPartition { get; init; } = 100_000;

    /// <summary>Bytes read at once by recovery and by searches: large enough that system calls do not count.</summary>
    public int ScanBufferBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of batch headers read at once to find a batch between two index entries: one index
    /// interval.</summary>
    public int LocateBufferBytes { get; init; } = 4096;

    /// <summary>A batch that decompresses to more than this is refused by searches: a bomb, not data.</summary>
    public int MaxDecompressedBytes { get; init; } = 256 << 20;

    /// <summary>How often retention, expiry and file deletion run. Kafka's log.retention.check.interval.ms.</summary>
    public TimeSpan RetentionCheckInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often recovery points are written down. Kafka's log.flush.offset.checkpoint.interval.ms; only
    /// bounds how much a start after a crash reads again.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Partitions of one topic: one directory and at least one open file each.</summary>
    public int MaxPartitionsPerTopic { get; init; } = 10_000;

    /// <summary>Bytes of one record of the topic catalogue: a topic with some hundred settings.</summary>
    public int MaxCatalogRecordBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of a text file (checkpoints, properties) or a snapshot that is read whole.</summary>
    public int MaxSmallFileBytes { get; init; } = 64 << 20;
}
