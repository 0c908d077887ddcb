// Made from 19_CreateTopics.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Creates topics.</summary>
public sealed class CreateTopicsRequest : IRequest<CreateTopicsResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.CreateTopics;

    /// <inheritdoc/>
    public static short MinVersion => 2;

    /// <inheritdoc/>
    public static short MaxVersion => 7;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 5;

    /// <summary>The topics to create.</summary>
    public List<CreatableTopic> Topics { get; set; } = [];

    /// <summary>How long the broker may take until the topics are created, in milliseconds.</summary>
    public int TimeoutMs { get; set; } = 60000;

    /// <summary>Whether to check only, and create nothing.</summary>
    public bool ValidateOnly { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(CreateTopicsRequest), version, 2, 7);
        var flexible = version >= 5;
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        writer.WriteInt32(TimeoutMs);
        writer.WriteBool(ValidateOnly);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(CreateTopicsRequest), version, 2, 7))
            return;
        var flexible = version >= 5;
        var topicsCount = reader.ReadArrayLength(flexible ? 10 : 16, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new CreatableTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        TimeoutMs = reader.ReadInt32();
        ValidateOnly = reader.ReadBool();
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="CreateTopicsRequest.Topics"/>.</summary>
    public sealed class CreatableTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>How many partitions; -1 for the broker's default, or with replicas by hand.</summary>
        public int NumPartitions { get; set; }

        /// <summary>How many replicas each partition has; -1 for the broker's default, or with replicas by
        /// hand.</summary>
        public short ReplicationFactor { get; set; }

        /// <summary>Replicas by hand, by partition. If any are given, partition count and replication factor must be
        /// -1.</summary>
        public List<CreatableReplicaAssignment> Assignments { get; set; } = [];

        /// <summary>Settings that differ from the broker's defaults.</summary>
        public List<CreatableTopicConfig> Configs { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 5;
            writer.WriteString(Name, flexible);
            writer.WriteInt32(NumPartitions);
            writer.WriteInt16(ReplicationFactor);
            writer.WriteArrayLength(Assignments.Count, flexible);
            foreach (var item in Assignments)
                item.Write(writer, version);
            writer.WriteArrayLength(Configs.Count, flexible);
            foreach (var item in Configs)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 5;
            Name = reader.ReadString(flexible);
            NumPartitions = reader.ReadInt32();
            ReplicationFactor = reader.ReadInt16();
            var assignmentsCount = reader.ReadArrayLength(flexible ? 6 : 8, flexible);
            Assignments.EnsureCapacity(assignmentsCount);
            for (; assignmentsCount > 0 && !reader.IsBad; assignmentsCount--)
            {
                var item = new CreatableReplicaAssignment();
                item.Read(ref reader, version);
                Assignments.Add(item);
            }
            var configsCount = reader.ReadArrayLength(flexible ? 3 : 4, flexible);
            Configs.EnsureCapacity(configsCount);
            for (; configsCount > 0 && !reader.IsBad; configsCount--)
            {
                var item = new CreatableTopicConfig();
                item.Read(ref reader, version);
                Configs.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="CreatableTopic.Assignments"/>.</summary>
    public sealed class CreatableReplicaAssignment
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>The replicas; the first is the preferred leader.</summary>
        public List<int> BrokerIds { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 5;
            writer.WriteInt32(PartitionIndex);
            writer.WriteArrayLength(BrokerIds.Count, flexible);
            foreach (var item in BrokerIds)
                writer.WriteInt32(item);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 5;
            PartitionIndex = reader.ReadInt32();
            var brokerIdsCount = reader.ReadArrayLength(4, flexible);
            BrokerIds.EnsureCapacity(brokerIdsCount);
            for (; brokerIdsCount > 0 && !reader.IsBad; brokerIdsCount--)
                BrokerIds.Add(reader.ReadInt32());
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="CreatableTopic.Configs"/>.</summary>
    public sealed class CreatableTopicConfig
    {
        /// <summary>The setting's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The setting's value, or null for the default.</summary>
        public string? Value { get; set; } = "";

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 5;
            writer.WriteString(Name, flexible);
            writer.WriteNullableString(Value, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 5;
            Name = reader.ReadString(flexible);
            Value = reader.ReadNullableString(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>Which topics were created.</summary>
public sealed class CreateTopicsResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The outcome for each topic.</summary>
    public List<CreatableTopicResult> Topics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(CreateTopicsResponse), version, 2, 7);
        var flexible = version >= 5;
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
        if (!MessageChecks.CanRead(ref reader, nameof(CreateTopicsResponse), version, 2, 7))
            return;
        var flexible = version >= 5;
        ThrottleTimeMs = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 12 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new CreatableTopicResult();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="CreateTopicsResponse.Topics"/>.</summary>
    public sealed class CreatableTopicResult
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 7; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong in words, or null.</summary>
        public string? ErrorMessage { get; set; } = "";

        /// <summary>Why the settings are not told, or none.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public ErrorCode TopicConfigErrorCode { get; set; }

        /// <summary>How many partitions the topic has, or -1 if the client may not know.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public int NumPartitions { get; set; } = -1;

        /// <summary>How many replicas each partition has, or -1 if the client may not know.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public short ReplicationFactor { get; set; } = -1;

        /// <summary>The topic's settings as they took effect; null if the client may not see them.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public List<CreatableTopicConfigs>? Configs { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 5;
            writer.WriteString(Name, flexible);
            if (version >= 7)
                writer.WriteUuid(TopicId);
            writer.WriteErrorCode(ErrorCode);
            writer.WriteNullableString(ErrorMessage, flexible);
            if (version >= 5)
                writer.WriteInt32(NumPartitions);
            if (version >= 5)
                writer.WriteInt16(ReplicationFactor);
            if (version >= 5)
            {
                writer.WriteArrayLength(Configs?.Count ?? -1, compact: true);
                if (Configs is not null)
                {
                    foreach (var item in Configs)
                        item.Write(writer, version);
                }
            }
            if (flexible)
            {
                var tags = 0u;
                if (TopicConfigErrorCode != ErrorCode.None)
                    tags++;
                writer.WriteUVarint(tags);
                if (TopicConfigErrorCode != ErrorCode.None)
                {
                    writer.WriteTag(0, size: 2);
                    writer.WriteErrorCode(TopicConfigErrorCode);
                }
            }
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 5;
            Name = reader.ReadString(flexible);
            if (version >= 7)
                TopicId = reader.ReadUuid();
            ErrorCode = reader.ReadErrorCode();
            ErrorMessage = reader.ReadNullableString(flexible);
            if (version >= 5)
                NumPartitions = reader.ReadInt32();
            if (version >= 5)
                ReplicationFactor = reader.ReadInt16();
            if (version >= 5)
            {
                var configsCount = reader.ReadNullableArrayLength(6, compact: true);
                if (configsCount < 0)
                    Configs = null;
                else
                    (Configs ??= []).EnsureCapacity(configsCount);
                for (; configsCount > 0 && !reader.IsBad; configsCount--)
                {
                    var item = new CreatableTopicConfigs();
                    item.Read(ref reader, version);
                    Configs!.Add(item);
                }
            }
            if (flexible)
            {
                for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
                {
                    switch (reader.ReadTag(out var end))
                    {
                        case 0:
                        {
                            TopicConfigErrorCode = reader.ReadErrorCode();
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

    /// <summary>One of <see cref="CreatableTopicResult.Configs"/>.</summary>
    public sealed class CreatableTopicConfigs
    {
        /// <summary>The setting's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The setting's value, or null.</summary>
        public string? Value { get; set; } = "";

        /// <summary>Whether the setting cannot be changed.</summary>
        public bool ReadOnly { get; set; }

        /// <summary>Where the value comes from: topic, dynamic broker, static broker or default, by number.</summary>
        public sbyte ConfigSource { get; set; } = -1;

        /// <summary>Whether the value is a secret, which is then null.</summary>
        public bool IsSensitive { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Name, compact: true);
            writer.WriteNullableString(Value, compact: true);
            writer.WriteBool(ReadOnly);
            writer.WriteInt8(ConfigSource);
            writer.WriteBool(IsSensitive);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            Name = reader.ReadString(compact: true);
            Value = reader.ReadNullableString(compact: true);
            ReadOnly = reader.ReadBool();
            ConfigSource = reader.ReadInt8();
            IsSensitive = reader.ReadBool();
            reader.SkipTags();
        }
    }
}
