using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Metadata;

/// <summary>
/// Makes the next view from the last one and an answer. Answers of different brokers may arrive out of order, so a
/// partition's leader is believed only with an epoch not below the known one (KIP-320), unless the topic's id
/// changed: then the
/// topic was deleted and created again, and what was known of it is void.
/// </summary>
static class MetadataMerge
{
    /// <summary>Takes over an answer.</summary>
    /// <param name="old">The last view.</param>
    /// <param name="response">The answer.</param>
    /// <param name="isInteresting">Whether somebody still wants the topic; one that nobody wants is forgotten.</param>
    public static ClusterView Apply(ClusterView old, MetadataResponse response, Func<string, bool> isInteresting)
    {
        var brokers = new Dictionary<int, BrokerEndpoint>(response.Brokers.Count);
        foreach (var broker in response.Brokers)
        {
            brokers[broker.NodeId] = new BrokerEndpoint(broker.NodeId, broker.Host, broker.Port, broker.Rack);
        }
        var topics = new Dictionary<string, TopicView>();
        foreach (var topic in response.Topics)
        {
            if (topic.Name is { } name)
            {
                topics[name] = Merge(old.Topic(name), topic, name);
            }
        }
        foreach (var known in old.Topics.Values)
        {
            // Asked for before this request was made, but not part of it: it stays until its own answer comes.
            if (!topics.ContainsKey(known.Name) && isInteresting(known.Name))
            {
                topics[known.Name] = known;
            }
        }
        return new ClusterView(response.ClusterId, response.ControllerId, brokers, topics, old.Version + 1);
    }

    /// <summary>Takes over a new leader that an error answer told of (KIP-951). Null if it is no news.</summary>
    public static ClusterView? ApplyLeader(ClusterView old, string topic, int partition, int leader, int leaderEpoch)
    {
        if (old.Topic(topic) is not { } view || old.Partition(topic, partition) is not { } known
            || leaderEpoch <= known.LeaderEpoch || !old.Brokers.ContainsKey(leader))
        {
            return null;
        }
        var partitions = view.Partitions.ToArray();
        partitions[partition] = known with { Leader = leader, LeaderEpoch = leaderEpoch, Error = ErrorCode.None };
        var topics = new Dictionary<string, TopicView>((IDictionary<string, TopicView>)old.Topics)
        {
            [topic] = view with { Partitions = partitions },
        };
        return new ClusterView(
            old.ClusterId, old.ControllerId, new Dictionary<int, BrokerEndpoint>(old.Brokers), topics, old.Version + 1);
    }

    static TopicView Merge(TopicView? old, MetadataResponse.MetadataResponseTopic answer, string name)
    {
        if (answer.Partitions.Count == 0)
        {
            // A passing error says nothing about the partitions; "unknown" and "forbidden" do.
            return old is { IsUsable: true }
                && answer.ErrorCode is ErrorCode.LeaderNotAvailable or ErrorCode.UnknownServerError
                ? old! with { Error = answer.ErrorCode }
                : new TopicView(name, answer.TopicId, answer.IsInternal, answer.ErrorCode, []);
        }
        var isSameTopic = old is not null
            && (old.Id == answer.TopicId || old.Id == Guid.Empty || answer.TopicId == Guid.Empty);
        var count = answer.Partitions.Max(static p => p.PartitionIndex) + 1;
        var partitions = new PartitionView[Math.Min(count, MaxPartitions)];
        for (var i = 0; i < partitions.Length; i++)
        {
            partitions[i] = new PartitionView(i, -1, -1, [], [], ErrorCode.UnknownTopicOrPartition);
        }
        foreach (var p in answer.Partitions)
        {
            if ((uint)p.PartitionIndex >= (uint)partitions.Length)
            {
                continue;
            }
            var known = isSameTopic && p.PartitionIndex < old!.Partitions.Count ? old.Partitions[p.PartitionIndex]
                : null;
            var isStale = known is not null && p.LeaderEpoch >= 0 && p.LeaderEpoch < known.LeaderEpoch;
            partitions[p.PartitionIndex] = isStale
                ? known!
                : new PartitionView(p.PartitionIndex, p.LeaderId, p.LeaderEpoch, p.ReplicaNodes, p.IsrNodes,
                    p.ErrorCode);
        }
        return new TopicView(name, answer.TopicId, answer.IsInternal, answer.ErrorCode, partitions);
    }

    // Kafka clusters do not go that far for one topic; a hostile index must not size an array.
    const int MaxPartitions = 1_000_000;
}
