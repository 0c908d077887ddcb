using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>The closed list of what a listener can tell; logs, metrics and tests subscribe to it. Calls come from the
/// loop or, where said, from the pump that ran the record; they must be quick and must not throw.</summary>
interface IListenerEvents
{
    /// <summary>A run is over and the record needs no other (done, dead-lettered or skipped). From a pump.</summary>
    void RecordCompleted(Delivery delivery, OutcomeKind outcome) { }

    /// <summary>A run is over and the record waits for the next. From a pump.</summary>
    void RecordRetried(Delivery delivery, TimeSpan delay, Exception? error) { }

    /// <summary>A record that a previous owner completed was received again and left out.</summary>
    void KnownDone(TopicPartition partition, long offset) { }

    /// <summary>A partition stopped: no policy covers the failure of this record.</summary>
    void PartitionStopped(TopicPartition partition, long offset, Exception error) { }

    /// <summary>A partition stopped: what comes next in it cannot be read. What came before is still handled.</summary>
    void PartitionUnreadable(UnreadableBytes unreadable) { }

    /// <summary>A partition was assigned and starts at this offset (-1: not known yet).</summary>
    void Assigned(TopicPartition partition, long offset, int knownDone) { }

    /// <summary>A partition was drained, committed and handed over. <paramref name="abandoned"/> handlers did not
    /// return in time.</summary>
    void Revoked(TopicPartition partition, int abandoned) { }

    /// <summary>A partition was lost: what was in flight is dropped and not committed.</summary>
    void Lost(TopicPartition partition, int abandoned) { }

    /// <summary>The broker acknowledged a commit.</summary>
    void Committed(TopicPartition partition, long offset, int metadataChars) { }

    /// <summary>A commit failed; the partition stays dirty and is committed again.</summary>
    void CommitFailed(TopicPartition partition, long offset, ErrorCode error) { }

    /// <summary>The metadata of a committed offset is not ours, damaged or stale: records beyond the offset are run
    /// again.</summary>
    void MetadataIgnored(TopicPartition partition, string reason) { }

    /// <summary>A limit was hit: the partition is not read for now.</summary>
    void Paused(TopicPartition partition) { }

    /// <summary>There is room again.</summary>
    void Resumed(TopicPartition partition) { }
}
