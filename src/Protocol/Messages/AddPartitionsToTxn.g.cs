// Made from 24_AddPartitionsToTxn.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Puts partitions into a transaction before records are written to them. Clients use versions up to 3;
/// brokers batch with the later ones (KIP-890), and since Produce 12 a client need not ask at all.</summary>
public sealed class AddPartitionsToTxnRequest : IRequest<AddPartitionsToTxnResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.AddPartitionsToTxn;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 5;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 3;

    /// <summary>The transactions to put partitions into.</summary>
    /// <remarks>Since version 4.</remarks>
    public List<AddPartitionsToTxnTransaction> Transactions { get; set; } = [];

    /// <summary>The transactional id.</summary>
    /// <remarks>Up to version 3.</remarks>
    public string V3AndBelowTransactionalId { get; set; } = "";

    /// <summary>The producer id.</summary>
    /// <remarks>Up to version 3.</remarks>
    public long V3AndBelowProducerId { get; set; }

    /// <summary>The epoch of the producer id.</summary>
    /// <remarks>Up to version 3.</remarks>
    public short V3AndBelowProducerEpoch { get; set; }

    /// <summary>The partitions, by topic.</summary>
    /// <remarks>Up to version 3.</remarks>
    public List<AddPartitionsToTxnTopic> V3AndBelowTopics { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(AddPartitionsToTxnRequest), version, 0, 5);
        var flexible = version >= 3;
        if (version >= 4)
        {
            writer.WriteArrayLength(Transactions.Count, compact: true);
            foreach (var item in Transactions)
                item.Write(writer, version);
        }
        else if (Transactions.Count != 0)
            throw MessageChecks.NotInVersion("AddPartitionsToTxnRequest.Transactions", version);
        if (version <= 3)
            writer.WriteString(V3AndBelowTransactionalId, flexible);
        else if (V3AndBelowTransactionalId != "")
            throw MessageChecks.NotInVersion("AddPartitionsToTxnRequest.V3AndBelowTransactionalId", version);
        if (version <= 3)
            writer.WriteInt64(V3AndBelowProducerId);
        else if (V3AndBelowProducerId != 0)
            throw MessageChecks.NotInVersion("AddPartitionsToTxnRequest.V3AndBelowProducerId", version);
        if (version <= 3)
            writer.WriteInt16(V3AndBelowProducerEpoch);
        else if (V3AndBelowProducerEpoch != 0)
            throw MessageChecks.NotInVersion("AddPartitionsToTxnRequest.V3AndBelowProducerEpoch", version);
        if (version <= 3)
        {
            writer.WriteArrayLength(V3AndBelowTopics.Count, flexible);
            foreach (var item in V3AndBelowTopics)
                item.Write(writer, version);
        }
        else if (V3AndBelowTopics.Count != 0)
            throw MessageChecks.NotInVersion("AddPartitionsToTxnRequest.V3AndBelowTopics", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(AddPartitionsToTxnRequest), version, 0, 5))
            return;
        var flexible = version >= 3;
        if (version >= 4)
        {
            var transactionsCount = reader.ReadArrayLength(14, compact: true);
            Transactions.EnsureCapacity(transactionsCount);
            for (; transactionsCount > 0 && !reader.IsBad; transactionsCount--)
            {
                var item = new AddPartitionsToTxnTransaction();
                item.Read(ref reader, version);
                Transactions.Add(item);
            }
        }
        if (version <= 3)
            V3AndBelowTransactionalId = reader.ReadString(flexible);
        if (version <= 3)
            V3AndBelowProducerId = reader.ReadInt64();
        if (version <= 3)
            V3AndBelowProducerEpoch = reader.ReadInt16();
        if (version <= 3)
        {
            var v3AndBelowTopicsCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
            V3AndBelowTopics.EnsureCapacity(v3AndBelowTopicsCount);
            for (; v3AndBelowTopicsCount > 0 && !reader.IsBad; v3AndBelowTopicsCount--)
            {
                var item = new AddPartitionsToTxnTopic();
                item.Read(ref reader, version);
                V3AndBelowTopics.Add(item);
            }
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>The partitions of one topic.</summary>
    public sealed class AddPartitionsToTxnTopic
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The numbers of the partitions.</summary>
        public List<int> Partitions { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteString(Name, flexible);
            writer.WriteArrayLength(Partitions.Count, flexible);
            foreach (var item in Partitions)
                writer.WriteInt32(item);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            Name = reader.ReadString(flexible);
            var partitionsCount = reader.ReadArrayLength(4, flexible);
            Partitions.EnsureCapacity(partitionsCount);
            for (; partitionsCount > 0 && !reader.IsBad; partitionsCount--)
                Partitions.Add(reader.ReadInt32());
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="AddPartitionsToTxnRequest.Transactions"/>.</summary>
    public sealed class AddPartitionsToTxnTransaction
    {
        /// <summary>The transactional id.</summary>
        public string TransactionalId { get; set; } = "";

        /// <summary>The producer id.</summary>
        public long ProducerId { get; set; }

        /// <summary>The epoch of the producer id.</summary>
        public short ProducerEpoch { get; set; }

        /// <summary>Whether to check only that the partitions are in the transaction.</summary>
        public bool VerifyOnly { get; set; }

        /// <summary>The partitions, by topic.</summary>
        public List<AddPartitionsToTxnTopic> Topics { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(TransactionalId, compact: true);
            writer.WriteInt64(ProducerId);
            writer.WriteInt16(ProducerEpoch);
            writer.WriteBool(VerifyOnly);
            writer.WriteArrayLength(Topics.Count, compact: true);
            foreach (var item in Topics)
                item.Write(writer, version);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            TransactionalId = reader.ReadString(compact: true);
            ProducerId = reader.ReadInt64();
            ProducerEpoch = reader.ReadInt16();
            VerifyOnly = reader.ReadBool();
            var topicsCount = reader.ReadArrayLength(3, compact: true);
            Topics.EnsureCapacity(topicsCount);
            for (; topicsCount > 0 && !reader.IsBad; topicsCount--)
            {
                var item = new AddPartitionsToTxnTopic();
                item.Read(ref reader, version);
                Topics.Add(item);
            }
            reader.SkipTags();
        }
    }
}

/// <summary>Which partitions are in their transactions.</summary>
public sealed class AddPartitionsToTxnResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong with the whole request, or none.</summary>
    /// <remarks>Since version 4; left out without an error in the others.</remarks>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The outcome for each transaction.</summary>
    /// <remarks>Since version 4.</remarks>
    public List<AddPartitionsToTxnResult> ResultsByTransaction { get; set; } = [];

    /// <summary>The outcome for each topic.</summary>
    /// <remarks>Up to version 3.</remarks>
    public List<AddPartitionsToTxnTopicResult> ResultsByTopicV3AndBelow { get; set; } = [];

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(AddPartitionsToTxnResponse), version, 0, 5);
        var flexible = version >= 3;
        writer.WriteInt32(ThrottleTimeMs);
        if (version >= 4)
            writer.WriteErrorCode(ErrorCode);
        if (version >= 4)
        {
            writer.WriteArrayLength(ResultsByTransaction.Count, compact: true);
            foreach (var item in ResultsByTransaction)
                item.Write(writer, version);
        }
        else if (ResultsByTransaction.Count != 0)
            throw MessageChecks.NotInVersion("AddPartitionsToTxnResponse.ResultsByTransaction", version);
        if (version <= 3)
        {
            writer.WriteArrayLength(ResultsByTopicV3AndBelow.Count, flexible);
            foreach (var item in ResultsByTopicV3AndBelow)
                item.Write(writer, version);
        }
        else if (ResultsByTopicV3AndBelow.Count != 0)
            throw MessageChecks.NotInVersion("AddPartitionsToTxnResponse.ResultsByTopicV3AndBelow", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(AddPartitionsToTxnResponse), version, 0, 5))
            return;
        var flexible = version >= 3;
        ThrottleTimeMs = reader.ReadInt32();
        if (version >= 4)
            ErrorCode = reader.ReadErrorCode();
        if (version >= 4)
        {
            var resultsByTransactionCount = reader.ReadArrayLength(3, compact: true);
            ResultsByTransaction.EnsureCapacity(resultsByTransactionCount);
            for (; resultsByTransactionCount > 0 && !reader.IsBad; resultsByTransactionCount--)
            {
                var item = new AddPartitionsToTxnResult();
                item.Read(ref reader, version);
                ResultsByTransaction.Add(item);
            }
        }
        if (version <= 3)
        {
            var resultsByTopicV3AndBelowCount = reader.ReadArrayLength(flexible ? 3 : 6, flexible);
            ResultsByTopicV3AndBelow.EnsureCapacity(resultsByTopicV3AndBelowCount);
            for (; resultsByTopicV3AndBelowCount > 0 && !reader.IsBad; resultsByTopicV3AndBelowCount--)
            {
                var item = new AddPartitionsToTxnTopicResult();
                item.Read(ref reader, version);
                ResultsByTopicV3AndBelow.Add(item);
            }
        }
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>The outcome for the partitions of one topic.</summary>
    public sealed class AddPartitionsToTxnTopicResult
    {
        /// <summary>The topic's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The outcome for each partition.</summary>
        public List<AddPartitionsToTxnPartitionResult> ResultsByPartition { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteString(Name, flexible);
            writer.WriteArrayLength(ResultsByPartition.Count, flexible);
            foreach (var item in ResultsByPartition)
                item.Write(writer, version);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            Name = reader.ReadString(flexible);
            var resultsByPartitionCount = reader.ReadArrayLength(flexible ? 7 : 6, flexible);
            ResultsByPartition.EnsureCapacity(resultsByPartitionCount);
            for (; resultsByPartitionCount > 0 && !reader.IsBad; resultsByPartitionCount--)
            {
                var item = new AddPartitionsToTxnPartitionResult();
                item.Read(ref reader, version);
                ResultsByPartition.Add(item);
            }
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="AddPartitionsToTxnTopicResult.ResultsByPartition"/>.</summary>
    public sealed class AddPartitionsToTxnPartitionResult
    {
        /// <summary>The partition's number.</summary>
        public int PartitionIndex { get; set; }

        /// <summary>What went wrong, or none.</summary>
        public ErrorCode PartitionErrorCode { get; set; }

        internal void Write(WireWriter writer, short version)
        {
            var flexible = version >= 3;
            writer.WriteInt32(PartitionIndex);
            writer.WriteErrorCode(PartitionErrorCode);
            if (flexible)
                writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            var flexible = version >= 3;
            PartitionIndex = reader.ReadInt32();
            PartitionErrorCode = reader.ReadErrorCode();
            if (flexible)
                reader.SkipTags();
        }
    }

    /// <summary>One of <see cref="AddPartitionsToTxnResponse.ResultsByTransaction"/>.</summary>
    public sealed class AddPartitionsToTxnResult
    {
        /// <summary>The transactional id.</summary>
        public string TransactionalId { get; set; } = "";

        /// <summary>The outcome for each topic.</summary>
        public List<AddPartitionsToTxnTopicResult> TopicResults { get; set; } = [];

        internal void Write(WireWriter writer, short version)
        {
            writer.WriteString(TransactionalId, compact: true);
            writer.WriteArrayLength(TopicResults.Count, compact: true);
            foreach (var item in TopicResults)
                item.Write(writer, version);
            writer.WriteByte(0);   // no tagged fields
        }

        internal void Read(ref WireReader reader, short version)
        {
            TransactionalId = reader.ReadString(compact: true);
            var topicResultsCount = reader.ReadArrayLength(3, compact: true);
            TopicResults.EnsureCapacity(topicResultsCount);
            for (; topicResultsCount > 0 && !reader.IsBad; topicResultsCount--)
            {
                var item = new AddPartitionsToTxnTopicResult();
                item.Read(ref reader, version);
                TopicResults.Add(item);
            }
            reader.SkipTags();
        }
    }
}
