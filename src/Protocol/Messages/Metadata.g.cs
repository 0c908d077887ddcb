// Made from 03_Metadata.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks for the brokers, and for topics with their partitions and leaders.</summary>
public sealed class MetadataRequest : IRequest<MetadataResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.Metadata;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 13;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 9;

    /// <summary>The topics wanted; null (in version 0: empty) for all.</summary>
    /// <remarks>Null allowed since version 1.</remarks>
    public List<MetadataRequestTopic>? Topics { get; set; } = [];

    /// <summary>Whether the broker may create topics that do not exist, if its configuration allows that too.</summary>
    /// <remarks>Since version 4.</remarks>
    public bool AllowAutoTopicCreation { get; set; } = true;

    /// <summary>Whether the operations the client may do on the cluster are wanted.</summary>
    /// <remarks>Versions 8 to 10.</remarks>
    public bool IncludeClusterAuthorizedOperations { get; set; }

    /// <summary>Whether the operations the client may do on each topic are wanted.</summary>
    /// <remarks>Since version 8.</remarks>
    public bool IncludeTopicAuthorizedOperations { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(MetadataRequest), version, 0, 13);
        var flexible = version >= 9;
        if (Topics is null && version < 1)
            throw MessageChecks.NullNotInVersion("MetadataRequest.Topics", version);
        writer.WriteArrayLength(Topics?.Count ?? -1, flexible);
        if (Topics is not null)
        {
            foreach (var item in Topics)
                item.Write(writer, version);
        }
        if (version >= 4)
            writer.WriteBool(AllowAutoTopicCreation);
        else if (!AllowAutoTopicCreation)
            throw MessageChecks.NotInVersion("MetadataRequest.AllowAutoTopicCreation", version);
        if (version is >= 8 and <= 10)
            writer.WriteBool(IncludeClusterAuthorizedOperations);
        else if (IncludeClusterAuthorizedOperations)
            throw MessageChecks.NotInVersion("MetadataRequest.IncludeClusterAuthorizedOperations", version);
        if (version >= 8)
            writer.WriteBool(IncludeTopicAuthorizedOperations);
        else if (IncludeTopicAuthorizedOperations)
            throw MessageChecks.NotInVersion("MetadataRequest.IncludeTopicAuthorizedOperations", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(MetadataRequest), version, 0, 13))
            return;
        var flexible = version >= 9;
        var topicsCount = version >= 1
            ? reader.ReadNullableArrayLength(2, flexible)
            : reader.ReadArrayLength(2, flexible);
        if (topicsCount < 0)
            Topics = null;
        else
            (Topics ??= []).EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new MetadataRequestTopic();
            item.Read(ref reader, version);
            Topics!.Add(item);
        }
        if (version >= 4)
            AllowAutoTopicCreation = reader.ReadBool();
        if (version is >= 8 and <= 10)
            IncludeClusterAuthorizedOperations = reader.ReadBool();
        if (version >= 8)
            IncludeTopicAuthorizedOperations = reader.ReadBool();
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="MetadataRequest.Topics"/>.</summary>
    public sealed class MetadataRequestTopic
    {
        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 10; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The topic's name; null to look it up by its id.</summary>
        /// <remarks>Null allowed since version 10.</remarks>
        public string? Name { get; set; } = "";

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            if (version >= 10)
                writer.WriteUuid(TopicId);
            if (Name is null && version < 10)
                throw MessageChecks.NullNotInVersion("MetadataRequest.MetadataRequestTopic.Name", version);
            writer.WriteNullableString(Name, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            if (version >= 10)
                TopicId = reader.ReadUuid();
            Name = version >= 10 ? reader.ReadNullableString(flexible) : reader.ReadString(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>The brokers, and the topics with their partitions and leaders.</summary>
public sealed class MetadataResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The brokers that are alive.</summary>
    public List<MetadataResponseBroker> Brokers { get; set; } = [];

    /// <summary>The cluster's id.</summary>
    /// <remarks>Since version 2; left out without an error in the others.</remarks>
    public string? ClusterId { get; set; }

    /// <summary>The controller's id, or -1 if none is known.</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public int ControllerId { get; set; } = -1;

    /// <summary>The topics.</summary>
    public List<MetadataResponseTopic> Topics { get; set; } = [];

    /// <summary>The operations the client may do on the cluster, as a bit field; the lowest integer if not asked
    /// for.</summary>
    /// <remarks>Versions 8 to 10.</remarks>
    public int ClusterAuthorizedOperations { get; set; } = -2147483648;

    /// <summary>What went wrong, or none.</summary>
    /// <remarks>Since version 13; left out without an error in the others.</remarks>
    public ErrorCode ErrorCode { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(MetadataResponse), version, 0, 13);
        var flexible = version >= 9;
        if (version >= 3)
            writer.WriteInt32(ThrottleTimeMs);
        writer.WriteArrayLength(Brokers.Count, flexible);
        foreach (var item in Brokers)
            item.Write(writer, version);
        if (version >= 2)
            writer.WriteNullableString(ClusterId, flexible);
        if (version >= 1)
            writer.WriteInt32(ControllerId);
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        if (version is >= 8 and <= 10)
            writer.WriteInt32(ClusterAuthorizedOperations);
        else if (ClusterAuthorizedOperations != -2147483648)
            throw MessageChecks.NotInVersion("MetadataResponse.ClusterAuthorizedOperations", version);
        if (version >= 13)
            writer.WriteErrorCode(ErrorCode);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(MetadataResponse), version, 0, 13))
            return;
        var flexible = version >= 9;
        if (version >= 3)
            ThrottleTimeMs = reader.ReadInt32();
        var brokersCount = reader.ReadArrayLength(flexible ? 11 : 10, flexible);
        Brokers.EnsureCapacity(brokersCount);
        for (; brokersCount > 0 && !reader.IsBad; brokersCount--)
        {
            var item = new MetadataResponseBroker();
            item.Read(ref reader, version);
            Brokers.Add(item);
        }
        if (version >= 2)
            ClusterId = reader.ReadNullableString(flexible);
        if (version >= 1)
            ControllerId = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 10 : 8, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new MetadataResponseTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (version is >= 8 and <= 10)
            ClusterAuthorizedOperations = reader.ReadInt32();
        if (version >= 13)
            ErrorCode = reader.ReadErrorCode();
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="MetadataResponse.Brokers"/>.</summary>
    public sealed class MetadataResponseBroker
    {
        /// <summary>The broker's id.</summary>
        public int NodeId { get; set; }

        /// <summary>The host name to connect to.</summary>
        public string Host { get; set; } = "";

        /// <summary>The port to connect to.</summary>
        public int Port { get; set; }

        /// <summary>The broker's rack, or null.</summary>
        /// <remarks>Since version 1; left out without an error in the others.</remarks>
        public string? Rack { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            writer.WriteInt32(NodeId);
            writer.WriteString(Host, flexible);
            writer.WriteInt32(Port);
            if (version >= 1)
                writer.WriteNullableString(Rack, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            NodeId = reader.ReadInt32();
            Host = reader.ReadString(flexible);
            Port = reader.ReadInt32();
            if (version >= 1)
                Rack = reader.ReadNullableString(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="MetadataResponse.Topics"/>.</summary>
    public sealed class MetadataResponseTopic
    {
        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The topic's name; null if it was asked for by an id that nobody knows.</summary>
        /// <remarks>Null allowed since version 12.</remarks>
        public string? Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 10; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>Whether the broker keeps the topic for itself, like the one of committed offsets.</summary>
        /// <remarks>Since version 1; left out without an error in the others.</remarks>
        public bool IsInternal { get; set; }

        /// <summary>The topic's partitions.</summary>
        public List<MetadataResponsePartition> Partitions { get; set; } = [];

        /// <summary>The operations the client may do on the topic, as a bit field; the lowest integer if not asked
        /// for.</summary>
        /// <remarks>Since version 8.</remarks>
        public int TopicAuthorizedOperations { get; set; } = -2147483648;

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            writer.WriteErrorCode(ErrorCode);
            if (Name is null && version < 12)
                throw MessageChecks.NullNotInVersion("MetadataResponse.MetadataResponseTopic.Name", version);
            writer.WriteNullableString(Name, flexible);
            if (version >= 10)
                writer.WriteUuid(TopicId);
            if (version >= 1)
                writer.WriteBool(IsInternal);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (version >= 8)
                writer.WriteInt32(TopicAuthorizedOperations);
            else if (TopicAuthorizedOperations != -2147483648)
                throw MessageChecks.NotInVersion("MetadataResponse.MetadataResponseTopic.TopicAuthorizedOperations", version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            ErrorCode = reader.ReadErrorCode();
            Name = version >= 12 ? reader.ReadNullableString(flexible) : reader.ReadString(flexible);
            if (version >= 10)
                TopicId = reader.ReadUuid();
            if (version >= 1)
                IsInternal = reader.ReadBool();
            var partitionsCount = reader.ReadArrayLength(18, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new MetadataResponsePartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (version >= 8)
                TopicAuthorizedOperations = reader.ReadInt32();
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="MetadataResponseTopic.Partitions"/>.</summary>
    public sealed class MetadataResponsePartition
    {
        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>The leader's broker id, or -1 if there is none.</summary>
        public int LeaderId { get; set; }

        /// <summary>The leader epoch, or -1 if unknown.</summary>
        /// <remarks>Since version 7; left out without an error in the others.</remarks>
        public int LeaderEpoch { get; set; } = -1;

        /// <summary>All replicas; the first is the preferred leader.</summary>
        public List<int> ReplicaNodes { get; set; } = [];

        /// <summary>The replicas that are in sync.</summary>
        public List<int> IsrNodes { get; set; } = [];

        /// <summary>The replicas that are not available.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public List<int> OfflineReplicas { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            writer.WriteErrorCode(ErrorCode);
            writer.WriteInt32(PartitionIndex);
            writer.WriteInt32(LeaderId);
            if (version >= 7)
                writer.WriteInt32(LeaderEpoch);
            writer.WriteArrayLength(ReplicaNodes.Count, flexible);
            foreach (var item in ReplicaNodes)
                writer.WriteInt32(item);
            writer.WriteArrayLength(IsrNodes.Count, flexible);
            foreach (var item in IsrNodes)
                writer.WriteInt32(item);
            if (version >= 5)
            {
                writer.WriteArrayLength(OfflineReplicas.Count, flexible);
                foreach (var item in OfflineReplicas)
                    writer.WriteInt32(item);
            }
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            ErrorCode = reader.ReadErrorCode();
            PartitionIndex = reader.ReadInt32();
            LeaderId = reader.ReadInt32();
            if (version >= 7)
                LeaderEpoch = reader.ReadInt32();
            var replicaNodesCount = reader.ReadArrayLength(4, flexible);
            ReplicaNodes.EnsureCapacity(replicaNodesCount);
            for (; replicaNodesCount > 0 && !reader.IsBad; replicaNodesCount--)
                ReplicaNodes.Add(reader.ReadInt32());
            var isrNodesCount = reader.ReadArrayLength(4, flexible);
            IsrNodes.EnsureCapacity(isrNodesCount);
            for (; isrNodesCount > 0 && !reader.IsBad; isrNodesCount--)
                IsrNodes.Add(reader.ReadInt32());
            if (version >= 5)
            {
                var offlineReplicasCount = reader.ReadArrayLength(4, flexible);
                OfflineReplicas.EnsureCapacity(offlineReplicasCount);
                for (; offlineReplicasCount > 0 && !reader.IsBad; offlineReplicasCount--)
                    OfflineReplicas.Add(reader.ReadInt32());
            }
            if (flexible)
                reader.SkipTags();
        }
    }
}
