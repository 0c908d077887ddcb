using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Client.Produce;

/// <summary>When a record counts as written.</summary>
public enum Acks : short
{
    /// <summary>When all in-sync replicas have it.</summary>
    All = -1,

    /// <summary>When it was handed to the network. Nothing tells of a loss, and no offset is known.</summary>
    None = 0,

    /// <summary>When the leader has it.</summary>
    Leader = 1,
}

/// <summary>Chooses the partition of a record that has a key and names no partition.</summary>
/// <param name="topic">The topic.</param>
/// <param name="key">The key; may be empty.</param>
/// <param name="partitionCount">How many partitions the topic has.</param>
/// <returns>From 0 to below <paramref name="partitionCount"/>.</returns>
public delegate int KeyPartitioner(string topic, ReadOnlySpan<byte> key, int partitionCount);

/// <summary>How a producer sends. The defaults are safe: idempotent, acknowledged by all in-sync replicas.</summary>
public sealed record ProducerOptions
{
    /// <summary>When a record counts as written. Default <see cref="Produce.Acks.All"/>.</summary>
    public Acks Acks { get; init; } = Acks.All;

    /// <summary>Retries neither duplicate nor reorder (KIP-98). Needs <see cref="Acks"/> = All and
    /// <see cref="MaxInFlight"/> of at
    /// most 5. Default true.</summary>
    public bool Idempotent { get; init; } = true;

    /// <summary>How long a nearly empty batch waits for more records while requests are on their way. A single
    /// awaited record
    /// does not wait when nothing else is in flight. Default 5 ms, as in the Java client since 4.0.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Where a batch of one partition ends, in bytes before compression. Batches are cut when they are sent,
    /// so an idle
    /// producer sends small ones. Default 256 KiB: large enough that the costs of a request vanish, and well below a
    /// broker's
    /// default limit of 1 MiB for a batch.</summary>
    public int BatchSize { get; init; } = 256 * 1024;

    /// <summary>The most that one request carries, in bytes, over all partitions; also the limit for one record.
    /// Default 1 MiB,
    /// as in the Java client.</summary>
    public int MaxRequestSize { get; init; } = 1024 * 1024;

    /// <summary>How many bytes may be buffered or in flight. When it is used up, calls wait, first in first out.
    /// Default 64 MiB.</summary>
    public long BufferMemory { get; init; } = 64L * 1024 * 1024;

    /// <summary>How many requests may be in flight to one broker. Default 5: what brokers remember per producer and
    /// partition.</summary>
    public int MaxInFlight { get; init; } = 5;

    /// <summary>How batches are compressed. Default none.</summary>
    public CompressionType Compression { get; init; }

    /// <summary>The codec's level; null = its default.</summary>
    public int? CompressionLevel { get; init; }

    /// <summary>How long a record may take from buffering to its acknowledgement, with all retries. A request that is
    /// on its way
    /// when the time ends is still waited for, because it may yet be written. Default 120 s.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The first pause before a batch is sent again; doubles with jitter up to
    /// <see cref="RetryBackoffMax"/>. Default 100 ms.</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest pause between two tries of a batch. Default 1 s.</summary>
    public TimeSpan RetryBackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a call waits for a topic that the cluster does not know (it may just have been created).
    /// Default 15 s.</summary>
    public TimeSpan TopicTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long disposing waits for what is buffered. Default 30 s.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Chooses partitions by key. Null = murmur2, the same partition as the Java client.</summary>
    public KeyPartitioner? KeyPartitioner { get; init; }

    internal void Validate()
    {
        if (Idempotent && Acks != Acks.All)
        {
            throw new ArgumentException(
                $"Idempotent needs Acks.All, not Acks.{Acks}. "
                + "Set Idempotent = false to accept duplicates after retries.", nameof(Acks));
        }
        InRange(MaxInFlight, 1, Idempotent ? 5 : 1000, nameof(MaxInFlight), Idempotent
            ? " with Idempotent: brokers remember no more batches of a producer" : "");
        InRange(BatchSize, RecordBatchHeader.Size + 1, MaxRequestSize, nameof(BatchSize),
            " (the upper bound is MaxRequestSize)");
        InRange(MaxRequestSize, 1024, 100 * 1024 * 1024, nameof(MaxRequestSize),
            " (brokers take no requests above 100 MiB, socket.request.max.bytes)");
        InRange(BufferMemory, MaxRequestSize, long.MaxValue, nameof(BufferMemory),
            " (the lower bound is MaxRequestSize)");
        if (Linger < TimeSpan.Zero || Linger > DeliveryTimeout)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Linger), Linger, "Linger must be between zero and DeliveryTimeout.");
        }
        ClientOptions.Positive(DeliveryTimeout, nameof(DeliveryTimeout));
        ClientOptions.Positive(RetryBackoff, nameof(RetryBackoff));
        ClientOptions.Positive(RetryBackoffMax, nameof(RetryBackoffMax));
        ClientOptions.Positive(TopicTimeout, nameof(TopicTimeout));
        ClientOptions.Positive(CloseTimeout, nameof(CloseTimeout));
        if (!Enum.IsDefined(Acks) || !Enum.IsDefined(Compression))
        {
            throw new ArgumentException("Acks and Compression must be defined values of their enumerations.");
        }
    }

    static void InRange(long value, long low, long high, string name, string reason)
    {
        if (value < low || value > high)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be from {low} to {high}{reason}.");
        }
    }
}
