// Made from OffsetsTopic.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>The key of a committed offset in __consumer_offsets.</summary>
public sealed class OffsetCommitKey : IVersionedData
{
    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 1;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => short.MaxValue;

    /// <summary>The group's id.</summary>
    public string Group { get; set; } = "";

    /// <summary>The topic's name.</summary>
    public string Topic { get; set; } = "";

    /// <summary>The partition's number.</summary>
    public int Partition { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetCommitKey), version, 0, 1);
        writer.WriteString(Group);
        writer.WriteString(Topic);
        writer.WriteInt32(Partition);
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetCommitKey), version, 0, 1))
            return;
        Group = reader.ReadString();
        Topic = reader.ReadString();
        Partition = reader.ReadInt32();
    }
}

/// <summary>A committed offset in __consumer_offsets.</summary>
public sealed class OffsetCommitValue : IVersionedData
{
    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 4;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 4;

    /// <summary>The offset of the next record to consume.</summary>
    public long Offset { get; set; }

    /// <summary>The leader epoch of the last record consumed, or -1.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public int LeaderEpoch { get; set; } = -1;

    /// <summary>The text committed beside the offset.</summary>
    public string Metadata { get; set; } = "";

    /// <summary>When the offset was committed, in milliseconds since 1970.</summary>
    public long CommitTimestamp { get; set; }

    /// <summary>When the offset expires, in milliseconds since 1970, or -1.</summary>
    /// <remarks>Version 1 only; left out without an error in the others.</remarks>
    public long ExpireTimestamp { get; set; } = -1;

    /// <summary>The topic's id, or the empty id if the broker knew none.</summary>
    /// <remarks>Since version 4; left out without an error in the others.</remarks>
    public Guid TopicId { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetCommitValue), version, 0, 4);
        var flexible = version >= 4;
        writer.WriteInt64(Offset);
        if (version >= 3)
            writer.WriteInt32(LeaderEpoch);
        writer.WriteString(Metadata, flexible);
        writer.WriteInt64(CommitTimestamp);
        if (version == 1)
            writer.WriteInt64(ExpireTimestamp);
        if (flexible)
        {
            var tags = 0u;
            if (TopicId != Guid.Empty)
                tags++;
            writer.WriteUVarint(tags);
            if (TopicId != Guid.Empty)
            {
                writer.WriteTag(0, size: 16);
                writer.WriteUuid(TopicId);
            }
        }
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetCommitValue), version, 0, 4))
            return;
        var flexible = version >= 4;
        Offset = reader.ReadInt64();
        if (version >= 3)
            LeaderEpoch = reader.ReadInt32();
        Metadata = reader.ReadString(flexible);
        CommitTimestamp = reader.ReadInt64();
        if (version == 1)
            ExpireTimestamp = reader.ReadInt64();
        if (flexible)
        {
            for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
            {
                switch (reader.ReadTag(out var end))
                {
                    case 0:
                    {
                        TopicId = reader.ReadUuid();
                        reader.EndTag(end);
                        break;
                    }
                    default:
                        reader.SkipTo(end);
                        break;
                }
            }
        }
    }
}

/// <summary>The key of a classic group in __consumer_offsets.</summary>
public sealed class GroupMetadataKey : IVersionedData
{
    /// <inheritdoc/>
    public static short MinVersion => 2;

    /// <inheritdoc/>
    public static short MaxVersion => 2;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => short.MaxValue;

    /// <summary>The group's id.</summary>
    public string Group { get; set; } = "";

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(GroupMetadataKey), version, 2, 2);
        writer.WriteString(Group);
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(GroupMetadataKey), version, 2, 2))
            return;
        Group = reader.ReadString();
    }
}

/// <summary>A classic group in __consumer_offsets, as of its last completed rebalance.</summary>
public sealed class GroupMetadataValue : IVersionedData
{
    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 4;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 4;

