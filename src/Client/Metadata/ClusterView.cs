using System.Diagnostics.CodeAnalysis;
using Millrace.Protocol;

namespace Millrace.Client.Metadata;

/// <summary>A broker's address.</summary>
sealed record BrokerEndpoint(int NodeId, string Host, int Port, string? Rack);

/// <summary>One partition in a view.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Leader">The leader's node id, -1 if there is none just now.</param>
/// <param name="LeaderEpoch">The leader's epoch, -1 if the broker does not tell.</param>
/// <param name="Replicas">Node ids of all replicas.</param>
/// <param name="InSync">Node ids of the replicas in sync.</param>
/// <param name="Error">What the broker said about the partition.</param>
sealed record PartitionView(
    int Index, int Leader, int LeaderEpoch, IReadOnlyList<int> Replicas, IReadOnlyList<int> InSync, ErrorCode Error);

/// <summary>One topic in a view.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id, empty if the broker does not tell (before 2.8).</param>
/// <param name="IsInternal">It is one of the broker's own.</param>
/// <param name="Error">What the broker said about the topic; <see cref="ErrorCode.UnknownTopicOrPartition"/> for one
/// that does not exist.</param>
/// <param name="Partitions">The partitions; the index in the list is the partition's number.</param>
sealed record TopicView(string Name, Guid Id, bool IsInternal, ErrorCode Error, IReadOnlyList<PartitionView> Partitions)
{
    /// <summary>The topic exists and its partitions are known.</summary>
    public bool IsUsable => Partitions.Count > 0;
}

/// <summary>An immutable picture of the cluster. The metadata loop replaces it as a whole.</summary>
sealed class ClusterView
{
    /// <summary>Before the first answer.</summary>
    public static readonly ClusterView Empty = new(null, -1, [], [], 0);

    readonly Dictionary<string, TopicView> _topics;
    readonly Dictionary<Guid, TopicView> _byId;

    public ClusterView(
        string? clusterId, int controllerId, Dictionary<int, BrokerEndpoint> brokers,
            Dictionary<string, TopicView> topics, long version)
    {
        ClusterId = clusterId;
        ControllerId = controllerId;
        Brokers = brokers;
        _topics = topics;
        _byId = [];
        foreach (var topic in topics.Values)
        {
            if (topic.Id != Guid.Empty)
            {
                _byId[topic.Id] = topic;
            }
        }
        Version = version;
    }

    /// <summary>Counts up with every view.</summary>
    public long Version { get; }

    public string? ClusterId { get; }

    /// <summary>Where to send what only the controller does; -1 if unknown.</summary>
    public int ControllerId { get; }

    public IReadOnlyDictionary<int, BrokerEndpoint> Brokers { get; }

    /// <summary>The topics of interest, by name; also those that do not exist, with their error.</summary>
    public IReadOnlyDictionary<string, TopicView> Topics => _topics;

    public TopicView? Topic(string name) => _topics.GetValueOrDefault(name);

    public bool TryTopic(Guid id, [NotNullWhen(true)] out TopicView? topic) => _byId.TryGetValue(id, out topic);

    public PartitionView? Partition(string topic, int partition) =>
        _topics.TryGetValue(topic, out var t) && (uint)partition < (uint)t.Partitions.Count ? t.Partitions[partition]
            : null;

    /// <summary>The leader's node id, -1 if unknown.</summary>
    public int LeaderOf(string topic, int partition) => Partition(topic, partition)?.Leader ?? -1;
}
