using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Millrace.Protocol.Records;

// One batch, format 2 ("magic 2", KIP-98). All numbers are big-endian.
//
//   byte  0         8          12            16      17      21           23
//        +---------+----------+-------------+-------+-------+------------+-------------------+
//        | base    | length   | partition   | magic | crc   | attributes | last offset delta |
//        | offset  | of rest  | leader epoch| = 2   | 32C   |            |                   |
//        | int64   | int32    | int32       | int8  | uint32| int16      | int32             |
//        +---------+----------+-------------+-------+-------+------------+-------------------+
//   byte 27               35              43            51         53         57        61
//        +----------------+---------------+-------------+----------+----------+---------+---------
//        | base timestamp | max timestamp | producer id | producer | base     | record  | records
//        | (or delete     |               |             | epoch    | sequence | count   | (maybe
//        | horizon) int64 | int64         | int64       | int16    | int32    | int32   | compressed)
//        +----------------+---------------+-------------+----------+----------+---------+---------
//
// The checksum covers everything from the attributes to the end. Base offset, length and leader epoch are outside it,
// so a broker assigns offsets without touching the rest.
//
//   attributes: bits 0-2 compression, 3 timestamp type (1 = log append), 4 transactional, 5 control, 6 delete horizon

/// <summary>The fixed part of a record batch, read from its bytes; static methods patch the bytes in place.</summary>
public readonly struct RecordBatchHeader
{
    /// <summary>Size of the fixed part, in bytes.</summary>
    public const int Size = 61;

    /// <summary>Bytes in front of what the length field counts.</summary>
    public const int LengthOverhead = 12;

    /// <summary>The only magic number that this package reads and writes.</summary>
    public const sbyte CurrentMagic = 2;

    internal const int LengthAt = 8;
    internal const int LeaderEpochAt = 12;
    internal const int MagicAt = 16;
    internal const int CrcAt = 17;
    internal const int AttributesAt = 21;
    internal const int LastOffsetDeltaAt = 23;
    internal const int BaseTimestampAt = 27;
    internal const int MaxTimestampAt = 35;
    internal const int ProducerIdAt = 43;
    internal const int ProducerEpochAt = 51;
    internal const int BaseSequenceAt = 53;
    internal const int RecordCountAt = 57;

    internal const short CompressionMask = 0x07;
    internal const short LogAppendTimeBit = 0x08;
    internal const short TransactionalBit = 0x10;
    internal const short ControlBit = 0x20;
    internal const short DeleteHorizonBit = 0x40;

    RecordBatchHeader(ReadOnlySpan<byte> bytes)
    {
        BaseOffset = BinaryPrimitives.ReadInt64BigEndian(bytes);
        BatchLength = BinaryPrimitives.ReadInt32BigEndian(bytes[LengthAt..]);
        PartitionLeaderEpoch = BinaryPrimitives.ReadInt32BigEndian(bytes[LeaderEpochAt..]);
        Magic = (sbyte)bytes[MagicAt];
        Crc = BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]);
        Attributes = BinaryPrimitives.ReadInt16BigEndian(bytes[AttributesAt..]);
        LastOffsetDelta = BinaryPrimitives.ReadInt32BigEndian(bytes[LastOffsetDeltaAt..]);
        BaseTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[BaseTimestampAt..]);
        MaxTimestamp = BinaryPrimitives.ReadInt64BigEndian(bytes[MaxTimestampAt..]);
        ProducerId = BinaryPrimitives.ReadInt64BigEndian(bytes[ProducerIdAt..]);
        ProducerEpoch = BinaryPrimitives.ReadInt16BigEndian(bytes[ProducerEpochAt..]);
        BaseSequence = BinaryPrimitives.ReadInt32BigEndian(bytes[BaseSequenceAt..]);
        RecordCount = BinaryPrimitives.ReadInt32BigEndian(bytes[RecordCountAt..]);
    }

    /// <summary>Offset of the batch; a record's is this plus its delta.</summary>
    public long BaseOffset { get; }

    /// <summary>The length field as it stands: bytes after the first 12. Not checked.</summary>
    public int BatchLength { get; }

    /// <summary>Epoch of the leader that appended the batch; -1 from a producer.</summary>
    public int PartitionLeaderEpoch { get; }

    /// <summary>The format's number; only 2 is understood.</summary>
    public sbyte Magic { get; }

    /// <summary>CRC-32C of everything from the attributes to the end, as it stands. Not checked.</summary>
    public uint Crc { get; }

    /// <summary>The attribute bits.</summary>
    public short Attributes { get; }

    /// <summary>Delta of the last offset that the batch covers. Compaction may have removed that record.</summary>
    public int LastOffsetDelta { get; }

    /// <summary>What the records' timestamp deltas count from, in milliseconds since 1970 UTC. With
    /// <see cref="HasDeleteHorizon"/> it is also the time after which tombstones may go.</summary>
    public long BaseTimestamp { get; }

    /// <summary>The greatest timestamp of the batch, or the append time; -1 if it has no records.</summary>
    public long MaxTimestamp { get; }

    /// <summary>The idempotent producer's id, or -1.</summary>
    public long ProducerId { get; }

    /// <summary>The idempotent producer's epoch, or -1.</summary>
    public short ProducerEpoch { get; }

    /// <summary>Sequence number of the first record, or -1.</summary>
    public int BaseSequence { get; }

    /// <summary>How many records the batch holds now; 0 is possible after compaction.</summary>
    public int RecordCount { get; }

    /// <summary>Size of the whole batch in bytes, as its length field claims; saturates instead of overflowing.
    /// Trust it only after <see cref="RecordBatch.Validate"/> or from a <see cref="BatchReader"/>.</summary>
    public int TotalSize => (int)Math.Min(int.MaxValue, (long)BatchLength + LengthOverhead);

    /// <summary>The last offset that the batch covers.</summary>
    public long LastOffset => BaseOffset + LastOffsetDelta;

    /// <summary>Where reading goes on after this batch: never count records, compaction removes some.</summary>
    public long NextOffset => BaseOffset + LastOffsetDelta + 1;

    /// <summary>Sequence number of the last record, wrapped from <see cref="int.MaxValue"/> to 0; -1 without a producer
    /// id.</summary>
    public int LastSequence => BaseSequence < 0 ? -1 : AddToSequence(BaseSequence, LastOffsetDelta);

    /// <summary>How the records are compressed. A number above <see cref="CompressionType.Zstd"/> is possible in bad
    /// input.</summary>
    public CompressionType Compression => (CompressionType)(Attributes & CompressionMask);

    /// <summary>Who set the timestamps.</summary>
    public TimestampType TimestampType =>
        (Attributes & LogAppendTimeBit) != 0 ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>The batch belongs to a transaction.</summary>
    public bool IsTransactional => (Attributes & TransactionalBit) != 0;

    /// <summary>The batch holds a marker for brokers and clients, not records of a user.</summary>
    public bool IsControl => (Attributes & ControlBit) != 0;

    /// <summary><see cref="BaseTimestamp"/> is a delete horizon (KIP-534).</summary>
    public bool HasDeleteHorizon => (Attributes & DeleteHorizonBit) != 0;

    /// <summary>An idempotent producer wrote the batch.</summary>
    public bool HasProducer => ProducerId >= 0;

    /// <summary>Reads the fixed part. False if there are fewer than <see cref="Size"/> bytes; nothing else is
    /// checked.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RecordBatchHeader header)
    {
        if (bytes.Length < Size)
        {
            header = default;
            return false;
        }

        header = new RecordBatchHeader(bytes[..Size]);
        return true;
    }

    /// <summary>The timestamp of one record, in milliseconds since 1970 UTC: the batch's with log append time, else
    /// base plus delta.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long TimestampOf(in RecordView record) =>
        (Attributes & LogAppendTimeBit) != 0 ? MaxTimestamp : BaseTimestamp + record.TimestampDelta;

    /// <summary>The offset of one record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long OffsetOf(in RecordView record) => BaseOffset + record.OffsetDelta;

    /// <summary>A sequence number plus a count: 31 bits, from <see cref="int.MaxValue"/> on to 0.</summary>
    public static int AddToSequence(int sequence, int count) => (sequence + count) & int.MaxValue;

    /// <summary>Sets the base offset. The checksum does not cover it.</summary>
    public static void PatchBaseOffset(Span<byte> batch, long baseOffset) =>
        BinaryPrimitives.WriteInt64BigEndian(batch, baseOffset);

    /// <summary>Sets the leader epoch. The checksum does not cover it.</summary>
    public static void PatchLeaderEpoch(Span<byte> batch, int leaderEpoch) =>
        BinaryPrimitives.WriteInt32BigEndian(batch[LeaderEpochAt..], leaderEpoch);

    /// <summary>Sets the greatest timestamp and who set it; computes the checksum again if that changed
    /// anything.</summary>
    public static void PatchMaxTimestampAndType(Span<byte> batch, long maxTimestamp, TimestampType type)
    {
        var old = BinaryPrimitives.ReadInt16BigEndian(batch[AttributesAt..]);
        var now = (short)(type == TimestampType.LogAppendTime ? old | LogAppendTimeBit : old & ~LogAppendTimeBit);
        if (now == old && BinaryPrimitives.ReadInt64BigEndian(batch[MaxTimestampAt..]) == maxTimestamp)
        {
            return;
        }

        BinaryPrimitives.WriteInt16BigEndian(batch[AttributesAt..], now);
        BinaryPrimitives.WriteInt64BigEndian(batch[MaxTimestampAt..], maxTimestamp);
        PatchCrc(batch);
    }

    /// <summary>Sets producer id, epoch and base sequence, and computes the checksum again.</summary>
    public static void PatchProducer(Span<byte> batch, long producerId, short producerEpoch, int baseSequence)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[ProducerIdAt..], producerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[ProducerEpochAt..], producerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[BaseSequenceAt..], baseSequence);
        PatchCrc(batch);
    }

    /// <summary>Sets the last offset delta, which a batch keeps when compaction removes its last record, and computes
    /// the checksum again.</summary>
    public static void PatchLastOffsetDelta(Span<byte> batch, int lastOffsetDelta)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch[LastOffsetDeltaAt..], lastOffsetDelta);
        PatchCrc(batch);
    }

    /// <summary>Computes the checksum of a whole batch and stores it.</summary>
    /// <param name="batch">Exactly one batch.</param>
    public static void PatchCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(batch[CrcAt..], Crc32C.Compute(batch[AttributesAt..]));
}
