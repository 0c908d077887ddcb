// Made from 08_OffsetCommit.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Stores how far a group has consumed.</summary>
public sealed class OffsetCommitRequest : IRequest<OffsetCommitResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.OffsetCommit;

    /// <inheritdoc/>
    public static short MinVersion => 2;

    /// <inheritdoc/>
    public static short MaxVersion => 10;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 8;

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The generation (classic protocol) or member epoch (KIP-848); -1 for a consumer that is in no
    /// group.</summary>
    public int GenerationIdOrMemberEpoch { get; set; } = -1;

    /// <summary>The member's id, given by the coordinator.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
    /// <remarks>Since version 7.</remarks>
    public string? GroupInstanceId { get; set; }

    /// <summary>How long to keep the offset, in milliseconds; -1 for the broker's default.</summary>
    /// <remarks>Up to version 4; left out without an error in the others.</remarks>
    public long RetentionTimeMs { get; set; } = -1;

    /// <summary>The topics.</summary>
    public List<OffsetCommitRequestTopic> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetCommitRequest), version, 2, 10);
        var flexible = version >= 8;
        writer.WriteString(GroupId, flexible);
        writer.WriteInt32(GenerationIdOrMemberEpoch);
        writer.WriteString(MemberId, flexible);
        if (version >= 7)
            writer.WriteNullableString(GroupInstanceId, flexible);
        else if (GroupInstanceId is not null)
            throw MessageChecks.NotInVersion("OffsetCommitRequest.GroupInstanceId", version);
        if (version <= 4)
            writer.WriteInt64(RetentionTimeMs);
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetCommitRequest), version, 2, 10))
            return;
        var flexible = version >= 8;
        GroupId = reader.ReadString(flexible);
        GenerationIdOrMemberEpoch = reader.ReadInt32();
        MemberId = reader.ReadString(flexible);
        if (version >= 7)
            GroupInstanceId = reader.ReadNullableString(flexible);
        if (version <= 4)
            RetentionTimeMs = reader.ReadInt64();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new OffsetCommitRequestTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="OffsetCommitRequest.Topics"/>.</summary>
    public sealed class OffsetCommitRequestTopic
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 9; left out without an error in the others.</remarks>
        public string Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 10; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The partitions.</summary>
        public List<OffsetCommitRequestPartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 8;
            if (version <= 9)
                writer.WriteString(Name, flexible);
            if (version >= 10)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 8;
            if (version <= 9)
                Name = reader.ReadString(flexible);
            if (version >= 10)
                TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(flexible ? 18 : 14, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new OffsetCommitRequestPartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetCommitRequestTopic.Partitions"/>.</summary>
    public sealed class OffsetCommitRequestPartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>The offset of the next record to consume.</summary>
        public long CommittedOffset { get; set; }

        /// <summary>The leader epoch of the last record consumed, or -1: it lets the next reader notice a truncated log
        /// (KIP-320).</summary>
        /// <remarks>Since version 6; left out without an error in the others.</remarks>
        public int CommittedLeaderEpoch { get; set; } = -1;

        /// <summary>The free text to keep beside the offset.</summary>
        public string? CommittedMetadata { get; set; } = "";

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 8;
            writer.WriteInt32(PartitionIndex);
            writer.WriteInt64(CommittedOffset);
            if (version >= 6)
                writer.WriteInt32(CommittedLeaderEpoch);
            writer.WriteNullableString(CommittedMetadata, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 8;
            PartitionIndex = reader.ReadInt32();
            CommittedOffset = reader.ReadInt64();
            if (version >= 6)
                CommittedLeaderEpoch = reader.ReadInt32();
            CommittedMetadata = reader.ReadNullableString(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>Which offsets were stored.</summary>
public sealed class OffsetCommitResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<OffsetCommitResponseTopic> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetCommitResponse), version, 2, 10);
        var flexible = version >= 8;
        if (version >= 3)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetCommitResponse), version, 2, 10))
            return;
        var flexible = version >= 8;
        if (version >= 3)
            ThrottleTimeMs = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new OffsetCommitResponseTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="OffsetCommitResponse.Topics"/>.</summary>
    public sealed class OffsetCommitResponseTopic
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 9; left out without an error in the others.</remarks>
        public string Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 10; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The partitions.</summary>
        public List<OffsetCommitResponsePartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 8;
            if (version <= 9)
                writer.WriteString(Name, flexible);
            if (version >= 10)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 8;
            if (version <= 9)
                Name = reader.ReadString(flexible);
            if (version >= 10)
                TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(flexible ? 7 : 6, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new OffsetCommitResponsePartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetCommitResponseTopic.Partitions"/>.</summary>
    public sealed class OffsetCommitResponsePartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 8;
            writer.WriteInt32(PartitionIndex);
            writer.WriteErrorCode(ErrorCode);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 8;
            PartitionIndex = reader.ReadInt32();
            ErrorCode = reader.ReadErrorCode();
            if (flexible)
                reader.SkipTags();
        }
    }
}
