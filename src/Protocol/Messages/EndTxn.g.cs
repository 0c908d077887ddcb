// Made from 26_EndTxn.msg by eng/MessageGenerator. Change that file and run the generator.
#nullable enable

using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Messages;

/// <summary>Commits or aborts a transaction.</summary>
public sealed class EndTxnRequest : IRequest<EndTxnResponse>
{
    /// <inheritdoc/>
    public static ApiKey ApiKey => ApiKey.EndTxn;

    /// <inheritdoc/>
    public static short MinVersion => 0;

    /// <inheritdoc/>
    public static short MaxVersion => 5;

    /// <inheritdoc/>
    public static short FirstFlexibleVersion => 3;

    /// <summary>The transactional id.</summary>
    public string TransactionalId { get; set; } = "";

    /// <summary>The producer id.</summary>
    public long ProducerId { get; set; }

    /// <summary>The epoch of the producer id.</summary>
    public short ProducerEpoch { get; set; }

    /// <summary>True to commit, false to abort.</summary>
    public bool Committed { get; set; }

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(EndTxnRequest), version, 0, 5);
        var flexible = version >= 3;
        writer.WriteString(TransactionalId, flexible);
        writer.WriteInt64(ProducerId);
        writer.WriteInt16(ProducerEpoch);
        writer.WriteBool(Committed);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(EndTxnRequest), version, 0, 5))
            return;
        var flexible = version >= 3;
        TransactionalId = reader.ReadString(flexible);
        ProducerId = reader.ReadInt64();
        ProducerEpoch = reader.ReadInt16();
        Committed = reader.ReadBool();
        if (flexible)
            reader.SkipTags();
    }
}

/// <summary>Whether the transaction's end is decided. Since version 5 every transaction gets an epoch of its own
/// (KIP-890).</summary>
public sealed class EndTxnResponse : IMessage
{
    /// <summary>How long the client has to hold back because of a quota, in milliseconds; 0 for not at all.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or none.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The producer id for the next transaction, or -1 on an error.</summary>
    /// <remarks>Since version 5; left out without an error in the others.</remarks>
    public long ProducerId { get; set; } = -1;

    /// <summary>The epoch for the next transaction, or -1 on an error.</summary>
    /// <remarks>Since version 5; left out without an error in the others.</remarks>
    public short ProducerEpoch { get; set; } = -1;

    /// <inheritdoc/>
    public void Write(WireWriter writer, short version)
    {
        MessageChecks.CanWrite(nameof(EndTxnResponse), version, 0, 5);
        var flexible = version >= 3;
        writer.WriteInt32(ThrottleTimeMs);
        writer.WriteErrorCode(ErrorCode);
        if (version >= 5)
            writer.WriteInt64(ProducerId);
        if (version >= 5)
            writer.WriteInt16(ProducerEpoch);
        if (flexible)
            writer.WriteByte(0);   // no tagged fields
    }

    /// <inheritdoc/>
    public void Read(ref WireReader reader, short version)
    {
        if (!MessageChecks.CanRead(ref reader, nameof(EndTxnResponse), version, 0, 5))
            return;
        var flexible = version >= 3;
        ThrottleTimeMs = reader.ReadInt32();
        ErrorCode = reader.ReadErrorCode();
        if (version >= 5)
            ProducerId = reader.ReadInt64();
        if (version >= 5)
            ProducerEpoch = reader.ReadInt16();
        if (flexible)
            reader.SkipTags();
    }
}
