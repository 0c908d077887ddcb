using Millrace.Processing.DeadLetters;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;

namespace Millrace.Processing;

/// <summary>
/// The effective settings of one consumer: what the code says, overridden by the configuration section
/// <c>Millrace:Consumers:GROUP</c>. Named options; the name is the group id.
/// </summary>
public sealed class ConsumerSettings
{
    /// <summary>False leaves the consumer out of this process; its handlers are still checked.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Which records wait for each other. Kafka's own promise by default.</summary>
    public RecordOrder Order { get; set; } = RecordOrder.ByPartition;

    /// <summary>Handlers that run at once; null takes the engine's default.</summary>
    public int? Concurrency { get; set; }

    /// <summary>
    /// Records received and not yet finished, all partitions together; null takes max(2000, 8 × concurrency).
    /// </summary>
    public int? MaxInFlight { get; set; }

    /// <summary>Bytes of records received and not yet finished; null takes 256 MiB.</summary>
    public long? MaxInFlightBytes { get; set; }

    /// <summary>How often progress is committed; null takes one second.</summary>
    public TimeSpan? CommitInterval { get; set; }

    /// <summary>How long a revocation or a shutdown waits for running handlers; null takes 20 seconds.</summary>
    public TimeSpan? DrainTimeout { get; set; }

    /// <summary>
    /// The member's name across restarts, for static membership (KIP-345): a process that comes back under the same
    /// name takes its partitions over at once, also after a crash. Each process of the group needs its own. Null is
    /// dynamic.
    /// </summary>
    public string? InstanceId { get; set; }

    /// <summary>How long the group waits for a silent member before others get its partitions; null takes 45
    /// seconds.</summary>
    public TimeSpan? SessionTimeout { get; set; }

    /// <summary>Where a group without committed offsets starts.</summary>
    public ReadFrom ReadFrom { get; set; } = ReadFrom.Earliest;

    /// <summary>Which failures are tried again.</summary>
    public RetryOptions Retry { get; } = new();

    /// <summary>Where records go that cannot be handled.</summary>
    public DeadLetterOptions DeadLetter { get; } = new();

    /// <summary>What is wrong with the configuration section, collected while it was applied.</summary>
    internal List<string> Problems { get; } = [];

    internal ListenerPlan ToPlan(string name)
    {
        var defaults = new ListenerPlan { Name = name };
        var concurrency = Concurrency ?? defaults.Concurrency;
        return new ListenerPlan
        {
            Name = name,
            Order = Order,
            Concurrency = concurrency,
            MaxOutstandingRecords = MaxInFlight ?? Math.Max(defaults.MaxOutstandingRecords, 8 * concurrency),
            MaxOutstandingBytes = MaxInFlightBytes ?? defaults.MaxOutstandingBytes,
            CommitInterval = CommitInterval ?? defaults.CommitInterval,
            DrainTimeout = DrainTimeout ?? defaults.DrainTimeout,
        };
    }
}
