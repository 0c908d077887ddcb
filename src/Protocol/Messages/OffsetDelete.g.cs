// Made from 47_OffsetDelete.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Deletes offsets that a group committed, of topics that it does not read any more (KIP-496).</summary>
public sealed class OffsetDeleteRequest : IRequest<OffsetDeleteResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.OffsetDelete;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 0;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => short.MaxValue;

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The topics whose offsets are deleted.</summary>
    public List<OffsetDeleteRequestTopic> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetDeleteRequest), version, 0, 0);
        writer.WriteString(GroupId);
        writer.WriteArrayLength(Topics.Count);
        foreach (var item in Topics)
            item.Write(writer, version);
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetDeleteRequest), version, 0, 0))
            return;
        GroupId = reader.ReadString();
        var topicsCount = reader.ReadArrayLength(6);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new OffsetDeleteRequestTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
    }

    /// <summary>One of <see cref="OffsetDeleteRequest.Topics"/>.</summary>
    public sealed class OffsetDeleteRequestTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions whose offsets are deleted.</summary>
        public List<OffsetDeleteRequestPartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Name);
            writer.WriteArrayLength(Partitions.Count);
            foreach (var item in Partitions)
                item.Write(writer, version);
        }

        internal void Read(ref WireReader reader, short version)
        {
            Name = reader.ReadString();
            var partitionsCount = reader.ReadArrayLength(4);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new OffsetDeleteRequestPartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
        }
    }

    /// <summary>One of <see cref="OffsetDeleteRequestTopic.Partitions"/>.</summary>
    public sealed class OffsetDeleteRequestPartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(PartitionIndex);
        }

        internal void Read(ref WireReader reader, short version)
        {
            PartitionIndex = reader.ReadInt32();
        }
    }
}

/// <summary>Which offsets were deleted.</summary>
public sealed class OffsetDeleteResponse : IMessage
{
    /// <summary>What went wrong with the request as a whole, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics of the request.</summary>
    public List<OffsetDeleteResponseTopic> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetDeleteResponse), version, 0, 0);
        writer.WriteErrorCode(ErrorCode);
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteArrayLength(Topics.Count);
        foreach (var item in Topics)
            item.Write(writer, version);
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetDeleteResponse), version, 0, 0))
            return;
        ErrorCode = reader.ReadErrorCode();
        ThrottleTimeMs = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(6);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new OffsetDeleteResponseTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
    }

    /// <summary>One of <see cref="OffsetDeleteResponse.Topics"/>.</summary>
    public sealed class OffsetDeleteResponseTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The outcome for each partition.</summary>
        public List<OffsetDeleteResponsePartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Name);
            writer.WriteArrayLength(Partitions.Count);
            foreach (var item in Partitions)
                item.Write(writer, version);
        }

        internal void Read(ref WireReader reader, short version)
        {
            Name = reader.ReadString();
            var partitionsCount = reader.ReadArrayLength(6);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new OffsetDeleteResponsePartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
        }
    }

    /// <summary>One of <see cref="OffsetDeleteResponseTopic.Partitions"/>.</summary>
    public sealed class OffsetDeleteResponsePartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(PartitionIndex);
            writer.WriteErrorCode(ErrorCode);
        }

        internal void Read(ref WireReader reader, short version)
        {
            PartitionIndex = reader.ReadInt32();
            ErrorCode = reader.ReadErrorCode();
        }
    }
}
