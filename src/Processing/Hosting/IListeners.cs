using Millrace.Processing.Listeners;

namespace Millrace.Processing.Hosting;

/// <summary>The consumers of this process, for status pages, health checks and tests.</summary>
public interface IListeners
{
    /// <summary>Every registered consumer.</summary>
    IReadOnlyList<IListenerControl> All { get; }

    /// <summary>The consumer of a group, or null.</summary>
    /// <param name="groupId">The consumer group's id.</param>
    IListenerControl? Find(string groupId);
}

/// <summary>One consumer of this process.</summary>
public interface IListenerControl
{
    /// <summary>The consumer group's id.</summary>
    string GroupId { get; }

    /// <summary>The topics that it handles.</summary>
    IReadOnlyList<string> Topics { get; }

    /// <summary>False when configuration leaves it out of this process.</summary>
    bool IsEnabled { get; }

    /// <summary>True while it runs.</summary>
    bool IsRunning { get; }

    /// <summary>What ended it, when it ended by itself; null otherwise.</summary>
    Exception? Failure { get; }

    /// <summary>How far it is; null before the first start.</summary>
    ListenerStatus? Status { get; }

    /// <summary>Starts it, when it does not run.</summary>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="MillraceStartException">No broker, or a topic is missing.</exception>
    Task StartAsync(CancellationToken cancellation);

    /// <summary>
    /// Stops it: running handlers end (within the drain timeout), progress is committed, the group is left.
    /// </summary>
    /// <param name="cancellation">Ends the waiting for handlers early.</param>
    Task StopAsync(CancellationToken cancellation);
}
