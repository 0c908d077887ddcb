namespace Millrace.Protocol.Records;

/// <summary>What is wrong with a batch. <see cref="BatchFaults.Text"/> says it in words.</summary>
public enum BatchFault
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Fewer bytes than the fixed part.</summary>
    TooShort,

    /// <summary>The length field does not match the number of bytes, or cannot be right.</summary>
    SizeMismatch,

    /// <summary>Format 0 or 1, which brokers dropped in 4.0, or a number that nobody defined.</summary>
    UnsupportedMagic,

    /// <summary>The checksum does not match.</summary>
    BadCrc,

    /// <summary>The attributes name a compression that does not exist.</summary>
    UnknownCompression,

    /// <summary>The record count is negative, or more than the offsets that the batch covers.</summary>
    BadRecordCount,

    /// <summary>The last offset delta is negative.</summary>
    BadOffsetDelta,

    /// <summary>Producer id, epoch and sequence do not go together.</summary>
    BadProducerFields,

    /// <summary>A producer may only send batches with at least one record, numbered without gaps.</summary>
    NotNumberedByProducer,

    /// <summary>A producer may not send control batches.</summary>
    ControlFromProducer,

    /// <summary>The record section does not parse, or its records do not match the batch's counts.</summary>
    BadRecords,
}

/// <summary>Words for <see cref="BatchFault"/>.</summary>
public static class BatchFaults
{
    /// <summary>One clause, without a full stop, fit for an error message.</summary>
    public static string Text(this BatchFault fault) => fault switch
    {
        BatchFault.None => "the batch is sound",
        BatchFault.TooShort => "the batch is shorter than its 61-byte header",
        BatchFault.SizeMismatch => "the batch's length field does not match its bytes",
        BatchFault.UnsupportedMagic => "the batch's format is not 2; formats 0 and 1 are not supported",
        BatchFault.BadCrc => "the batch's CRC-32C does not match its bytes",
        BatchFault.UnknownCompression => "the batch names an unknown compression",
        BatchFault.BadRecordCount => "the batch's record count is impossible",
        BatchFault.BadOffsetDelta => "the batch's last offset delta is negative",
        BatchFault.BadProducerFields => "the batch's producer id, epoch and sequence do not go together",
        BatchFault.NotNumberedByProducer => "a produced batch must have records, numbered from 0 without gaps",
        BatchFault.ControlFromProducer => "a producer may not send a control batch",
        BatchFault.BadRecords => "the batch's records do not parse or do not match its counts",
        _ => "the batch is damaged",
    };
}
