using System.Buffers.Binary;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

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

    /// <summary>The key as it lies in the log: int16 type, then the fields.</summary>
    public static byte[] EncodeKey(CoordinatorRecord record) => record.Key switch
    {
        OffsetCommitKey key => VersionedData.Encode(key, record.Type),
        GroupMetadataKey key => VersionedData.Encode(key, record.Type),
        _ => throw new InvalidOperationException($"{record.Key.GetType().Name} is not a key of a group record."),
    };

    /// <summary>The value as it lies in the log: int16 version, then the fields; null for a tombstone.</summary>
    public static byte[]? EncodeValue(CoordinatorRecord record) => record.Value switch
    {
        null => null,
        OffsetCommitValue value => VersionedData.Encode(value, record.ValueVersion),
        GroupMetadataValue value => VersionedData.Encode(value, record.ValueVersion),
        _ => throw new InvalidOperationException($"{record.Value.GetType().Name} is not a value of a group record."),
    };

    /// <summary>A record from the log; null for types of other coordinators. Byte fields borrow.</summary>
    /// <exception cref="WireFormatException">The bytes do not follow the format.</exception>
    public static CoordinatorRecord? Decode(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte>? value)
    {
        if (key.Length < sizeof(short)) throw new WireFormatException($"A group record's key has {key.Length} bytes.");
        var type = BinaryPrimitives.ReadInt16BigEndian(key.Span);
        switch (type)
        {
            case 0:
            case OffsetType:
                return Make(type, VersionedData.Decode<OffsetCommitKey>(key), Value<OffsetCommitValue>(value), value);
            case GroupType:
                return Make(type, VersionedData.Decode<GroupMetadataKey>(key), Value<GroupMetadataValue>(value), value);
            default:
                return null;
        }

        static T? Value<T>(ReadOnlyMemory<byte>? bytes)
            where T : class, IVersionedData, new() => bytes is { } some ? VersionedData.Decode<T>(some) : null;

        static CoordinatorRecord Make(short type, IMessage key, IMessage? value, ReadOnlyMemory<byte>? bytes) =>
            new(type, key, value, bytes is { } some ? BinaryPrimitives.ReadInt16BigEndian(some.Span) : (short)0);
    }
}
