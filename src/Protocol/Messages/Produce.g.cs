// Made from 00_Produce.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Appends record batches to partition logs.</summary>
public sealed class ProduceRequest : IRequest<ProduceResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.Produce;

    /// <inheritdoc/>
    public static short MinVersion => 3;

    /// <inheritdoc/>
    public static short MaxVersion => 13;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 9;

    /// <summary>The transactional id, or null for a producer without transactions.</summary>
    public string? TransactionalId { get; set; }

    /// <summary>How many replicas must have the records before the answer: 0 none (and no answer is sent), 1 the
    /// leader, -1 all in sync.</summary>
    public short Acks { get; set; }

    /// <summary>How long the broker may wait for the replicas, in milliseconds.</summary>
    public int TimeoutMs { get; set; }

    /// <summary>The records, by topic.</summary>
    public List<TopicProduceData> TopicData { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ProduceRequest), version, 3, 13);
        var flexible = version >= 9;
        writer.WriteNullableString(TransactionalId, flexible);
        writer.WriteInt16(Acks);
        writer.WriteInt32(TimeoutMs);
        writer.WriteArrayLength(TopicData.Count, flexible);
        foreach (var item in TopicData)
            item.Write(writer, version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ProduceRequest), version, 3, 13))
            return;
        var flexible = version >= 9;
        TransactionalId = reader.ReadNullableString(flexible);
        Acks = reader.ReadInt16();
        TimeoutMs = reader.ReadInt32();
        var topicDataCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        TopicData.EnsureCapacity(topicDataCount);
        for (; topicDataCount > 0 && !reader.IsBad; topicDataCount--)
        {
            var item = new TopicProduceData();
            item.Read(ref reader, version);
            TopicData.Add(item);
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>One of <see cref="ProduceRequest.TopicData"/>.</summary>
    public sealed class TopicProduceData
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 12; left out without an error in the others.</remarks>
        public string Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 13; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The data of each partition.</summary>
        public List<PartitionProduceData> PartitionData { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            if (version <= 12)
                writer.WriteString(Name, flexible);
            if (version >= 13)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(PartitionData.Count, flexible);
            foreach (var item in PartitionData)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            if (version <= 12)
                Name = reader.ReadString(flexible);
            if (version >= 13)
                TopicId = reader.ReadUuid();
            var partitionDataCount = reader.ReadArrayLength(flexible ? 6 : 8, flexible);
            PartitionData.EnsureCapacity(partitionDataCount);
            for (; partitionDataCount > 0 && !reader.IsBad; partitionDataCount--)
            {
                var item = new PartitionProduceData();
                item.Read(ref reader, version);
                PartitionData.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="TopicProduceData.PartitionData"/>.</summary>
    public sealed class PartitionProduceData
    {
        /// <summary>The partition's number.</summary>
        public int Index { get; set; }

        /// <summary>One record batch.</summary>
        public ReadOnlyMemory<byte>? Records { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            writer.WriteInt32(Index);
            writer.WriteNullableBytes(Records, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            Index = reader.ReadInt32();
            Records = reader.ReadNullableBytes(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>Where the batches went, or why not. There is none for acks 0.</summary>
public sealed class ProduceResponse : IMessage
{
    /// <summary>The outcome for each topic.</summary>
    public List<TopicProduceResponse> Responses { get; set; } = [];

    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>Where the leaders named in this answer can be reached (KIP-951).</summary>
    /// <remarks>Since version 10.</remarks>
    public List<NodeEndpoint> NodeEndpoints { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(ProduceResponse), version, 3, 13);
        var flexible = version >= 9;
        writer.WriteArrayLength(Responses.Count, flexible);
        foreach (var item in Responses)
            item.Write(writer, version);
        writer.WriteInt32(ThrottleTimeMs);
        if (version < 10 && NodeEndpoints.Count != 0)
            throw MessageChecks.NotInVersion("ProduceResponse.NodeEndpoints", version);
        if (flexible)
        {
            var tags = 0u;
            if (version >= 10 && NodeEndpoints.Count != 0)
                tags++;
            writer.WriteUVarint(tags);
            if (version >= 10 && NodeEndpoints.Count != 0)
            {
                var tag0 = writer.BeginTag();
                tag0.WriteArrayLength(NodeEndpoints.Count, compact: true);
                foreach (var item in NodeEndpoints)
                    item.Write(tag0, version);
                writer.EndTag(0);
            }
        }
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(ProduceResponse), version, 3, 13))
            return;
        var flexible = version >= 9;
        var responsesCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Responses.EnsureCapacity(responsesCount);
        for (; responsesCount > 0 && !reader.IsBad; responsesCount--)
        {
            var item = new TopicProduceResponse();
            item.Read(ref reader, version);
            Responses.Add(item);
        }
        ThrottleTimeMs = reader.ReadInt32();
        if (flexible)
        {
            for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
            {
                switch (reader.ReadTag(out var end))
                {
                    case 0 when version >= 10:
                    {
                        var nodeEndpointsCount = reader.ReadArrayLength(11, compact: true);
                        NodeEndpoints.EnsureCapacity(nodeEndpointsCount);
                        for (; nodeEndpointsCount > 0 && !reader.IsBad; nodeEndpointsCount--)
                        {
                            var item = new NodeEndpoint();
                            item.Read(ref reader, version);
                            NodeEndpoints.Add(item);
                        }
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

    /// <summary>One of <see cref="ProduceResponse.Responses"/>.</summary>
    public sealed class TopicProduceResponse
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 12; left out without an error in the others.</remarks>
        public string Name { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 13; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The outcome for each partition.</summary>
        public List<PartitionProduceResponse> PartitionResponses { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            if (version <= 12)
                writer.WriteString(Name, flexible);
            if (version >= 13)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(PartitionResponses.Count, flexible);
            foreach (var item in PartitionResponses)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            if (version <= 12)
                Name = reader.ReadString(flexible);
            if (version >= 13)
                TopicId = reader.ReadUuid();
            var partitionResponsesCount = reader.ReadArrayLength(flexible ? 33 : 22, flexible);
            PartitionResponses.EnsureCapacity(partitionResponsesCount);
            for (; partitionResponsesCount > 0 && !reader.IsBad; partitionResponsesCount--)
            {
                var item = new PartitionProduceResponse();
                item.Read(ref reader, version);
                PartitionResponses.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="TopicProduceResponse.PartitionResponses"/>.</summary>
    public sealed class PartitionProduceResponse
    {
        LeaderIdAndEpoch? _currentLeader;

        /// <summary>The partition's number.</summary>
        public int Index { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The offset that the first record of the batch got.</summary>
        public long BaseOffset { get; set; }

        /// <summary>The time that the broker gave the batch, in milliseconds since 1970, or -1 if it kept the
        /// producer's.</summary>
        public long LogAppendTimeMs { get; set; } = -1;

        /// <summary>The first offset that the partition still has, or -1 if unknown.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public long LogStartOffset { get; set; } = -1;

        /// <summary>The records for which the batch was refused (KIP-467).</summary>
        /// <remarks>Since version 8; left out without an error in the others.</remarks>
        public List<BatchIndexAndErrorMessage> RecordErrors { get; set; } = [];

        /// <summary>What went wrong in words, or null.</summary>
        /// <remarks>Since version 8; left out without an error in the others.</remarks>
        public string? ErrorMessage { get; set; }

        /// <summary>Who leads the partition now, sent along with an error about leadership (KIP-951).</summary>
        /// <remarks>Since version 10.</remarks>
        public LeaderIdAndEpoch CurrentLeader
        {
            get => _currentLeader ??= new();
            set => _currentLeader = value;
        }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            writer.WriteInt32(Index);
            writer.WriteErrorCode(ErrorCode);
            writer.WriteInt64(BaseOffset);
            writer.WriteInt64(LogAppendTimeMs);
            if (version >= 5)
                writer.WriteInt64(LogStartOffset);
            if (version >= 8)
            {
                writer.WriteArrayLength(RecordErrors.Count, flexible);
                foreach (var item in RecordErrors)
                    item.Write(writer, version);
            }
            if (version >= 8)
                writer.WriteNullableString(ErrorMessage, flexible);
            if (version < 10 && _currentLeader?.IsDefault() == false)
                throw MessageChecks.NotInVersion("ProduceResponse.PartitionProduceResponse.CurrentLeader", version);
            if (flexible)
            {
                var tags = 0u;
                if (version >= 10 && _currentLeader?.IsDefault() == false)
                    tags++;
                writer.WriteUVarint(tags);
                if (version >= 10 && _currentLeader?.IsDefault() == false)
                {
                    writer.WriteTag(0, size: 9);
                    CurrentLeader.Write(writer, version);
                }
            }
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            Index = reader.ReadInt32();
            ErrorCode = reader.ReadErrorCode();
            BaseOffset = reader.ReadInt64();
            LogAppendTimeMs = reader.ReadInt64();
            if (version >= 5)
                LogStartOffset = reader.ReadInt64();
            if (version >= 8)
            {
                var recordErrorsCount = reader.ReadArrayLength(6, flexible);
                RecordErrors.EnsureCapacity(recordErrorsCount);
                for (; recordErrorsCount > 0 && !reader.IsBad; recordErrorsCount--)
                {
                    var item = new BatchIndexAndErrorMessage();
                    item.Read(ref reader, version);
                    RecordErrors.Add(item);
                }
            }
            if (version >= 8)
                ErrorMessage = reader.ReadNullableString(flexible);
            if (flexible)
            {
                for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
                {
                    switch (reader.ReadTag(out var end))
                    {
                        case 0 when version >= 10:
                        {
                            CurrentLeader.Read(ref reader, version);
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

    /// <summary>One of <see cref="PartitionProduceResponse.RecordErrors"/>.</summary>
    public sealed class BatchIndexAndErrorMessage
    {
        /// <summary>The position of the refused record in its batch, from 0.</summary>
        public int BatchIndex { get; set; }

        /// <summary>Why the record was refused.</summary>
        public string? BatchIndexErrorMessage { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 9;
            writer.WriteInt32(BatchIndex);
            writer.WriteNullableString(BatchIndexErrorMessage, flexible);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 9;
            BatchIndex = reader.ReadInt32();
            BatchIndexErrorMessage = reader.ReadNullableString(flexible);
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>The type of <see cref="PartitionProduceResponse.CurrentLeader"/>.</summary>
    public sealed class LeaderIdAndEpoch
    {
        /// <summary>The leader's broker id, or -1 if there is none.</summary>
        public int LeaderId { get; set; } = -1;

        /// <summary>The leader epoch, or -1 if unknown.</summary>
        public int LeaderEpoch { get; set; } = -1;

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(LeaderId);
            writer.WriteInt32(LeaderEpoch);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            LeaderId = reader.ReadInt32();
            LeaderEpoch = reader.ReadInt32();
            reader.SkipTags();
        }

        internal bool IsDefault() => !(LeaderId != -1 || LeaderEpoch != -1);
    }

    /// <summary>One of <see cref="ProduceResponse.NodeEndpoints"/>.</summary>
    public sealed class NodeEndpoint
    {
        /// <summary>The broker's id.</summary>
        public int NodeId { get; set; }

        /// <summary>The host name to connect to.</summary>
        public string Host { get; set; } = "";

        /// <summary>The port to connect to.</summary>
        public int Port { get; set; }

        /// <summary>The broker's rack, or null.</summary>
        public string? Rack { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(NodeId);
            writer.WriteString(Host, compact: true);
            writer.WriteInt32(Port);
            writer.WriteNullableString(Rack, compact: true);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            NodeId = reader.ReadInt32();
            Host = reader.ReadString(compact: true);
            Port = reader.ReadInt32();
            Rack = reader.ReadNullableString(compact: true);
            reader.SkipTags();
        }
    }
}
