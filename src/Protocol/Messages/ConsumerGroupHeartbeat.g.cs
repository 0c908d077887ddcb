// Made from 68_ConsumerGroupHeartbeat.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Joins a group, stays in it, tells what changed, and leaves it (KIP-848). What stayed as it was is null or
/// -1.</summary>
public sealed class ConsumerGroupHeartbeatRequest : IRequest<ConsumerGroupHeartbeatResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.ConsumerGroupHeartbeat;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 1;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 0;

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The member's id. Since version 1 the member makes it itself, before its first heartbeat
    /// (KIP-1082).</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The member's epoch: 0 to join, -1 to leave, -2 to leave for a while as a static member.</summary>
    public int MemberEpoch { get; set; }

    /// <summary>The member's name across restarts, for static membership (KIP-345), or null.</summary>
    public string? InstanceId { get; set; }

    /// <summary>The member's rack, or null.</summary>
    public string? RackId { get; set; }

    /// <summary>How long the coordinator waits for the member to give partitions up, in milliseconds.</summary>
    public int RebalanceTimeoutMs { get; set; } = -1;

    /// <summary>The topics that the member subscribed to by name.</summary>
    public List<string>? SubscribedTopicNames { get; set; }

    /// <summary>The regular expression that the member subscribed with, in the syntax of RE2.</summary>
    /// <remarks>Since version 1.</remarks>
    public string? SubscribedTopicRegex { get; set; }

    /// <summary>The assignor that the coordinator shall use, or null for its own choice.</summary>
    public string? ServerAssignor { get; set; }

    /// <summary>The partitions that the member owns.</summary>
    public List<OwnedPartitions>? TopicPartitions { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ConsumerGroupHeartbeatRequest), version, 0, 1);
        writer.WriteString(GroupId, compact: true);
        writer.WriteString(MemberId, compact: true);
        writer.WriteInt32(MemberEpoch);
        writer.WriteNullableString(InstanceId, compact: true);
        writer.WriteNullableString(RackId, compact: true);
        writer.WriteInt32(RebalanceTimeoutMs);
        writer.WriteArrayLength(SubscribedTopicNames?.Count ?? -1, compact: true);
        if (SubscribedTopicNames is not null)
        {
            foreach (var item in SubscribedTopicNames)
                writer.WriteString(item, compact: true);
        }
        if (version >= 1)
            writer.WriteNullableString(SubscribedTopicRegex, compact: true);
        else if (SubscribedTopicRegex is not null)
            throw MessageChecks.NotInVersion("ConsumerGroupHeartbeatRequest.SubscribedTopicRegex", version);
        writer.WriteNullableString(ServerAssignor, compact: true);
        writer.WriteArrayLength(TopicPartitions?.Count ?? -1, compact: true);
        if (TopicPartitions is not null)
        {
            foreach (var item in TopicPartitions)
                item.Write(writer, version);
        }
        writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ConsumerGroupHeartbeatRequest), version, 0, 1))
            return;
        GroupId = reader.ReadString(compact: true);
        MemberId = reader.ReadString(compact: true);
        MemberEpoch = reader.ReadInt32();
        InstanceId = reader.ReadNullableString(compact: true);
        RackId = reader.ReadNullableString(compact: true);
        RebalanceTimeoutMs = reader.ReadInt32();
        var subscribedTopicNamesCount = reader.ReadNullableArrayLength(1, compact: true);
        if (subscribedTopicNamesCount < 0)
            SubscribedTopicNames = null;
        else
            (SubscribedTopicNames ??= []).EnsureCapacity(subscribedTopicNamesCount);
        for (; subscribedTopicNamesCount > 0 && !reader.IsBad; subscribedTopicNamesCount--)
            SubscribedTopicNames!.Add(reader.ReadString(compact: true));
        if (version >= 1)
            SubscribedTopicRegex = reader.ReadNullableString(compact: true);
        ServerAssignor = reader.ReadNullableString(compact: true);
        var topicPartitionsCount = reader.ReadNullableArrayLength(18, compact: true);
        if (topicPartitionsCount < 0)
            TopicPartitions = null;
        else
            (TopicPartitions ??= []).EnsureCapacity(topicPartitionsCount);
        for (; topicPartitionsCount > 0 && !reader.IsBad; topicPartitionsCount--)
        {
            var item = new OwnedPartitions();
            item.Read(ref reader, version);
            TopicPartitions!.Add(item);
        }
        reader.SkipTags();
    }

    /// <summary>One of <see cref="ConsumerGroupHeartbeatRequest.TopicPartitions"/>.</summary>
    public sealed class OwnedPartitions
    {
        /// <summary>The topic's id.</summary>
        public Guid TopicId { get; set; }

        /// <summary>The numbers of the partitions.</summary>
        public List<int> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, compact: true);
            foreach (var item in Partitions)
                writer.WriteInt32(item);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(4, compact: true);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
                Partitions.Add(reader.ReadInt32());
            reader.SkipTags();
        }
    }
}

