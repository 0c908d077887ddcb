// Made from 09_OffsetFetch.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks how far groups have consumed.</summary>
public sealed class OffsetFetchRequest : IRequest<OffsetFetchResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.OffsetFetch;

    /// <inheritdoc/>
    public static short MinVersion => 1;

    /// <inheritdoc/>
    public static short MaxVersion => 10;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 6;

    /// <summary>The group's id.</summary>
    /// <remarks>Up to version 7.</remarks>
    public string GroupId { get; set; } = "";

    /// <summary>The partitions wanted, by topic; null for all that have an offset.</summary>
    /// <remarks>Up to version 7; null allowed since version 2.</remarks>
    public List<OffsetFetchRequestTopic>? Topics { get; set; } = [];

    /// <summary>The groups whose offsets are wanted (KIP-709).</summary>
    /// <remarks>Since version 8.</remarks>
    public List<OffsetFetchRequestGroup> Groups { get; set; } = [];

    /// <summary>Whether to answer an error while a transaction's offsets are undecided (KIP-447).</summary>
    /// <remarks>Since version 7.</remarks>
    public bool RequireStable { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetFetchRequest), version, 1, 10);
        var flexible = version >= 6;
        if (version <= 7)
            writer.WriteString(GroupId, flexible);
        else if (GroupId != "")
            throw MessageChecks.NotInVersion("OffsetFetchRequest.GroupId", version);
        if (version <= 7)
        {
            if (Topics is null && version < 2)
                throw MessageChecks.NullNotInVersion("OffsetFetchRequest.Topics", version);
            writer.WriteArrayLength(Topics?.Count ?? -1, flexible);
            if (Topics is not null)
            {
                foreach (var item in Topics)
                    item.Write(writer, version);
            }
        }
        else if (Topics is not { Count: 0 })
            throw MessageChecks.NotInVersion("OffsetFetchRequest.Topics", version);
        if (version >= 8)
        {
            writer.WriteArrayLength(Groups.Count, compact: true);
            foreach (var item in Groups)
                item.Write(writer, version);
        }
        else if (Groups.Count != 0)
            throw MessageChecks.NotInVersion("OffsetFetchRequest.Groups", version);
        if (version >= 7)
            writer.WriteBool(RequireStable);
        else if (RequireStable)
            throw MessageChecks.NotInVersion("OffsetFetchRequest.RequireStable", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetFetchRequest), version, 1, 10))
            return;
        var flexible = version >= 6;
        if (version <= 7)
            GroupId = reader.ReadString(flexible);
        if (version <= 7)
        {
            var topicsCount = version >= 2
                ? reader.ReadNullableArrayLength(flexible ? 3 : 6, flexible)
                : reader.ReadArrayLength(flexible ? 3 : 6, flexible);
            if (topicsCount < 0)
                Topics = null;
            else
                (Topics ??= []).EnsureCapacity(topicsCount);
            for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
            {
                var item = new OffsetFetchRequestTopic();
                item.Read(ref reader, version);
                Topics!.Add(item);
            }
        }
        if (version >= 8)
        {
            var groupsCount = reader.ReadArrayLength(3, compact: true);
            Groups.EnsureCapacity(groupsCount);
            for (; groupsCount > 0 && !reader.IsBad; groupsCount--)
            {
                var item = new OffsetFetchRequestGroup();
                item.Read(ref reader, version);
                Groups.Add(item);
            }
        }
        if (version >= 7)
            RequireStable = reader.ReadBool();
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="OffsetFetchRequest.Topics"/>.</summary>
    public sealed class OffsetFetchRequestTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 6;
            writer.WriteString(Name, flexible);
            writer.WriteArrayLength(PartitionIndexes.Count, flexible);
            foreach (var item in PartitionIndexes)
                writer.WriteInt32(item);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 6;
            Name = reader.ReadString(flexible);
            var partitionIndexesCount = reader.ReadArrayLength(4, flexible);
            PartitionIndexes.EnsureCapacity(partitionIndexesCount);
            for (; partitionIndexesCount > 0 && !reader.IsBad; partitionIndexesCount--)
                PartitionIndexes.Add(reader.ReadInt32());
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetFetchRequest.Groups"/>.</summary>
    public sealed class OffsetFetchRequestGroup
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The id of the member that asks (KIP-848), or null.</summary>
        /// <remarks>Since version 9; left out without an error in the others.</remarks>
        public string? MemberId { get; set; }

        /// <summary>The member's epoch (KIP-848), or -1.</summary>
        /// <remarks>Since version 9; left out without an error in the others.</remarks>
        public int MemberEpoch { get; set; } = -1;

        /// <summary>The partitions wanted, by topic; null for all that have an offset.</summary>
        public List<OffsetFetchRequestTopics>? Topics { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(GroupId, compact: true);
            if (version >= 9)
                writer.WriteNullableString(MemberId, compact: true);
            if (version >= 9)
                writer.WriteInt32(MemberEpoch);
            writer.WriteArrayLength(Topics?.Count ?? -1, compact: true);
            if (Topics is not null)
            {
                foreach (var item in Topics)
                    item.Write(writer, version);
            }
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            GroupId = reader.ReadString(compact: true);
            if (version >= 9)
                MemberId = reader.ReadNullableString(compact: true);
            if (version >= 9)
                MemberEpoch = reader.ReadInt32();
            var topicsCount = reader.ReadNullableArrayLength(3, compact: true);
            if (topicsCount < 0)
                Topics = null;
            else
                (Topics ??= []).EnsureCapacity(topicsCount);
            for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
            {
                var item = new OffsetFetchRequestTopics();
                item.Read(ref reader, version);
                Topics!.Add(item);
            }
            reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetFetchRequestGroup.Topics"/>.</summary>
    public sealed class OffsetFetchRequestTopics
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 9; left out without an error in the others.</remarks>
        public string Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 10; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The numbers of the partitions.</summary>
        public List<int> PartitionIndexes { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            if (version <= 9)
                writer.WriteString(Name, compact: true);
            if (version >= 10)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(PartitionIndexes.Count, compact: true);
            foreach (var item in PartitionIndexes)
                writer.WriteInt32(item);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            if (version <= 9)
                Name = reader.ReadString(compact: true);
            if (version >= 10)
                TopicId = reader.ReadUuid();
            var partitionIndexesCount = reader.ReadArrayLength(4, compact: true);
            PartitionIndexes.EnsureCapacity(partitionIndexesCount);
            for (; partitionIndexesCount > 0 && !reader.IsBad; partitionIndexesCount--)
                PartitionIndexes.Add(reader.ReadInt32());
            reader.SkipTags();
        }
    }
}

