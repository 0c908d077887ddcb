using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using Millrace.Processing.Listeners;

namespace Millrace.Processing;

/// <summary>
/// The instruments of this package: OpenTelemetry's messaging names where they exist, <c>millrace.</c> where they do
/// not
/// (lag, retries, dead letters and commits have no standard name). One instance per process.
/// </summary>
sealed class Metrics : IDisposable
{
    /// <summary>The name to add to a meter provider.</summary>
    public const string MeterName = "Millrace.Processing";

    // The boundaries that the messaging conventions ask for.
    static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    readonly Meter _meter;
    readonly Lock _lock = new();
    ListenerMetrics[] _listeners = []; // replaced under _lock, read without

    public Metrics(IMeterFactory? factory = null)
    {
        var options = new MeterOptions(MeterName) { Version = typeof(Metrics).Assembly.GetName().Version?.ToString(3) };
        _meter = factory?.Create(options) ?? new Meter(options);
        Consumed = _meter.CreateCounter<long>(
            "messaging.client.consumed.messages", "{message}", "Records handed to a handler for the first time.");
        Duration = _meter.CreateHistogram(
            "messaging.process.duration", "s", "How long the handler ran.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });
        Retries = Counter("millrace.retries", "{record}", "Runs that ended in another attempt.");
        DeadLetters = Counter("millrace.dead_letters", "{record}", "Records written to a dead-letter topic.");
        Skipped = Counter("millrace.skipped", "{record}", "Records dropped by an explicit skip.");
        KnownDone = Counter(
            "millrace.known_done", "{record}", "Records left out because a previous owner completed them.");
        Commits = Counter("millrace.commits", "{commit}", "Commits of a partition that the broker acknowledged.");
        CommitFailures = Counter("millrace.commit.failures", "{commit}", "Commits that failed; each is tried again.");
        Assigned = Counter("millrace.partitions.assigned", "{partition}", "Partitions that came.");
        Revoked = Counter("millrace.partitions.revoked", "{partition}", "Partitions handed over.");
        Lost = Counter("millrace.partitions.lost", "{partition}", "Partitions lost without a hand-over.");
        Pauses = Counter("millrace.pauses", "{pause}", "Times a partition was held back because a limit was hit.");
        Gauge("millrace.in_flight", "{record}", "Handlers running now.", status => status.InFlight);
        Gauge("millrace.outstanding", "{record}", "Records received and not yet finished.",
            status => status.Outstanding);
        Gauge("millrace.outstanding.bytes", "By", "The bytes of those records.", status => status.OutstandingBytes);
        Gauge("millrace.parked", "{lane}", "Lanes that wait for the next attempt of a record.",
            status => status.Parked);
        Gauge("millrace.ready", "{lane}", "Lanes that wait for a free slot.", status => status.Ready);
        Gauge("millrace.paused_partitions", "{partition}", "Partitions held back by a limit.", s => s.PausedPartitions);
        Gauge("millrace.stopped_partitions", "{partition}", "Partitions stopped by a failure.",
            status => status.Partitions.Count(partition => partition.StoppedBy is not null));
        _meter.CreateObservableGauge(
            "millrace.oldest_unfinished", OldestUnfinished, "s", "The age of the oldest unfinished record.");
        _meter.CreateObservableGauge(
            "millrace.lag", Lags, "{record}", "Records between the committed offset and the end.");
    }

    public Counter<long> Consumed { get; }

    public Histogram<double> Duration { get; }

    public Counter<long> Retries { get; }

    public Counter<long> DeadLetters { get; }

    public Counter<long> Skipped { get; }

    public Counter<long> KnownDone { get; }

    public Counter<long> Commits { get; }

    public Counter<long> CommitFailures { get; }

    public Counter<long> Assigned { get; }

    public Counter<long> Revoked { get; }

    public Counter<long> Lost { get; }

    public Counter<long> Pauses { get; }

    /// <summary>Makes the part of one listener; the gauges ask it for its status from now on.</summary>
    public ListenerMetrics For(string groupId, TimeProvider clock, Func<ListenerStatus?> status)
    {
        var listener = new ListenerMetrics(this, groupId, clock, status);
        lock (_lock)
        {
            _listeners = [.. _listeners, listener];
        }

        return listener;
    }

    public void Dispose() => _meter.Dispose();

    Counter<long> Counter(string name, string unit, string description) =>
        _meter.CreateCounter<long>(name, unit, description);

    void Gauge(string name, string unit, string description, Func<ListenerStatus, long> read) =>
        _meter.CreateObservableGauge(name, () => Read(read), unit, description);

    IEnumerable<Measurement<long>> Read(Func<ListenerStatus, long> read)
    {
        foreach (var listener in Volatile.Read(ref _listeners))
        {
            if (listener.Status is { } status)
            {
                yield return new Measurement<long>(read(status), listener.GroupTag);
            }
        }
    }

    IEnumerable<Measurement<double>> OldestUnfinished()
    {
        foreach (var listener in Volatile.Read(ref _listeners))
        {
            if (listener.Status is { } status)
            {
                yield return new Measurement<double>(status.OldestUnfinished?.TotalSeconds ?? 0, listener.GroupTag);
            }
        }
    }

    IEnumerable<Measurement<long>> Lags()
    {
        foreach (var listener in Volatile.Read(ref _listeners))
        {
            foreach (var partition in listener.Status?.Partitions ?? [])
            {
                if (partition.Lag is { } lag)
                {
                    yield return new Measurement<long>(
                        lag,
                        listener.GroupTag,
                        new("messaging.destination.name", partition.Partition.Topic),
                        new("messaging.destination.partition.id", ListenerMetrics.Id(partition.Partition.Partition)));
                }
            }
        }
    }
}

/// <summary>The measurements of one listener. Nothing is computed for an instrument that nobody listens to.</summary>
sealed class ListenerMetrics(Metrics metrics, string groupId, TimeProvider clock, Func<ListenerStatus?> status)
{
    // Partition numbers as text, so that a tag does not cost a string per record.
    static readonly string[] Ids = [.. Enumerable.Range(0, 256).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    public KeyValuePair<string, object?> GroupTag { get; } = new("messaging.consumer.group.name", groupId);

    public ListenerStatus? Status => status();

    public static string Id(int partition) =>
        (uint)partition < (uint)Ids.Length ? Ids[partition] : partition.ToString(CultureInfo.InvariantCulture);

    /// <summary>A run begins. The answer goes to <see cref="Stop"/>.</summary>
    public long Start(Delivery delivery)
    {
        if (delivery.Attempt == 1 && metrics.Consumed.Enabled)
        {
            metrics.Consumed.Add(1, Tags(delivery.Topic, delivery.Partition));
        }

        return metrics.Duration.Enabled ? clock.GetTimestamp() : 0;
    }

    /// <summary>A run ended, well or not.</summary>
    public void Stop(Delivery delivery, long started, Exception? error)
    {
        if (started != 0 && metrics.Duration.Enabled)
        {
            var tags = Tags(delivery.Topic, delivery.Partition);
            if (error is not null)
            {
                tags.Add("error.type", error.GetType().FullName);
            }

            metrics.Duration.Record(clock.GetElapsedTime(started).TotalSeconds, tags);
        }
    }

    public void Retried(Delivery delivery) => Count(metrics.Retries, delivery.Topic, delivery.Partition);

    public void Completed(Delivery delivery, OutcomeKind outcome)
    {
        if (outcome == OutcomeKind.DeadLettered)
        {
            Count(metrics.DeadLetters, delivery.Topic, delivery.Partition);
        }
        else if (outcome == OutcomeKind.Skipped)
        {
            Count(metrics.Skipped, delivery.Topic, delivery.Partition);
        }
    }

    public void KnownDone(string topic, int partition) => Count(metrics.KnownDone, topic, partition);

    public void Committed(string topic, int partition) => Count(metrics.Commits, topic, partition);

    public void CommitFailed(string topic, int partition) => Count(metrics.CommitFailures, topic, partition);

    public void Assigned(string topic, int partition) => Count(metrics.Assigned, topic, partition);

    public void Revoked(string topic, int partition) => Count(metrics.Revoked, topic, partition);

    public void Lost(string topic, int partition) => Count(metrics.Lost, topic, partition);

    public void Paused(string topic, int partition) => Count(metrics.Pauses, topic, partition);

    void Count(Counter<long> counter, string topic, int partition)
    {
        if (counter.Enabled)
        {
            counter.Add(1, Tags(topic, partition));
        }
    }

    TagList Tags(string topic, int partition) => new()
    {
        { "messaging.system", "kafka" },
        { "messaging.operation.name", "process" },
        { "messaging.destination.name", topic },
        { "messaging.destination.partition.id", Id(partition) },
        GroupTag,
    };
}