    /// <summary>The kind of group: "consumer" for consumers; empty when no member ever joined.</summary>
    public string ProtocolType { get; set; } = "";

    /// <summary>The generation of the group.</summary>
    public int Generation { get; set; }

    /// <summary>The protocol in use, for consumers the assignor, or null.</summary>
    public string? Protocol { get; set; } = "";

    /// <summary>The member id of the leader, or null.</summary>
    public string? Leader { get; set; } = "";

    /// <summary>When the group came into its present state, in milliseconds since 1970, or -1.</summary>
    /// <remarks>Since version 2; left out without an error in the others.</remarks>
    public long CurrentStateTimestamp { get; set; } = -1;

    /// <summary>The members.</summary>
    public List<MemberMetadata> Members { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(GroupMetadataValue), version, 0, 4);
        var flexible = version >= 4;
        writer.WriteString(ProtocolType, flexible);
        writer.WriteInt32(Generation);
        writer.WriteNullableString(Protocol, flexible);
        writer.WriteNullableString(Leader, flexible);
        if (version >= 2)
            writer.WriteInt64(CurrentStateTimestamp);
        writer.WriteArrayLength(Members.Count, flexible);
        foreach (var item in Members)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(GroupMetadataValue), version, 0, 4))
            return;
        var flexible = version >= 4;
        ProtocolType = reader.ReadString(flexible);
        Generation = reader.ReadInt32();
        Protocol = reader.ReadNullableString(flexible);
        Leader = reader.ReadNullableString(flexible);
        if (version >= 2)
            CurrentStateTimestamp = reader.ReadInt64();
        var membersCount = reader.ReadArrayLength(flexible ? 15 : 18, flexible);
        Members.EnsureCapacity(membersCount);
        for (; membersCount > 0 && !reader.IsBad; membersCount--)
        {
            var item = new MemberMetadata();
            item.Read(ref reader, version);
            Members.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="GroupMetadataValue.Members"/>.</summary>
    public sealed class MemberMetadata
    {
        /// <summary>The member's id, given by the coordinator.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
        /// <remarks>Since version 3; left out without an error in the others.</remarks>
        public string? GroupInstanceId { get; set; }

        /// <summary>The client id in the member's request headers.</summary>
        public string ClientId { get; set; } = "";

        /// <summary>The host that the member connected from.</summary>
        public string ClientHost { get; set; } = "";

        /// <summary>How long the coordinator waits for the member in a rebalance, in milliseconds, or -1.</summary>
        /// <remarks>Since version 1; left out without an error in the others.</remarks>
        public int RebalanceTimeout { get; set; } = -1;

        /// <summary>How long the coordinator waits for a heartbeat before the member counts as dead, in
        /// milliseconds.</summary>
        public int SessionTimeout { get; set; }

        /// <summary>What the member sent with the protocol when it joined, as opaque bytes.</summary>
        public ReadOnlyMemory<byte> Subscription { get; set; }

        /// <summary>What the member was assigned, as opaque bytes.</summary>
        public ReadOnlyMemory<byte> Assignment { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(MemberId, flexible);
            if (version >= 3)
                writer.WriteNullableString(GroupInstanceId, flexible);
            writer.WriteString(ClientId, flexible);
            writer.WriteString(ClientHost, flexible);
            if (version >= 1)
                writer.WriteInt32(RebalanceTimeout);
            writer.WriteInt32(SessionTimeout);
            writer.WriteBytes(Subscription, flexible);
            writer.WriteBytes(Assignment, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            MemberId = reader.ReadString(flexible);
            if (version >= 3)
                GroupInstanceId = reader.ReadNullableString(flexible);
            ClientId = reader.ReadString(flexible);
            ClientHost = reader.ReadString(flexible);
            if (version >= 1)
                RebalanceTimeout = reader.ReadInt32();
            SessionTimeout = reader.ReadInt32();
            Subscription = reader.ReadBytes(flexible);
            Assignment = reader.ReadBytes(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}
