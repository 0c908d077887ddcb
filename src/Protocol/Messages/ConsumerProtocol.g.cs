// Made from ConsumerProtocol.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>What a consumer tells the leader of its group when it joins; lies in JoinGroup's metadata.</summary>
public sealed class ConsumerProtocolSubscription : IVersionedData
{
    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 3;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => short.MaxValue;

    /// <summary>The topics that the member subscribed to.</summary>
    public List<string> Topics { get; set; } = [];

    /// <summary>Bytes of the assignor's own, or null.</summary>
    public ReadOnlyMemory<byte>? UserData { get; set; }

    /// <summary>What the member owns just now, for cooperative rebalancing (KIP-429).</summary>
    /// <remarks>Since version 1; left out without an error in the others.</remarks>
    public List<TopicPartition> OwnedPartitions { get; set; } = [];

    /// <summary>The generation in which the member owned those partitions, or -1 (KIP-792).</summary>
    /// <remarks>Since version 2; left out without an error in the others.</remarks>
    public int GenerationId { get; set; } = -1;

    /// <summary>The rack of the member, for rack-aware assignment (KIP-881), or null.</summary>
    /// <remarks>Since version 3; left out without an error in the others.</remarks>
    public string? RackId { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ConsumerProtocolSubscription), version, 0, 3);
        writer.WriteArrayLength(Topics.Count);
        foreach (var item in Topics)
            writer.WriteString(item);
        writer.WriteNullableBytes(UserData);
        if (version >= 1)
        {
            writer.WriteArrayLength(OwnedPartitions.Count);
            foreach (var item in OwnedPartitions)
                item.Write(writer, version);
        }
        if (version >= 2)
            writer.WriteInt32(GenerationId);
        if (version >= 3)
            writer.WriteNullableString(RackId);
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ConsumerProtocolSubscription), version, 0, 3))
            return;
        var topicsCount = reader.ReadArrayLength(2);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
            Topics.Add(reader.ReadString());
        UserData = reader.ReadNullableBytes();
        if (version >= 1)
        {
            var ownedPartitionsCount = reader.ReadArrayLength(6);
            OwnedPartitions.EnsureCapacity(ownedPartitionsCount);
            for (; ownedPartitionsCount > 0 && !reader.IsBad; ownedPartitionsCount--)
            {
                var item = new TopicPartition();
                item.Read(ref reader, version);
                OwnedPartitions.Add(item);
            }
        }
        if (version >= 2)
            GenerationId = reader.ReadInt32();
        if (version >= 3)
            RackId = reader.ReadNullableString();
    }

    /// <summary>One of <see cref="ConsumerProtocolSubscription.OwnedPartitions"/>.</summary>
    public sealed class TopicPartition
    {
        /// <summary>The topic's name.</summary>
        public string Topic { get; set; } = "";

        /// <summary>The numbers of the partitions.</summary>
        public List<int> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Topic);
            writer.WriteArrayLength(Partitions.Count);
            foreach (var item in Partitions)
                writer.WriteInt32(item);
        }

        internal void Read(ref WireReader reader, short version)
        {
            Topic = reader.ReadString();
            var partitionsCount = reader.ReadArrayLength(4);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
                Partitions.Add(reader.ReadInt32());
        }
    }
}

/// <summary>What the leader of a group assigns to a consumer; lies in SyncGroup's assignment.</summary>
public sealed class ConsumerProtocolAssignment : IVersionedData
{
    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 3;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => short.MaxValue;

    /// <summary>What the member gets, by topic.</summary>
    public List<TopicPartition> AssignedPartitions { get; set; } = [];

    /// <summary>Bytes of the assignor's own, or null.</summary>
    public ReadOnlyMemory<byte>? UserData { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ConsumerProtocolAssignment), version, 0, 3);
        writer.WriteArrayLength(AssignedPartitions.Count);
        foreach (var item in AssignedPartitions)
            item.Write(writer, version);
        writer.WriteNullableBytes(UserData);
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ConsumerProtocolAssignment), version, 0, 3))
            return;
        var assignedPartitionsCount = reader.ReadArrayLength(6);
        AssignedPartitions.EnsureCapacity(assignedPartitionsCount);
        for (; assignedPartitionsCount > 0 && !reader.IsBad; assignedPartitionsCount--)
        {
            var item = new TopicPartition();
            item.Read(ref reader, version);
            AssignedPartitions.Add(item);
        }
        UserData = reader.ReadNullableBytes();
    }

    /// <summary>One of <see cref="ConsumerProtocolAssignment.AssignedPartitions"/>.</summary>
    public sealed class TopicPartition
    {
        /// <summary>The topic's name.</summary>
        public string Topic { get; set; } = "";

        /// <summary>The numbers of the partitions.</summary>
        public List<int> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(Topic);
            writer.WriteArrayLength(Partitions.Count);
            foreach (var item in Partitions)
                writer.WriteInt32(item);
        }

        internal void Read(ref WireReader reader, short version)
        {
            Topic = reader.ReadString();
            var partitionsCount = reader.ReadArrayLength(4);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
                Partitions.Add(reader.ReadInt32());
        }
    }
}
