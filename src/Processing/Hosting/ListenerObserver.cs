using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Processing.Hosting;

/// <summary>Feeds logs and metrics from what the engine tells.</summary>
sealed class ListenerObserver(string groupId, ListenerMetrics metrics, LogMessages log) : IListenerEvents
{
    public void RecordCompleted(Delivery delivery, OutcomeKind outcome) => metrics.Completed(delivery, outcome);

    public void RecordRetried(Delivery delivery, TimeSpan delay, Exception? error) => metrics.Retried(delivery);

    public void KnownDone(TopicPartition partition, long offset) =>
        metrics.KnownDone(partition.Topic, partition.Partition);

    public void PartitionStopped(TopicPartition partition, long offset, Exception error) =>
        log.PartitionStopped(partition, offset, error);

    public void PartitionUnreadable(UnreadableBytes unreadable) =>
        log.PartitionUnreadable(
            groupId, unreadable.Partition, unreadable.Offset, unreadable.NextOffset, unreadable.Error);

    public void Assigned(TopicPartition partition, long offset, int knownDone)
    {
        metrics.Assigned(partition.Topic, partition.Partition);
        log.Assigned(groupId, partition, offset, knownDone);
    }

    public void Revoked(TopicPartition partition, int abandoned)
    {
        metrics.Revoked(partition.Topic, partition.Partition);
        log.Revoked(groupId, partition, abandoned);
    }

    public void Lost(TopicPartition partition, int abandoned)
    {
        metrics.Lost(partition.Topic, partition.Partition);
        log.Lost(groupId, partition, abandoned);
    }

    public void Committed(TopicPartition partition, long offset, int metadataChars)
    {
        metrics.Committed(partition.Topic, partition.Partition);
        log.Committed(partition, offset, metadataChars);
    }

    public void CommitFailed(TopicPartition partition, long offset, ErrorCode error)
    {
        metrics.CommitFailed(partition.Topic, partition.Partition);
        log.CommitFailed(partition, offset, error);
    }

    public void MetadataIgnored(TopicPartition partition, string reason) => log.MetadataIgnored(partition, reason);

    public void Paused(TopicPartition partition)
    {
        metrics.Paused(partition.Topic, partition.Partition);
        log.Paused(partition);
    }

    public void Resumed(TopicPartition partition) => log.Resumed(partition);
}
