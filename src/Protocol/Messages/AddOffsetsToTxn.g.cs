// Made from 25_AddOffsetsToTxn.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Puts the committed offsets of a group into a transaction, before TxnOffsetCommit.</summary>
public sealed class AddOffsetsToTxnRequest : IRequest<AddOffsetsToTxnResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.AddOffsetsToTxn;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 4;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 3;

    /// <summary>The transactional id.</summary>
    public string TransactionalId { get; set; } = "";

    /// <summary>The producer id.</summary>
    public long ProducerId { get; set; }

    /// <summary>The epoch of the producer id.</summary>
    public short ProducerEpoch { get; set; }

    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(AddOffsetsToTxnRequest), version, 0, 4);
        var flexible = version >= 3;
        writer.WriteString(TransactionalId, flexible);
        writer.WriteInt64(ProducerId);
        writer.WriteInt16(ProducerEpoch);
        writer.WriteString(GroupId, flexible);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(AddOffsetsToTxnRequest), version, 0, 4))
            return;
        var flexible = version >= 3;
        TransactionalId = reader.ReadString(flexible);
        ProducerId = reader.ReadInt64();
        ProducerEpoch = reader.ReadInt16();
        GroupId = reader.ReadString(flexible);
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>Whether the group's offsets are in the transaction.</summary>
public sealed class AddOffsetsToTxnResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(AddOffsetsToTxnResponse), version, 0, 4);
        var flexible = version >= 3;
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(AddOffsetsToTxnResponse), version, 0, 4))
            return;
        var flexible = version >= 3;
        ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        if (flexible)
            reader.SkipTags();
    }
}
