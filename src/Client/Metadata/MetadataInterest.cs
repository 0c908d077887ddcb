namespace Millrace.Client.Metadata;

/// <summary>What one producer or consumer wants to know. The metadata loop asks for the union of all
/// interests.</summary>
/// <param name="loop">The loop that it belongs to.</param>
/// <param name="onView">Called in the loop after every new view, also after views that change nothing for this
/// interest;
/// must be short and must not throw. Null = not wanted.</param>
sealed class MetadataInterest(MetadataLoop loop, Action<ClusterView>? onView) : IDisposable
{
    readonly Lock _gate = new();
    HashSet<string> _topics = [];   // replaced as a whole, under _gate

    /// <summary>Every topic of the cluster is wanted, as a subscription by pattern needs it.</summary>
    public bool AllTopics { get; set; }

    public IReadOnlyCollection<string> Topics => Volatile.Read(ref _topics);

    /// <summary>Adds a topic. True if it was not there; then ask for a refresh.</summary>
    public bool Add(string topic)
    {
        lock (_gate)
        {
            if (_topics.Contains(topic))
            {
                return false;
            }
            Volatile.Write(ref _topics, [.. _topics, topic]);
            return true;
        }
    }

    /// <summary>Drops a topic.</summary>
    public void Remove(string topic)
    {
        lock (_gate)
        {
            Volatile.Write(ref _topics, [.. _topics.Where(t => t != topic)]);
        }
    }

    /// <summary>Replaces all topics.</summary>
    public void Set(IEnumerable<string> topics)
    {
        lock (_gate)
        {
            Volatile.Write(ref _topics, [.. topics]);
        }
    }

    /// <summary>Nothing is wanted any more.</summary>
    public void Dispose() => loop.Unregister(this);

    internal void Notify(ClusterView view) => onView?.Invoke(view);
}
