// Made from 01_Fetch.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Reads record batches from partition logs; waits at the broker until enough is there.</summary>
public sealed class FetchRequest : IRequest<FetchResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.Fetch;

    /// <inheritdoc/>
    public static short MinVersion => 4;

    /// <inheritdoc/>
    public static short MaxVersion => 18;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 12;

    FetchReplicaState? _replicaState;

    /// <summary>The cluster that the sender believes in, checked by replicas of the metadata log.</summary>
    /// <remarks>Since version 12; left out without an error in the others.</remarks>
    public string? ClusterId { get; set; }

    /// <summary>The broker id of a replica that asks; -1 from a client.</summary>
    /// <remarks>Up to version 14.</remarks>
    public int ReplicaId { get; set; } = -1;

    /// <summary>Who asks, if a replica does (KIP-903).</summary>
    /// <remarks>Since version 15.</remarks>
    public FetchReplicaState ReplicaState
    {
        get => _replicaState ??= new();
        set => _replicaState = value;
    }

    /// <summary>How long the broker may wait for the least number of bytes, in milliseconds.</summary>
    public int MaxWaitMs { get; set; }

    /// <summary>How many bytes must be there before the broker answers early.</summary>
    public int MinBytes { get; set; }

    /// <summary>The most bytes wanted in all. The first batch comes even if it is larger (KIP-74).</summary>
    public int MaxBytes { get; set; } = int.MaxValue;

    /// <summary>0 to read everything, 1 to read only what is committed (KIP-98).</summary>
    public sbyte IsolationLevel { get; set; }

    /// <summary>The fetch session (KIP-227), or 0 for none.</summary>
    /// <remarks>Since version 7; left out without an error in the others.</remarks>
    public int SessionId { get; set; }

    /// <summary>The number of this request in its fetch session: 0 starts a session, -1 ends it or goes
    /// without.</summary>
    /// <remarks>Since version 7; left out without an error in the others.</remarks>
    public int SessionEpoch { get; set; } = -1;

    /// <summary>What to read, by topic. In a session only what changed since the last request.</summary>
    public List<FetchTopic> Topics { get; set; } = [];

    /// <summary>Partitions to drop from the fetch session (KIP-227).</summary>
    /// <remarks>Since version 7.</remarks>
    public List<ForgottenTopic> ForgottenTopicsData { get; set; } = [];

    /// <summary>The rack of the reader, for reading from the nearest replica (KIP-392).</summary>
    /// <remarks>Since version 11; left out without an error in the others.</remarks>
    public string RackId { get; set; } = "";

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(FetchRequest), version, 4, 18);
        var flexible = version >= 12;
        if (version <= 14)
            writer.WriteInt32(ReplicaId);
        else if (ReplicaId != -1)
            throw MessageChecks.NotInVersion("FetchRequest.ReplicaId", version);
        if (version < 15 && _replicaState?.IsDefault() == false)
            throw MessageChecks.NotInVersion("FetchRequest.ReplicaState", version);
        writer.WriteInt32(MaxWaitMs);
        writer.WriteInt32(MinBytes);
        writer.WriteInt32(MaxBytes);
        writer.WriteInt8(IsolationLevel);
        if (version >= 7)
            writer.WriteInt32(SessionId);
        if (version >= 7)
            writer.WriteInt32(SessionEpoch);
        writer.WriteArrayLength(Topics.Count, flexible);
        foreach (var item in Topics)
            item.Write(writer, version);
        if (version >= 7)
        {
            writer.WriteArrayLength(ForgottenTopicsData.Count, flexible);
            foreach (var item in ForgottenTopicsData)
                item.Write(writer, version);
        }
        else if (ForgottenTopicsData.Count != 0)
            throw MessageChecks.NotInVersion("FetchRequest.ForgottenTopicsData", version);
        if (version >= 11)
            writer.WriteString(RackId, flexible);
        if (flexible)
        {
            var tags = 0u;
            if (ClusterId is not null)
                tags++;
            if (version >= 15 && _replicaState?.IsDefault() == false)
                tags++;
            writer.WriteUVarint(tags);
            if (ClusterId is not null)
            {
                var tag0 = writer.BeginTag();
                tag0.WriteNullableString(ClusterId, compact: true);
                writer.EndTag(0);
            }
            if (version >= 15 && _replicaState?.IsDefault() == false)
            {
                writer.WriteTag(1, size: 13);
                ReplicaState.Write(writer, version);
            }
        }
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(FetchRequest), version, 4, 18))
            return;
        var flexible = version >= 12;
        if (version <= 14)
            ReplicaId = reader.ReadInt32();
        MaxWaitMs = reader.ReadInt32();
        MinBytes = reader.ReadInt32();
        MaxBytes = reader.ReadInt32();
        IsolationLevel = reader.ReadInt8();
        if (version >= 7)
            SessionId = reader.ReadInt32();
        if (version >= 7)
            SessionEpoch = reader.ReadInt32();
        var topicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Topics.EnsureCapacity(topicsCount);
        for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
        {
            var item = new FetchTopic();
            item.Read(ref reader, version);
            Topics.Add(item);
        }
        if (version >= 7)
        {
            var forgottenTopicsDataCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
            ForgottenTopicsData.EnsureCapacity(forgottenTopicsDataCount);
            for (; forgottenTopicsDataCount > 0 && !reader.IsBad; forgottenTopicsDataCount--)
            {
                var item = new ForgottenTopic();
                item.Read(ref reader, version);
                ForgottenTopicsData.Add(item);
            }
        }
        if (version >= 11)
            RackId = reader.ReadString(flexible);
        if (flexible)
        {
            for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
            {
                switch (reader.ReadTag(out var end))
                {
                    case 0:
                    {
                        ClusterId = reader.ReadNullableString(compact: true);
                        reader.EndTag(end);
                        break;
                    }
                    case 1 when version >= 15:
                    {
                        ReplicaState.Read(ref reader, version);
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

    /// <summary>The type of <see cref="FetchRequest.ReplicaState"/>.</summary>
    public sealed class FetchReplicaState
    {
        /// <summary>The broker id of a replica that asks; -1 from a client.</summary>
        public int ReplicaId { get; set; } = -1;

        /// <summary>The broker epoch of the replica, or -1.</summary>
        public long ReplicaEpoch { get; set; } = -1;

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(ReplicaId);
            writer.WriteInt64(ReplicaEpoch);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            ReplicaId = reader.ReadInt32();
            ReplicaEpoch = reader.ReadInt64();
            reader.SkipTags();
        }

        internal bool IsDefault() => !(ReplicaId != -1 || ReplicaEpoch != -1);
    }

    /// <summary>One of <see cref="FetchRequest.Topics"/>.</summary>
    public sealed class FetchTopic
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 12; left out without an error in the others.</remarks>
        public string Topic { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 13; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The partitions.</summary>
        public List<FetchPartition> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 12;
            if (version <= 12)
                writer.WriteString(Topic, flexible);
            if (version >= 13)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 12;
            if (version <= 12)
                Topic = reader.ReadString(flexible);
            if (version >= 13)
                TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(flexible ? 33 : 16, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new FetchPartition();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="FetchTopic.Partitions"/>.</summary>
    public sealed class FetchPartition
    {
        /// <summary>The partition's number.</summary>
        public int Partition { get; set; }

        /// <summary>The leader epoch that the client knows, or -1 to leave it unchecked (KIP-320).</summary>
        /// <remarks>Since version 9; left out without an error in the others.</remarks>
        public int CurrentLeaderEpoch { get; set; } = -1;

        /// <summary>The offset to read from.</summary>
        public long FetchOffset { get; set; }

        /// <summary>The epoch of the last record that the reader has, or -1.</summary>
        /// <remarks>Since version 12.</remarks>
        public int LastFetchedEpoch { get; set; } = -1;

        /// <summary>The first offset that a replica has; -1 from a consumer.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public long LogStartOffset { get; set; } = -1;

        /// <summary>The most bytes wanted from this partition. The first batch comes even if it is larger
        /// (KIP-74).</summary>
        public int PartitionMaxBytes { get; set; }

        /// <summary>The log directory of the replica that asks (KIP-853); the empty id from a consumer.</summary>
        /// <remarks>Since version 17; left out without an error in the others.</remarks>
        public Guid ReplicaDirectoryId { get; set; }

        /// <summary>The high watermark that a replica knows, if it is not the newest (KIP-1166).</summary>
        /// <remarks>Since version 18; left out without an error in the others.</remarks>
        public long HighWatermark { get; set; } = long.MaxValue;

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 12;
            writer.WriteInt32(Partition);
            if (version >= 9)
                writer.WriteInt32(CurrentLeaderEpoch);
            writer.WriteInt64(FetchOffset);
            if (version >= 12)
                writer.WriteInt32(LastFetchedEpoch);
            else if (LastFetchedEpoch != -1)
                throw MessageChecks.NotInVersion("FetchRequest.FetchPartition.LastFetchedEpoch", version);
            if (version >= 5)
                writer.WriteInt64(LogStartOffset);
            writer.WriteInt32(PartitionMaxBytes);
            if (flexible)
            {
                var tags = 0u;
                if (version >= 17 && ReplicaDirectoryId != Guid.Empty)
                    tags++;
                if (version >= 18 && HighWatermark != long.MaxValue)
                    tags++;
                writer.WriteUVarint(tags);
                if (version >= 17 && ReplicaDirectoryId != Guid.Empty)
                {
                    writer.WriteTag(0, size: 16);
                    writer.WriteUuid(ReplicaDirectoryId);
                }
                if (version >= 18 && HighWatermark != long.MaxValue)
                {
                    writer.WriteTag(1, size: 8);
                    writer.WriteInt64(HighWatermark);
                }
            }
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 12;
            Partition = reader.ReadInt32();
            if (version >= 9)
                CurrentLeaderEpoch = reader.ReadInt32();
            FetchOffset = reader.ReadInt64();
            if (version >= 12)
                LastFetchedEpoch = reader.ReadInt32();
            if (version >= 5)
                LogStartOffset = reader.ReadInt64();
            PartitionMaxBytes = reader.ReadInt32();
            if (flexible)
            {
                for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
                {
                    switch (reader.ReadTag(out var end))
                    {
                        case 0 when version >= 17:
                        {
                            ReplicaDirectoryId = reader.ReadUuid();
                            reader.EndTag(end);
                            break;
                        }
                        case 1 when version >= 18:
                        {
                            HighWatermark = reader.ReadInt64();
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

    /// <summary>One of <see cref="FetchRequest.ForgottenTopicsData"/>.</summary>
    public sealed class ForgottenTopic
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 12; left out without an error in the others.</remarks>
        public string Topic { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 13; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The numbers of the partitions.</summary>
        public List<int> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 12;
            if (version <= 12)
                writer.WriteString(Topic, flexible);
            if (version >= 13)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                writer.WriteInt32(item);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 12;
            if (version <= 12)
                Topic = reader.ReadString(flexible);
            if (version >= 13)
                TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(4, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
                Partitions.Add(reader.ReadInt32());
            if (flexible)
                reader.SkipTags();
        }
    }
}

/// <summary>Record batches, as they lie in the log. The first may begin below the offset asked for, the last may be cut
/// off.</summary>
public sealed class FetchResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    /// <remarks>Since version 7; left out without an error in the others.</remarks>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The fetch session (KIP-227), or 0 if there is none.</summary>
    /// <remarks>Since version 7.</remarks>
    public int SessionId { get; set; }

    /// <summary>The data of each topic.</summary>
    public List<FetchableTopicResponse> Responses { get; set; } = [];

    /// <summary>Where the leaders named in this answer can be reached (KIP-951).</summary>
    /// <remarks>Since version 16.</remarks>
    public List<NodeEndpoint> NodeEndpoints { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(FetchResponse), version, 4, 18);
        var flexible = version >= 12;
        writer.WriteInt32(ThrottleTimeMs);
        if (version >= 7)
            writer.WriteErrorCode(ErrorCode);
        if (version >= 7)
            writer.WriteInt32(SessionId);
        else if (SessionId != 0)
            throw MessageChecks.NotInVersion("FetchResponse.SessionId", version);
        writer.WriteArrayLength(Responses.Count, flexible);
        foreach (var item in Responses)
            item.Write(writer, version);
        if (version < 16 && NodeEndpoints.Count != 0)
            throw MessageChecks.NotInVersion("FetchResponse.NodeEndpoints", version);
        if (flexible)
        {
            var tags = 0u;
            if (version >= 16 && NodeEndpoints.Count != 0)
                tags++;
            writer.WriteUVarint(tags);
            if (version >= 16 && NodeEndpoints.Count != 0)
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
        if (!MessageChecks.CanRead(ref reader, nameof(FetchResponse), version, 4, 18))
            return;
        var flexible = version >= 12;
        ThrottleTimeMs = reader.ReadInt32();
        if (version >= 7)
            ErrorCode = reader.ReadErrorCode();
        if (version >= 7)
            SessionId = reader.ReadInt32();
        var responsesCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
        Responses.EnsureCapacity(responsesCount);
        for (; responsesCount > 0 && !reader.IsBad; responsesCount--)
        {
            var item = new FetchableTopicResponse();
            item.Read(ref reader, version);
            Responses.Add(item);
        }
        if (flexible)
        {
            for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
            {
                switch (reader.ReadTag(out var end))
                {
                    case 0 when version >= 16:
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

    /// <summary>One of <see cref="FetchResponse.Responses"/>.</summary>
    public sealed class FetchableTopicResponse
    {
        /// <summary>The topic's name.</summary>
        /// <remarks>Up to version 12; left out without an error in the others.</remarks>
        public string Topic { get; set; } = "";

        /// <summary>The topic's id.</summary>
        /// <remarks>Since version 13; left out without an error in the others.</remarks>
        public Guid TopicId { get; set; }

        /// <summary>The partitions.</summary>
        public List<PartitionData> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 12;
            if (version <= 12)
                writer.WriteString(Topic, flexible);
            if (version >= 13)
                writer.WriteUuid(TopicId);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 12;
            if (version <= 12)
                Topic = reader.ReadString(flexible);
            if (version >= 13)
                TopicId = reader.ReadUuid();
            var partitionsCount = reader.ReadArrayLength(flexible ? 37 : 30, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
            {
                var item = new PartitionData();
                item.Read(ref reader, version);
                Partitions.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="FetchableTopicResponse.Partitions"/>.</summary>
    public sealed class PartitionData
    {
        EpochEndOffset? _divergingEpoch;
        LeaderIdAndEpoch? _currentLeader;
        SnapshotId? _snapshotId;

        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>The offset after the last record that every replica in sync has: nobody reads past it.</summary>
        public long HighWatermark { get; set; }

        /// <summary>The offset before which every transaction is decided: read-committed readers stop there. -1 if
        /// unknown.</summary>
        public long LastStableOffset { get; set; } = -1;

        /// <summary>The first offset that the partition still has, or -1 if unknown.</summary>
        /// <remarks>Since version 5; left out without an error in the others.</remarks>
        public long LogStartOffset { get; set; } = -1;

        /// <summary>Where the reader's log and the leader's part, if the last fetched epoch shows that they
        /// do.</summary>
        /// <remarks>Since version 12.</remarks>
        public EpochEndOffset DivergingEpoch
        {
            get => _divergingEpoch ??= new();
            set => _divergingEpoch = value;
        }

        /// <summary>Who leads the partition now, sent along with an error about leadership (KIP-595,
        /// KIP-951).</summary>
        /// <remarks>Since version 12.</remarks>
        public LeaderIdAndEpoch CurrentLeader
        {
            get => _currentLeader ??= new();
            set => _currentLeader = value;
        }

        /// <summary>The snapshot to fetch first, if the offset asked for lies before the log (KIP-630).</summary>
        /// <remarks>Since version 12.</remarks>
        public SnapshotId SnapshotId
        {
            get => _snapshotId ??= new();
            set => _snapshotId = value;
        }

        /// <summary>Transactions that were aborted and have records in this answer: a read-committed reader skips them.
        /// Null when the reader asked for uncommitted records too.</summary>
        public List<AbortedTransaction>? AbortedTransactions { get; set; } = [];

        /// <summary>The broker to read from instead (KIP-392), or -1 for the leader.</summary>
        /// <remarks>Since version 11.</remarks>
        public int PreferredReadReplica { get; set; } = -1;

        /// <summary>Record batches, borrowed. Write empty rather than null: librdkafka fails on null.</summary>
        public ReadOnlyMemory<byte>? Records { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 12;
            writer.WriteInt32(PartitionIndex);
            writer.WriteErrorCode(ErrorCode);
            writer.WriteInt64(HighWatermark);
            writer.WriteInt64(LastStableOffset);
            if (version >= 5)
                writer.WriteInt64(LogStartOffset);
            if (version < 12 && _divergingEpoch?.IsDefault() == false)
                throw MessageChecks.NotInVersion("FetchResponse.PartitionData.DivergingEpoch", version);
            if (version < 12 && _currentLeader?.IsDefault() == false)
                throw MessageChecks.NotInVersion("FetchResponse.PartitionData.CurrentLeader", version);
            if (version < 12 && _snapshotId?.IsDefault() == false)
                throw MessageChecks.NotInVersion("FetchResponse.PartitionData.SnapshotId", version);
            writer.WriteArrayLength(AbortedTransactions?.Count ?? -1, flexible);
            if (AbortedTransactions is not null)
            {
                foreach (var item in AbortedTransactions)
                    item.Write(writer, version);
            }
            if (version >= 11)
                writer.WriteInt32(PreferredReadReplica);
            else if (PreferredReadReplica != -1)
                throw MessageChecks.NotInVersion("FetchResponse.PartitionData.PreferredReadReplica", version);
            writer.WriteNullableBytes(Records, flexible);
            if (flexible)
            {
                var tags = 0u;
                if (_divergingEpoch?.IsDefault() == false)
                    tags++;
                if (_currentLeader?.IsDefault() == false)
                    tags++;
                if (_snapshotId?.IsDefault() == false)
                    tags++;
                writer.WriteUVarint(tags);
                if (_divergingEpoch?.IsDefault() == false)
                {
                    writer.WriteTag(0, size: 13);
                    DivergingEpoch.Write(writer, version);
                }
                if (_currentLeader?.IsDefault() == false)
                {
                    writer.WriteTag(1, size: 9);
                    CurrentLeader.Write(writer, version);
                }
                if (_snapshotId?.IsDefault() == false)
                {
                    writer.WriteTag(2, size: 13);
                    SnapshotId.Write(writer, version);
                }
            }
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 12;
            PartitionIndex = reader.ReadInt32();
            ErrorCode = reader.ReadErrorCode();
            HighWatermark = reader.ReadInt64();
            LastStableOffset = reader.ReadInt64();
            if (version >= 5)
                LogStartOffset = reader.ReadInt64();
            var abortedTransactionsCount = reader.ReadNullableArrayLength(flexible ? 17 : 16, flexible);
            if (abortedTransactionsCount < 0)
                AbortedTransactions = null;
            else
                (AbortedTransactions ??= []).EnsureCapacity(abortedTransactionsCount);
            for (; abortedTransactionsCount > 0 && !reader.IsBad; abortedTransactionsCount--)
            {
                var item = new AbortedTransaction();
                item.Read(ref reader, version);
                AbortedTransactions!.Add(item);
            }
            if (version >= 11)
                PreferredReadReplica = reader.ReadInt32();
            Records = reader.ReadNullableBytes(flexible);
            if (flexible)
            {
                for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)
                {
                    switch (reader.ReadTag(out var end))
                    {
                        case 0:
                        {
                            DivergingEpoch.Read(ref reader, version);
                            reader.EndTag(end);
                            break;
                        }
                        case 1:
                        {
                            CurrentLeader.Read(ref reader, version);
                            reader.EndTag(end);
                            break;
                        }
                        case 2:
                        {
                            SnapshotId.Read(ref reader, version);
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

    /// <summary>The type of <see cref="PartitionData.DivergingEpoch"/>.</summary>
    public sealed class EpochEndOffset
    {
        /// <summary>The largest epoch that both have.</summary>
        public int Epoch { get; set; } = -1;

        /// <summary>The offset after the last record of the epoch.</summary>
        public long EndOffset { get; set; } = -1;

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt32(Epoch);
            writer.WriteInt64(EndOffset);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            Epoch = reader.ReadInt32();
            EndOffset = reader.ReadInt64();
            reader.SkipTags();
        }

        internal bool IsDefault() => !(Epoch != -1 || EndOffset != -1);
    }

    /// <summary>The type of <see cref="PartitionData.CurrentLeader"/>.</summary>
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

    /// <summary>The type of <see cref="PartitionData.SnapshotId"/>.</summary>
    public sealed class SnapshotId
    {
        /// <summary>The offset after the last record in the snapshot.</summary>
        public long EndOffset { get; set; } = -1;

        /// <summary>The epoch of the last record in the snapshot.</summary>
        public int Epoch { get; set; } = -1;

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteInt64(EndOffset);
            writer.WriteInt32(Epoch);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            EndOffset = reader.ReadInt64();
            Epoch = reader.ReadInt32();
            reader.SkipTags();
        }

        internal bool IsDefault() => !(EndOffset != -1 || Epoch != -1);
    }

    /// <summary>One of <see cref="PartitionData.AbortedTransactions"/>.</summary>
    public sealed class AbortedTransaction
    {
        /// <summary>The producer whose transaction it was.</summary>
        public long ProducerId { get; set; }

        /// <summary>The offset of the first record of the transaction.</summary>
        public long FirstOffset { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 12;
            writer.WriteInt64(ProducerId);
            writer.WriteInt64(FirstOffset);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 12;
            ProducerId = reader.ReadInt64();
            FirstOffset = reader.ReadInt64();
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="FetchResponse.NodeEndpoints"/>.</summary>
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
