namespace Millrace.Protocol;

/// <summary>One partition of one topic.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition's index, from 0.</param>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>The form that Kafka's directories and tools use: <c>topic-3</c>.</summary>
    public override string ToString() => $"{Topic}-{Partition}";
}
