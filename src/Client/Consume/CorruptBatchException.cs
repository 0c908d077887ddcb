using Millrace.Protocol;

namespace Millrace.Client.Consume;

/// <summary>A batch in a partition cannot be read. The position stays before it, so every poll throws again, until
/// <see cref="Consumer.Seek"/> skips it (to <see cref="NextOffset"/>) or the broker holds sound bytes.</summary>
public sealed class CorruptBatchException : Exception
{
    internal CorruptBatchException(
        TopicPartition topicPartition, long offset, long nextOffset, string reason, Exception? inner = null)
        : base($"The batch at offset {offset} of {topicPartition} cannot be read: {reason}. "
            + $"Seek to {nextOffset} to skip it.", inner)
    {
        TopicPartition = topicPartition;
        Offset = offset;
        NextOffset = nextOffset;
    }

    /// <summary>The partition.</summary>
    public TopicPartition TopicPartition { get; }

    /// <summary>The batch's first offset, as far as its header can be trusted; else the position.</summary>
    public long Offset { get; }

    /// <summary>The first offset after the batch; if its header cannot be trusted, the position plus one.</summary>
    public long NextOffset { get; }
}
