using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

/// <summary>The records of <c>__consumer_offsets</c>, in Kafka's own formats, so that its tools read them.</summary>
static class GroupRecords
{
    /// <summary>The key's first two bytes of a committed offset (0 is an older spelling of the same).</summary>
    public const short OffsetType = 1;

    /// <summary>The key's first two bytes of a group's metadata.</summary>
    public const short GroupType = 2;

    /// <summary>Group metadata is written in version 3, the newest that every tool reads.</summary>
    public const short GroupVersion = 3;

    // Version 1 alone carries an expiry; 3 carries the leader epoch.
    const short OffsetWithExpiryVersion = 1;
    const short OffsetVersion = 3;

    public static GroupMetadataKey Key(string group) => new() { Group = group };

    public static OffsetCommitKey Key(string group, TopicPartition partition) =>
        new() { Group = group, Topic = partition.Topic, Partition = partition.Partition };

    public static CoordinatorRecord Offset(string group, TopicPartition partition, in CommittedOffset offset)
    {
        var expires = offset.ExpireTimestampMs >= 0;
        var value = new OffsetCommitValue
        {
            Offset = offset.Offset,
            LeaderEpoch = expires ? -1 : offset.LeaderEpoch,
            Metadata = offset.Metadata,
            CommitTimestamp = offset.CommitTimestampMs,
            ExpireTimestamp = offset.ExpireTimestampMs,
        };
        return new CoordinatorRecord(
            OffsetType, Key(group, partition), value, expires ? OffsetWithExpiryVersion : OffsetVersion);
    }

    public static CoordinatorRecord OffsetTombstone(string group, TopicPartition partition) =>
        new(OffsetType, Key(group, partition), null, 0);

    public static CoordinatorRecord GroupTombstone(string group) => new(GroupType, Key(group), null, 0);
}