/// <summary>The member's epoch, and its assignment if that changed.</summary>
public sealed class ConsumerGroupHeartbeatResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>What went wrong in words, or null.</summary>
    public string? ErrorMessage { get; set; }

    /// <summary>The member's id, given by the coordinator if the member had none.</summary>
    public string? MemberId { get; set; }

    /// <summary>The member's epoch.</summary>
    public int MemberEpoch { get; set; }

    /// <summary>How long the member should wait until its next heartbeat, in milliseconds.</summary>
    public int HeartbeatIntervalMs { get; set; }

    /// <summary>What the member is to own; null while that stays as it was.</summary>
    public MemberAssignment? Assignment { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ConsumerGroupHeartbeatResponse), version, 0, 1);
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        writer.WriteNullableString(ErrorMessage, compact: true);
        writer.WriteNullableString(MemberId, compact: true);
        writer.WriteInt32(MemberEpoch);
        writer.WriteInt32(HeartbeatIntervalMs);
        writer.WriteInt8(Assignment is null ? (sbyte)-1 : (sbyte)1);
        Assignment?.Write(writer, version);
        writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ConsumerGroupHeartbeatResponse), version, 0, 1))
            return;
        ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        ErrorMessage = reader.ReadNullableString(compact: true);
        MemberId = reader.ReadNullableString(compact: true);
        MemberEpoch = reader.ReadInt32();
        HeartbeatIntervalMs = reader.ReadInt32();
        Assignment = reader.ReadInt8() >= 0 ? new() : null;
        Assignment?.Read(ref reader, version);
        reader.SkipTags();
    }

    /// <summary>The type of <see cref="ConsumerGroupHeartbeatResponse.Assignment"/>.</summary>
    public sealed class MemberAssignment
    {
        /// <summary>The partitions, by topic.</summary>
        public List<AssignedPartitions> TopicPartitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteArrayLength(TopicPartitions.Count, compact: true);
            foreach (var item in TopicPartitions)
                item.Write(writer, version);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var topicPartitionsCount = reader.ReadArrayLength(18, compact: true);
            TopicPartitions.EnsureCapacity(topicPartitionsCount);
            for (; topicPartitionsCount > 0 && !reader.IsBad; topicPartitionsCount--)
            {
                var item = new AssignedPartitions();
                item.Read(ref reader, version);
                TopicPartitions.Add(item);
            }
            reader.SkipTags();
        }

        internal bool IsDefault() => !(TopicPartitions.Count != 0);
    }

    /// <summary>One of <see cref="MemberAssignment.TopicPartitions"/>.</summary>
    public sealed class AssignedPartitions
    {
        /// <summary>The topic's id.</summary>
        public Guid TopicId { get; set; }

        /// <summary>The numbers of the partitions.</summary>
        public List<int> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, compact: true);
            foreach (var item in Partitions)
                writer.WriteInt32(item);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(4, compact: true);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
                Partitions.Add(reader.ReadInt32());
            reader.SkipTags();
        }
    }
}
