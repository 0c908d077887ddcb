// Made from 28_TxnOffsetCommit.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Stores how far a group has consumed, to take effect when the transaction commits.</summary>
public sealed class TxnOffsetCommitRequest : IRequest<TxnOffsetCommitResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.TxnOffsetCommit;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 5;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 3;

    /// <summary>The transactional id.</summary>
    public string TransactionalId { get; set; } = "";

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The producer id.</summary>
    public long ProducerId { get; set; }

    /// <summary>The epoch of the producer id.</summary>
    public short ProducerEpoch { get; set; }

    /// <summary>The generation of the group, or -1 to leave it unchecked (KIP-447).</summary>
    /// <remarks>Since version 3.</remarks>
    public int GenerationId { get; set; } = -1;

    /// <summary>The id of the consumer in the group, or empty to leave it unchecked.</summary>
    /// <remarks>Since version 3.</remarks>
    public string MemberId { get; set; } = "";

    /// <summary>The consumer's name across restarts, for static membership (KIP-345), or null.</summary>
    /// <remarks>Since version 3.</remarks>
    public string? GroupInstanceId { get; set; }

    /// <summary>The offsets, by topic.</summary>
    public List<TxnOffsetCommitRequestTopic> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(TxnOffsetCommitRequest), version, 0, 5);
        var flexible = version >= 3;
        writer.WriteString(TransactionalId, flexible);
        writer.WriteString(GroupId, flexible);
        writer.WriteInt64(ProducerId);
        writer.WriteInt16(ProducerEpoch);
        if (version >= 3)
            writer.WriteInt32(GenerationId);
        else if (GenerationId != -1)
            throw MessageChecks.NotInVersion("TxnOffsetCommitRequest.GenerationId", version);
        if (version >= 3)
            writer.WriteString(MemberId, compact: true);
        else if (MemberId != "")
            throw MessageChecks.NotInVersion("TxnOffsetCommitRequest.MemberId", version);
        if (version >= 3)
            writer.WriteNullableString(GroupInstanceId, compact: true);
        else if (GroupInstanceId is not null)
            throw MessageChecks.NotInVersion("TxnOffsetCommitRequest.GroupInstanceId", version);
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(TxnOffsetCommitRequest), version, 0, 5))
            return;
        var flexible = version >= 3;
        TransactionalId = reader.ReadString(flexible);
        GroupId = reader.ReadString(flexible);
        ProducerId = reader.ReadInt64();
        ProducerEpoch = reader.ReadInt16();
        if (version >= 3)
            GenerationId = reader.ReadInt32();
        if (version >= 3)
            MemberId = reader.ReadString(compact: true);
        if (version >= 3)
            GroupInstanceId = reader.ReadNullableString(compact: true);
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new TxnOffsetCommitRequestTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="TxnOffsetCommitRequest.Topics"/>.</summary>
    public sealed class TxnOffsetCommitRequestTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions.</summary>
        public List<TxnOffsetCommitRequestPartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteString(Name, flexible);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            Name = reader.ReadString(flexible);
            var partitionsCount = reader.ReadArrayLength(flexible ? 18 : 14, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new TxnOffsetCommitRequestPartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="TxnOffsetCommitRequestTopic.Partitions"/>.</summary>
    public sealed class TxnOffsetCommitRequestPartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>The offset of the next record to consume.</summary>
        public long CommittedOffset { get; set; }

        /// <summary>The leader epoch of the last record consumed, or -1.</summary>
        /// <remarks>Since version 2; left out without an error in the others.</remarks>
        public int CommittedLeaderEpoch { get; set; } = -1;

        /// <summary>The free text to keep beside the offset.</summary>
        public string? CommittedMetadata { get; set; } = "";

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteInt32(PartitionIndex);
            writer.WriteInt64(CommittedOffset);
            if (version >= 2)
                writer.WriteInt32(CommittedLeaderEpoch);
            writer.WriteNullableString(CommittedMetadata, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            PartitionIndex = reader.ReadInt32();
            CommittedOffset = reader.ReadInt64();
            if (version >= 2)
                CommittedLeaderEpoch = reader.ReadInt32();
            CommittedMetadata = reader.ReadNullableString(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>Which offsets were stored.</summary>
public sealed class TxnOffsetCommitResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The outcome for each topic.</summary>
    public List<TxnOffsetCommitResponseTopic> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(TxnOffsetCommitResponse), version, 0, 5);
        var flexible = version >= 3;
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
        if (!MessageChecks.CanRead(ref reader, nameof(TxnOffsetCommitResponse), version, 0, 5))
            return;
        var flexible = version >= 3;
        ThrottleTimeMs = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new TxnOffsetCommitResponseTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="TxnOffsetCommitResponse.Topics"/>.</summary>
    public sealed class TxnOffsetCommitResponseTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The outcome for each partition.</summary>
        public List<TxnOffsetCommitResponsePartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteString(Name, flexible);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            Name = reader.ReadString(flexible);
            var partitionsCount = reader.ReadArrayLength(flexible ? 7 : 6, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new TxnOffsetCommitResponsePartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="TxnOffsetCommitResponseTopic.Partitions"/>.</summary>
    public sealed class TxnOffsetCommitResponsePartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteInt32(PartitionIndex);
            writer.WriteErrorCode(ErrorCode);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            PartitionIndex = reader.ReadInt32();
            ErrorCode = reader.ReadErrorCode();
            if (flexible)
                reader.SkipTags();
        }
    }
}
