// Made from 22_InitProducerId.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Asks for a producer id and epoch; with a transactional id, fences the producers before and ends what they
/// left open.</summary>
public sealed class InitProducerIdRequest : IRequest<InitProducerIdResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.InitProducerId;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 5;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 2;

    /// <summary>The transactional id, or null for a producer without transactions.</summary>
    public string? TransactionalId { get; set; } = "";

    /// <summary>After how long the coordinator aborts a transaction that the producer left open, in
    /// milliseconds.</summary>
    public int TransactionTimeoutMs { get; set; }

    /// <summary>The id that the producer has, if it asks for the next epoch (KIP-360), or -1.</summary>
    /// <remarks>Since version 3.</remarks>
    public long ProducerId { get; set; } = -1;

    /// <summary>The epoch that the producer has, if it asks for the next one (KIP-360), or -1.</summary>
    /// <remarks>Since version 3.</remarks>
    public short ProducerEpoch { get; set; } = -1;

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(InitProducerIdRequest), version, 0, 5);
        var flexible = version >= 2;
        writer.WriteNullableString(TransactionalId, flexible);
        writer.WriteInt32(TransactionTimeoutMs);
        if (version >= 3)
            writer.WriteInt64(ProducerId);
        else if (ProducerId != -1)
            throw MessageChecks.NotInVersion("InitProducerIdRequest.ProducerId", version);
        if (version >= 3)
            writer.WriteInt16(ProducerEpoch);
        else if (ProducerEpoch != -1)
            throw MessageChecks.NotInVersion("InitProducerIdRequest.ProducerEpoch", version);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(InitProducerIdRequest), version, 0, 5))
            return;
        var flexible = version >= 2;
        TransactionalId = reader.ReadNullableString(flexible);
        TransactionTimeoutMs = reader.ReadInt32();
        if (version >= 3)
            ProducerId = reader.ReadInt64();
        if (version >= 3)
            ProducerEpoch = reader.ReadInt16();
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>The producer id and epoch.</summary>
public sealed class InitProducerIdResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The producer id.</summary>
    public long ProducerId { get; set; } = -1;

    /// <summary>The epoch of the producer id.</summary>
    public short ProducerEpoch { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(InitProducerIdResponse), version, 0, 5);
        var flexible = version >= 2;
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        writer.WriteInt64(ProducerId);
        writer.WriteInt16(ProducerEpoch);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(InitProducerIdResponse), version, 0, 5))
            return;
        var flexible = version >= 2;
        ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        ProducerId = reader.ReadInt64();
        ProducerEpoch = reader.ReadInt16();
        if (flexible)
            reader.SkipTags();
    }
}