/// <summary>The offsets that were committed last.</summary>
public sealed class OffsetFetchResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    /// <remarks>Up to version 7.</remarks>
    public List<OffsetFetchResponseTopic> Topics { get; set; } = [];

    /// <summary>What went wrong, or none.</summary>
    /// <remarks>Versions 2 to 7; left out without an error in the others.</remarks>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The answer for each group.</summary>
    /// <remarks>Since version 8.</remarks>
    public List<OffsetFetchResponseGroup> Groups { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetFetchResponse), version, 1, 10);
        var flexible = version >= 6;
        if (version >= 3)
            writer.WriteInt32(ThrottleTimeMs);
        if (version <= 7)
        {
            writer.WriteArrayLength(Topics.Count, flexible);
            foreach (var item in Topics)
                item.Write(writer, version);
        }
        else if (Topics.Count != 0)
            throw MessageChecks.NotInVersion("OffsetFetchResponse.Topics", version);
        if (version is >= 2 and <= 7)
            writer.WriteErrorCode(ErrorCode);
        if (version >= 8)
        {
            writer.WriteArrayLength(Groups.Count, compact: true);
            foreach (var item in Groups)
                item.Write(writer, version);
        }
        else if (Groups.Count != 0)
            throw MessageChecks.NotInVersion("OffsetFetchResponse.Groups", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetFetchResponse), version, 1, 10))
            return;
        var flexible = version >= 6;
        if (version >= 3)
            ThrottleTimeMs = reader.ReadInt32();
        if (version <= 7)
        {
            var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
            Topics.EnsureCapacity(topicsCount);
            for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
            {
                var item = new OffsetFetchResponseTopic();
                item.Read(ref reader, version);
                Topics.Add(item);
            }
        }
        if (version is >= 2 and <= 7)
            ErrorCode = reader.ReadErrorCode();
        if (version >= 8)
        {
            var groupsCount = reader.ReadArrayLength(5, compact: true);
            Groups.EnsureCapacity(groupsCount);
            for (; groupsCount > 0 && !reader.IsBad; groupsCount--)
            {
                var item = new OffsetFetchResponseGroup();
                item.Read(ref reader, version);
                Groups.Add(item);
            }
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="OffsetFetchResponse.Topics"/>.</summary>
    public sealed class OffsetFetchResponseTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions.</summary>
        public List<OffsetFetchResponsePartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 6;
            writer.WriteString(Name, flexible);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 6;
            Name = reader.ReadString(flexible);
            var partitionsCount = reader.ReadArrayLength(flexible ? 20 : 16, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new OffsetFetchResponsePartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetFetchResponseTopic.Partitions"/>.</summary>
    public sealed class OffsetFetchResponsePartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>The offset of the next record to consume, or -1 if none is committed.</summary>
        public long CommittedOffset { get; set; }

        /// <summary>The leader epoch of the last record consumed, or -1: it lets the next reader notice a truncated log
        /// (KIP-320).</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public int CommittedLeaderEpoch { get; set; } = -1;

        /// <summary>The text committed beside the offset.</summary>
        public string? Metadata { get; set; } = "";

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 6;
            writer.WriteInt32(PartitionIndex);
            writer.WriteInt64(CommittedOffset);
            if (version >= 5)
                writer.WriteInt32(CommittedLeaderEpoch);
            writer.WriteNullableString(Metadata, flexible);
            writer.WriteErrorCode(ErrorCode);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 6;
            PartitionIndex = reader.ReadInt32();
            CommittedOffset = reader.ReadInt64();
            if (version >= 5)
                CommittedLeaderEpoch = reader.ReadInt32();
            Metadata = reader.ReadNullableString(flexible);
            ErrorCode = reader.ReadErrorCode();
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetFetchResponse.Groups"/>.</summary>
    public sealed class OffsetFetchResponseGroup
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The topics.</summary>
        public List<OffsetFetchResponseTopics> Topics { get; set; } = [];

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(GroupId, compact: true);
            writer.WriteArrayLength(Topics.Count, compact: true);
            foreach (var item in Topics)
                item.Write(writer, version);
            writer.WriteErrorCode(ErrorCode);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            GroupId = reader.ReadString(compact: true);
            var topicsCount = reader.ReadArrayLength(3, compact: true);
            Topics.EnsureCapacity(topicsCount);
            for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
            {
                var item = new OffsetFetchResponseTopics();
                item.Read(ref reader, version);
                Topics.Add(item);
            }
            ErrorCode = reader.ReadErrorCode();
            reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetFetchResponseGroup.Topics"/>.</summary>
    public sealed class OffsetFetchResponseTopics
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 9; left out without an error in the others.</remarks>
        public string Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 10; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The partitions.</summary>
        public List<OffsetFetchResponsePartitions> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            if (version <= 9)
                writer.WriteString(Name, compact: true);
            if (version >= 10)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, compact: true);
            foreach (var item in Partitions)
                item.Write(writer, version);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            if (version <= 9)
                Name = reader.ReadString(compact: true);
            if (version >= 10)
                TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(20, compact: true);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new OffsetFetchResponsePartitions();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetFetchResponseTopics.Partitions"/>.</summary>
    public sealed class OffsetFetchResponsePartitions
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>The offset of the next record to consume, or -1 if none is committed.</summary>
        public long CommittedOffset { get; set; }

        /// <summary>The leader epoch of the last record consumed, or -1: it lets the next reader notice a truncated log
        /// (KIP-320).</summary>
        public int CommittedLeaderEpoch { get; set; } = -1;

        /// <summary>The text committed beside the offset.</summary>
        public string? Metadata { get; set; } = "";

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(PartitionIndex);
            writer.WriteInt64(CommittedOffset);
            writer.WriteInt32(CommittedLeaderEpoch);
            writer.WriteNullableString(Metadata, compact: true);
            writer.WriteErrorCode(ErrorCode);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            PartitionIndex = reader.ReadInt32();
            CommittedOffset = reader.ReadInt64();
            CommittedLeaderEpoch = reader.ReadInt32();
            Metadata = reader.ReadNullableString(compact: true);
            ErrorCode = reader.ReadErrorCode();
            reader.SkipTags();
        }
    }
}
