using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Groups;

/// <summary>What members of a consumer group tell each other inside JoinGroup and SyncGroup. The broker never reads
/// it.</summary>
static class ConsumerProtocol
{
    /// <summary>The protocol type of JoinGroup.</summary>
    public const string Type = "consumer";

    // Version 3 is read by every client: older ones take the fields that they know.
    const short SubscriptionVersion = 3;
    const short AssignmentVersion = 3;

    public static byte[] EncodeSubscription(
        IEnumerable<string> topics, ReadOnlyMemory<byte>? userData, IEnumerable<TopicPartition> owned, int generation)
    {
        var subscription = new ConsumerProtocolSubscription { UserData = userData, GenerationId = generation };
        subscription.Topics.AddRange(topics);
        foreach (var topic in owned.GroupBy(tp => tp.Topic))
        {
            var entry = new ConsumerProtocolSubscription.TopicPartition { Topic = topic.Key };
            entry.Partitions.AddRange(topic.Select(tp => tp.Partition));
            subscription.OwnedPartitions.Add(entry);
        }
        return VersionedData.Encode(subscription, SubscriptionVersion);
    }

    /// <exception cref="WireFormatException">Another member sent something else.</exception>
    public static MemberSubscription DecodeSubscription(
        string memberId, string? instanceId, ReadOnlyMemory<byte> bytes)
    {
        var subscription = VersionedData.Decode<ConsumerProtocolSubscription>(bytes, allowNewer: true);
        var owned = new List<TopicPartition>();
        foreach (var topic in subscription.OwnedPartitions)
        {
            foreach (var partition in topic.Partitions)
                owned.Add(new TopicPartition(topic.Topic, partition));
        }
        var generation = subscription.GenerationId;
        if (generation < 0 && subscription.UserData is { Length: sizeof(int) } userData)
        {
            var reader = new WireReader(userData);
            generation = reader.ReadInt32();
        }
        var topics = new HashSet<string>(subscription.Topics, StringComparer.Ordinal);
        return new MemberSubscription(memberId, instanceId, topics, owned, generation);
    }

    public static byte[] EncodeAssignment(IEnumerable<TopicPartition> partitions)
    {
        var assignment = new ConsumerProtocolAssignment();
        foreach (var topic in partitions.GroupBy(tp => tp.Topic))
        {
            var entry = new ConsumerProtocolAssignment.TopicPartition { Topic = topic.Key };
            entry.Partitions.AddRange(topic.Select(tp => tp.Partition));
            assignment.AssignedPartitions.Add(entry);
        }
        return VersionedData.Encode(assignment, AssignmentVersion);
    }

    /// <summary>Empty bytes are an empty assignment: what the coordinator sends for a member that the leader left
    /// out.</summary>
    /// <exception cref="WireFormatException">The leader sent something else.</exception>
    public static List<TopicPartition> DecodeAssignment(ReadOnlyMemory<byte> bytes)
    {
        var partitions = new List<TopicPartition>();
        if (bytes.IsEmpty)
            return partitions;
        var assignment = VersionedData.Decode<ConsumerProtocolAssignment>(bytes, allowNewer: true);
        foreach (var topic in assignment.AssignedPartitions)
        {
            foreach (var partition in topic.Partitions)
                partitions.Add(new TopicPartition(topic.Topic, partition));
        }
        return partitions;
    }
}
