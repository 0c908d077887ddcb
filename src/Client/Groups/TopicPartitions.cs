using Millrace.Protocol;

namespace Millrace.Client.Groups;

/// <summary>Order and grouping of partitions.</summary>
static class TopicPartitions
{
    /// <summary>By topic name, ordinal, then by number.</summary>
    public static int Order(TopicPartition a, TopicPartition b)
    {
        var byTopic = string.CompareOrdinal(a.Topic, b.Topic);
        return byTopic != 0 ? byTopic : a.Partition.CompareTo(b.Partition);
    }

    /// <summary>A new list in that order.</summary>
    public static List<TopicPartition> Sorted(IEnumerable<TopicPartition> partitions)
    {
        var list = new List<TopicPartition>(partitions);
        list.Sort(Order);
        return list;
    }
}
