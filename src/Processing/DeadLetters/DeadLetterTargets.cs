using Millrace.Protocol;

namespace Millrace.Processing.DeadLetters;

/// <summary>
/// Where the dead letters of each source topic go. Filled once at start, when the partition counts are known, and
/// read by
/// every pump after that.
/// </summary>
sealed class DeadLetterTargets
{
    readonly Dictionary<string, (string Topic, int Partitions)> _bySource = new(StringComparer.Ordinal);

    /// <summary>Says where a source topic's dead letters go.</summary>
    public void Set(string source, string topic, int partitions) => _bySource[source] = (topic, partitions);

    /// <summary>
    /// The same partition number as the source. A dead-letter topic that somebody made smaller gets it modulo its
    /// count:
    /// records of one source partition still stay together.
    /// </summary>
    public TopicPartition For(TopicPartition source)
    {
        var (topic, partitions) = _bySource[source.Topic];
        return new TopicPartition(topic, partitions > 0 ? source.Partition % partitions : source.Partition);
    }
}
