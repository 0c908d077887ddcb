using Millrace.Processing;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Hosting;
using Millrace.Processing.Listeners;
using Millrace.Unit.Processing.DeadLetters;

namespace Millrace.Unit.Processing.Hosting;

/// <summary>A cluster of topics in a dictionary, whose listeners do what the test says.</summary>
sealed class FakeCluster : ICluster, IClusterFactory
{
    public Dictionary<string, int> Topics { get; } = [];

    public List<FakeListener> Started { get; } = [];

    public Func<CancellationToken, Task> Answer { get; set; } = _ => Task.CompletedTask;

    public bool IsDisposed { get; private set; }

    public IDeadLetterProducer DeadLetters { get; } = new FakeProducer();

    public ICluster Create(MillraceOptions options) => this;

    public async ValueTask<IReadOnlyDictionary<string, int>> PartitionCountsAsync(
        IReadOnlyCollection<string> topics, CancellationToken cancellation)
    {
        await Answer(cancellation);
        return Topics.Where(topic => topics.Contains(topic.Key)).ToDictionary();
    }

    public ValueTask CreateTopicAsync(
        string topic, int partitions, short replicationFactor, CancellationToken cancellation)
    {
        Topics[topic] = partitions;
        return default;
    }

    public IRunningListener Start(ListenerStart start)
    {
        var listener = new FakeListener(start, this);
        Started.Add(listener);
        return listener;
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return default;
    }
}

sealed class FakeListener(ListenerStart start, FakeCluster cluster) : IRunningListener
{
    readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ListenerStart Start { get; } = start;

    public ListenerStatus Status { get; set; } = new() { Name = start.GroupId, IsRunning = true };

    public Task Completion => _end.Task;

    /// <summary>It was stopped while its cluster could still take commits.</summary>
    public bool WasStoppedInTime { get; private set; }

    public void Fail(Exception exception) => _end.SetException(exception);

    public ValueTask StopAsync(CancellationToken cancellation)
    {
        WasStoppedInTime = !cluster.IsDisposed;
        _end.TrySetResult();
        return default;
    }
}
