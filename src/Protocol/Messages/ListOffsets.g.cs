// Made from 02_ListOffsets.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Looks for offsets by time, or for the ends of a log.</summary>
public sealed class ListOffsetsRequest : IRequest<ListOffsetsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.ListOffsets;

    /// <inheritdoc/>
    public static short MinVersion => 1;

    /// <inheritdoc/>
    public static short MaxVersion => 11;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 6;

    /// <summary>The broker id of a replica that asks; -1 from a client.</summary>
    public int ReplicaId { get; set; }

    /// <summary>0 to read everything, 1 to read only what is committed (KIP-98).</summary>
    /// <remarks>Since version 2.</remarks>
    public sbyte IsolationLevel { get; set; }

    /// <summary>The topics.</summary>
    public List<ListOffsetsTopic> Topics { get; set; } = [];

    /// <summary>How long the broker may take to look into tiered storage, in milliseconds (KIP-1075).</summary>
    /// <remarks>Since version 10; left out without an error in the others.</remarks>
    public int TimeoutMs { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ListOffsetsRequest), version, 1, 11);
        var flexible = version >= 6;
        writer.WriteInt32(ReplicaId);
        if (version >= 2)
            writer.WriteInt8(IsolationLevel);
        else if (IsolationLevel != 0)
            throw MessageChecks.NotInVersion("ListOffsetsRequest.IsolationLevel", version);
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        if (version >= 10)
            writer.WriteInt32(TimeoutMs);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ListOffsetsRequest), version, 1, 11))
            return;
        var flexible = version >= 6;
        ReplicaId = reader.ReadInt32();
        if (version >= 2)
            IsolationLevel = reader.ReadInt8();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new ListOffsetsTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (version >= 10)
            TimeoutMs = reader.ReadInt32();
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="ListOffsetsRequest.Topics"/>.</summary>
    public sealed class ListOffsetsTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions.</summary>
        public List<ListOffsetsPartition> Partitions { get; set; } = [];

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
            var partitionsCount = reader.ReadArrayLength(flexible ? 17 : 12, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new ListOffsetsPartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="ListOffsetsTopic.Partitions"/>.</summary>
    public sealed class ListOffsetsPartition
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>The leader epoch that the client knows, or -1 to leave it unchecked (KIP-320).</summary>
        /// <remarks>Since version 4; left out without an error in the others.</remarks>
        public int CurrentLeaderEpoch { get; set; } = -1;

        /// <summary>The time to look for, in milliseconds since 1970, or a special one: -1 the end, -2 the start, -3
        /// the record with the highest time, -4 the start on local disk, -5 the end of tiered storage, -6 the start of
        /// what is to be tiered.</summary>
        public long Timestamp { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 6;
            writer.WriteInt32(PartitionIndex);
            if (version >= 4)
                writer.WriteInt32(CurrentLeaderEpoch);
            writer.WriteInt64(Timestamp);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 6;
            PartitionIndex = reader.ReadInt32();
            if (version >= 4)
                CurrentLeaderEpoch = reader.ReadInt32();
            Timestamp = reader.ReadInt64();
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>The offsets found.</summary>
public sealed class ListOffsetsResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 2; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<ListOffsetsTopicResponse> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ListOffsetsResponse), version, 1, 11);
        var flexible = version >= 6;
        if (version >= 2)
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
        if (!MessageChecks.CanRead(ref reader, nameof(ListOffsetsResponse), version, 1, 11))
            return;
        var flexible = version >= 6;
        if (version >= 2)
            ThrottleTimeMs = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new ListOffsetsTopicResponse();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="ListOffsetsResponse.Topics"/>.</summary>
    public sealed class ListOffsetsTopicResponse
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The partitions.</summary>
        public List<ListOffsetsPartitionResponse> Partitions { get; set; } = [];

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
            var partitionsCount = reader.ReadArrayLength(flexible ? 27 : 22, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new ListOffsetsPartitionResponse();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="ListOffsetsTopicResponse.Partitions"/>.</summary>
    public sealed class ListOffsetsPartitionResponse
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The time of the record found, in milliseconds since 1970, or -1.</summary>
        public long Timestamp { get; set; } = -1;

        /// <summary>The offset found, or -1 if none.</summary>
        public long Offset { get; set; } = -1;

        /// <summary>The leader epoch of the record found, or -1.</summary>
        /// <remarks>Since version 4.</remarks>
        public int LeaderEpoch { get; set; } = -1;

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 6;
            writer.WriteInt32(PartitionIndex);
            writer.WriteErrorCode(ErrorCode);
            writer.WriteInt64(Timestamp);
            writer.WriteInt64(Offset);
            if (version >= 4)
                writer.WriteInt32(LeaderEpoch);
            else if (LeaderEpoch != -1)
                throw MessageChecks.NotInVersion("ListOffsetsResponse.ListOffsetsPartitionResponse.LeaderEpoch", version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 6;
            PartitionIndex = reader.ReadInt32();
            ErrorCode = reader.ReadErrorCode();
            Timestamp = reader.ReadInt64();
            Offset = reader.ReadInt64();
            if (version >= 4)
                LeaderEpoch = reader.ReadInt32();
            if (flexible)
                reader.SkipTags();
        }
    }
}
