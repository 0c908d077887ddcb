using System.Buffers.Binary;

namespace Millrace.Protocol.Records;

/// <summary>What a control record says. Unknown numbers are possible and are skipped by readers.</summary>
public enum ControlRecordType : short
{
    /// <summary>The transaction was aborted.</summary>
    Abort = 0,

    /// <summary>The transaction was committed.</summary>
    Commit = 1,
}

// The only record of a control batch:
//
//   key:   | version int16 = 0 | type int16 |
//   value: | version int16 = 0 | coordinator epoch int32 |       (abort and commit)

/// <summary>The batches that end a transaction in a partition (KIP-98).</summary>
public static class ControlBatch
{
    /// <summary>Size in bytes of the batch that <see cref="WriteEndTransaction"/> writes.</summary>
    public const int EndTransactionSize = RecordBatchHeader.Size + 17;

    /// <summary>Writes a whole abort or commit batch, checksum included; base offset 0, leader epoch -1.</summary>
    /// <param name="destination">At least <see cref="EndTransactionSize"/> bytes.</param>
    /// <param name="type">Abort or commit.</param>
    /// <param name="producerId">The transaction's producer.</param>
    /// <param name="producerEpoch">Its epoch.</param>
    /// <param name="coordinatorEpoch">Epoch of the transaction coordinator that decided.</param>
    /// <param name="timestampMs">Milliseconds since 1970 UTC.</param>
    /// <returns>The size written.</returns>
    public static int WriteEndTransaction(
        Span<byte> destination,
        ControlRecordType type,
        long producerId,
        short producerEpoch,
        int coordinatorEpoch,
        long timestampMs)
    {
        var batch = destination[..EndTransactionSize];
        batch.Clear();

        var record = batch[RecordBatchHeader.Size..];
        record[0] = 16 << 1;    // length, zig-zag
        record[4] = 4 << 1;     // key length; attributes and both deltas before it are 0
        BinaryPrimitives.WriteInt16BigEndian(record[7..], (short)type);
        record[9] = 6 << 1;     // value length
        BinaryPrimitives.WriteInt32BigEndian(record[12..], coordinatorEpoch);

        const short attributes = RecordBatchHeader.ControlBit | RecordBatchHeader.TransactionalBit;
        RecordBatchBuilder.WriteHeader(
            batch, attributes, 0, timestampMs, timestampMs, producerId, producerEpoch, -1, 1);
        return EndTransactionSize;
    }

    /// <summary>Reads the type from a control record's key. False if the key is too short to hold one.</summary>
    public static bool TryReadType(ReadOnlySpan<byte> key, out ControlRecordType type)
    {
        type = key.Length >= 4 ? (ControlRecordType)BinaryPrimitives.ReadInt16BigEndian(key[2..]) : default;
        return key.Length >= 4;
    }

    /// <summary>Reads the coordinator's epoch from an abort or commit record's value. False if the value is too
    /// short.</summary>
    public static bool TryReadCoordinatorEpoch(ReadOnlySpan<byte> value, out int coordinatorEpoch)
    {
        coordinatorEpoch = value.Length >= 6 ? BinaryPrimitives.ReadInt32BigEndian(value[2..]) : 0;
        return value.Length >= 6;
    }
}
