using Millrace.Processing.DeadLetters;
using Millrace.Processing.Listeners;

namespace Millrace.Processing.Hosting;

/// <summary>
/// Everything that hosting needs of a Kafka cluster; the one border between this package's hosting and the client.
/// </summary>
interface ICluster : IAsyncDisposable
{
    /// <summary>Writes dead letters.</summary>
    IDeadLetterProducer DeadLetters { get; }

    /// <summary>The partition counts of those of the topics that exist. Throws when no broker answers.</summary>
    ValueTask<IReadOnlyDictionary<string, int>> PartitionCountsAsync(
        IReadOnlyCollection<string> topics, CancellationToken cancellation);

    /// <summary>Creates a topic; one that exists already is fine.</summary>
    ValueTask CreateTopicAsync(string topic, int partitions, short replicationFactor, CancellationToken cancellation);

    /// <summary>Starts a listener on a group.</summary>
    IRunningListener Start(ListenerStart start);
}

/// <summary>Makes clusters.</summary>
interface IClusterFactory
{
    /// <summary>A cluster for these options. Nothing is connected yet.</summary>
    ICluster Create(MillraceOptions options);
}

/// <summary>What a listener is started with.</summary>
sealed record ListenerStart(
    string GroupId,
    IReadOnlyList<string> Topics,
    ReadFrom ReadFrom,
    ListenerPlan Plan,
    IRecordPipeline Pipeline,
    IListenerEvents Events,
    Random Random);

/// <summary>A listener that was started.</summary>
interface IRunningListener
{
    /// <summary>How far it is.</summary>
    ListenerStatus Status { get; }

    /// <summary>Completes when it has stopped; fails when it ended by itself.</summary>
    Task Completion { get; }

    /// <summary>Drains, commits, leaves the group.</summary>
    ValueTask StopAsync(CancellationToken cancellation);
}
