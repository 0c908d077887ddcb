// Made from 23_OffsetForLeaderEpoch.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks where leader epochs end, to notice a log that was truncated (KIP-320).</summary>
public sealed class OffsetForLeaderEpochRequest : IRequest<OffsetForLeaderEpochResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.OffsetForLeaderEpoch;

    /// <inheritdoc/>
    public static short MinVersion => 2;

    /// <inheritdoc/>
    public static short MaxVersion => 4;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 4;

    /// <summary>The broker id of a replica that asks, -1 from a client, -2 from a debugging tool.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public int ReplicaId { get; set; } = -2;

    /// <summary>The topics.</summary>
    public List<OffsetForLeaderTopic> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetForLeaderEpochRequest), version, 2, 4);
        var flexible = version >= 4;
        if (version >= 3)
            writer.WriteInt32(ReplicaId);
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetForLeaderEpochRequest), version, 2, 4))
            return;
        var flexible = version >= 4;
        if (version >= 3)
            ReplicaId = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new OffsetForLeaderTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="OffsetForLeaderEpochRequest.Topics"/>.</summary>
    public sealed class OffsetForLeaderTopic
    {
        /// <summary>The topic's name.</summary>
        public string Topic { get; set; } = "";

        /// <summary>The partitions.</summary>
        public List<OffsetForLeaderPartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(Topic, flexible);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            Topic = reader.ReadString(flexible);
            var partitionsCount = reader.ReadArrayLength(flexible ? 13 : 12, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new OffsetForLeaderPartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetForLeaderTopic.Partitions"/>.</summary>
    public sealed class OffsetForLeaderPartition
    {
        /// <summary>The partition's number.</summary>
        public int Partition { get; set; }

        /// <summary>The leader epoch that the client knows, or -1 to leave it unchecked (KIP-320).</summary>
        public int CurrentLeaderEpoch { get; set; } = -1;

        /// <summary>The epoch whose end is wanted.</summary>
        public int LeaderEpoch { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteInt32(Partition);
            writer.WriteInt32(CurrentLeaderEpoch);
            writer.WriteInt32(LeaderEpoch);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            Partition = reader.ReadInt32();
            CurrentLeaderEpoch = reader.ReadInt32();
            LeaderEpoch = reader.ReadInt32();
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>Where the epochs end.</summary>
public sealed class OffsetForLeaderEpochResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The topics.</summary>
    public List<OffsetForLeaderTopicResult> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(OffsetForLeaderEpochResponse), version, 2, 4);
        var flexible = version >= 4;
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
        if (!MessageChecks.CanRead(ref reader, nameof(OffsetForLeaderEpochResponse), version, 2, 4))
            return;
        var flexible = version >= 4;
        ThrottleTimeMs = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new OffsetForLeaderTopicResult();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="OffsetForLeaderEpochResponse.Topics"/>.</summary>
    public sealed class OffsetForLeaderTopicResult
    {
        /// <summary>The topic's name.</summary>
        public string Topic { get; set; } = "";

        /// <summary>The partitions.</summary>
        public List<EpochEndOffset> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteString(Topic, flexible);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            Topic = reader.ReadString(flexible);
            var partitionsCount = reader.ReadArrayLength(flexible ? 19 : 18, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new EpochEndOffset();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="OffsetForLeaderTopicResult.Partitions"/>.</summary>
    public sealed class EpochEndOffset
    {
        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The partition's number.</summary>
        public int Partition { get; set; }

        /// <summary>The largest epoch known that is not above the one asked for, or -1.</summary>
        public int LeaderEpoch { get; set; } = -1;

        /// <summary>The offset after the last record of the epoch, or -1 if it is not known.</summary>
        public long EndOffset { get; set; } = -1;

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 4;
            writer.WriteErrorCode(ErrorCode);
            writer.WriteInt32(Partition);
            writer.WriteInt32(LeaderEpoch);
            writer.WriteInt64(EndOffset);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 4;
            ErrorCode = reader.ReadErrorCode();
            Partition = reader.ReadInt32();
            LeaderEpoch = reader.ReadInt32();
            EndOffset = reader.ReadInt64();
            if (flexible)
                reader.SkipTags();
        }
    }
}
