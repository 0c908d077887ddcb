using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Millrace.Protocol.Compression;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Records;

/// <summary>Encodes records once into a pooled buffer with the header's room in front, then seals them into a batch.
/// May be
/// used again after <see cref="Reset"/>. Not safe for use by several threads.</summary>
public sealed class RecordBatchBuilder : IDisposable
{
    // attributes, and the length, both deltas, key length, value length and header count at their longest
    const int FixedBound = 1 + (5 * Varint.MaxSize) + Varint.MaxLongSize;

    readonly PooledWriter _plain;
    readonly PooledWriter _compressed;
    long _baseTimestamp;
    long _maxTimestamp;
    int _lastOffsetDelta;
    PooledWriter? _sealed;

    /// <summary>Makes an empty builder; it rents from the pool when the first record comes.</summary>
    /// <param name="pool">Where buffers come from and go back to.</param>
    /// <param name="sizeLimit">Size in bytes that the uncompressed batch, header included, should not exceed. A single
    /// record may: it then makes a batch of its own.</param>
    public RecordBatchBuilder(BufferPool pool, int sizeLimit)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeLimit, RecordBatchHeader.Size);
        _plain = new PooledWriter(pool);
        _compressed = new PooledWriter(pool);
        SizeLimit = sizeLimit;
        _lastOffsetDelta = -1;
    }

    /// <summary>See the constructor. May be changed at any time.</summary>
    public int SizeLimit { get; set; }

    /// <summary>How many records were appended.</summary>
    public int Count { get; private set; }

    /// <summary>Size in bytes of the batch without compression, header included.</summary>
    public int EstimatedSize => Count == 0 ? RecordBatchHeader.Size : _plain.Length;

    /// <summary>Timestamp of the first record, in milliseconds since 1970 UTC.</summary>
    public long BaseTimestamp => _baseTimestamp;

    /// <summary>The greatest timestamp so far, -1 without records.</summary>
    public long MaxTimestamp => Count == 0 ? -1 : _maxTimestamp;

    /// <summary>The batch is sealed: no more records, only <see cref="PatchProducer"/>, <see cref="Reset"/> and
    /// disposal.</summary>
    public bool IsSealed => _sealed is not null;

    /// <summary>The sealed batch. Owned by the builder, valid until <see cref="Reset"/> or
    /// <see cref="Dispose"/>.</summary>
    /// <exception cref="InvalidOperationException">The batch is not sealed.</exception>
    public Memory<byte> SealedBatch =>
        _sealed?.WrittenMemory ?? throw new InvalidOperationException("The batch is not sealed: call Seal first.");

    /// <summary>The encoded records without compression; valid until the next append, <see cref="Reset"/> or
    /// <see cref="Dispose"/>. Lets a producer split a batch that the broker found too large.</summary>
    public ReadOnlyMemory<byte> Section => Count == 0 ? default : _plain.WrittenMemory[RecordBatchHeader.Size..];

    /// <summary>Upper bound of the bytes that a record takes in a batch.</summary>
    public static long BoundOfRecord(int keyLength, int valueLength, ReadOnlySpan<RecordHeader> headers) =>
        FixedBound + (long)keyLength + valueLength + BoundOfHeaders(headers);

    /// <summary>Appends a record behind the last one. False, and nothing happens, if it does not fit any
    /// more.</summary>
    /// <param name="timestampMs">Milliseconds since 1970 UTC.</param>
    /// <param name="key">The key; copied.</param>
    /// <param name="keyIsNull">There is no key.</param>
    /// <param name="value">The value; copied.</param>
    /// <param name="valueIsNull">There is no value (a tombstone in a compacted topic).</param>
    /// <param name="headers">The headers, in order; copied.</param>
    /// <exception cref="InvalidOperationException">The batch is sealed.</exception>
    public bool TryAppend(
        long timestampMs,
        ReadOnlySpan<byte> key,
        bool keyIsNull,
        ReadOnlySpan<byte> value,
        bool valueIsNull,
        ReadOnlySpan<RecordHeader> headers) =>
        TryAppendAt(_lastOffsetDelta + 1, timestampMs, key, keyIsNull, value, valueIsNull, headers);

    /// <summary>Appends a record at an offset of its own, as compaction does. See <see cref="TryAppend"/>.</summary>
    /// <param name="offsetDelta">Distance from the batch's base offset; must be greater than the last record's.</param>
    /// <param name="timestampMs">Milliseconds since 1970 UTC.</param>
    /// <param name="key">The key; copied.</param>
    /// <param name="keyIsNull">There is no key.</param>
    /// <param name="value">The value; copied.</param>
    /// <param name="valueIsNull">There is no value.</param>
    /// <param name="headers">The headers, in order; copied.</param>
    /// <exception cref="InvalidOperationException">The batch is sealed.</exception>
    public bool TryAppendAt(
        int offsetDelta,
        long timestampMs,
        ReadOnlySpan<byte> key,
        bool keyIsNull,
        ReadOnlySpan<byte> value,
        bool valueIsNull,
        ReadOnlySpan<RecordHeader> headers)
    {
        var timestampDelta = Begin(offsetDelta, timestampMs);
        var keySize = keyIsNull ? 0 : key.Length;
        var valueSize = valueIsNull ? 0 : value.Length;
        var fixedSize = 1 + Varint.SizeOf(timestampDelta) + Varint.SizeOf(offsetDelta)
            + Varint.SizeOf(keyIsNull ? -1 : keySize) + Varint.SizeOf(valueIsNull ? -1 : valueSize);
        var length = fixedSize + (long)keySize + valueSize + (headers.IsEmpty ? 1 : SizeOfHeaders(headers));
        if (!TryReserve(length))
        {
            return false;
        }

        // Room for exactly these bytes was reserved: the stores below stay inside it without a check each.
        ref var start = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_plain.Array), _plain.Length);
        var at = WriteFixed(ref start, (int)length, timestampDelta, offsetDelta);
        at += WriteBytes(ref Unsafe.Add(ref start, at), key, keyIsNull);
        at += WriteBytes(ref Unsafe.Add(ref start, at), value, valueIsNull);
        at += headers.IsEmpty ? Varint.Write(ref Unsafe.Add(ref start, at), 0) : WriteHeaders(at, headers);
        Commit(at, offsetDelta, timestampMs);
        return true;
    }

    /// <summary>Appends a record whose headers are encoded already, as <see cref="RecordView"/> shows them: for whoever
    /// copies records from another batch.</summary>
    /// <param name="offsetDelta">Distance from the batch's base offset; must be greater than the last record's.</param>
    /// <param name="timestampMs">Milliseconds since 1970 UTC.</param>
    /// <param name="record">The record.</param>
    /// <param name="section">The section that it was read from.</param>
    /// <exception cref="InvalidOperationException">The batch is sealed.</exception>
    public bool TryAppendCopy(int offsetDelta, long timestampMs, in RecordView record, ReadOnlySpan<byte> section)
    {
        var timestampDelta = Begin(offsetDelta, timestampMs);
        var key = record.Key(section);
        var value = record.Value(section);
        var headers = section[record.HeadersStart..record.End];
        var fixedSize = 1 + Varint.SizeOf(timestampDelta) + Varint.SizeOf(offsetDelta)
            + Varint.SizeOf(record.KeyLength) + Varint.SizeOf(record.ValueLength) + Varint.SizeOf(record.HeaderCount);
        var length = fixedSize + (long)key.Length + value.Length + headers.Length;
        if (!TryReserve(length))
        {
            return false;
        }

        ref var start = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_plain.Array), _plain.Length);
        var at = WriteFixed(ref start, (int)length, timestampDelta, offsetDelta);
        at += WriteBytes(ref Unsafe.Add(ref start, at), key, record.KeyIsNull);
        at += WriteBytes(ref Unsafe.Add(ref start, at), value, record.ValueIsNull);
        at += Varint.Write(ref Unsafe.Add(ref start, at), record.HeaderCount);
        headers.CopyTo(_plain.Array.AsSpan(_plain.Length + at));
        Commit(at + headers.Length, offsetDelta, timestampMs);
        return true;
    }

    /// <summary>Compresses, writes the header and the checksum. Base offset is 0 and leader epoch -1 until
    /// <see cref="RecordBatchHeader"/>'s patchers change them. If compression does not make the records smaller they
    /// stay as they are, and the batch says so.</summary>
    /// <param name="compression">How to compress.</param>
    /// <param name="level">The codec's level; null = its default.</param>
    /// <param name="producerId">The idempotent producer's id, or -1.</param>
    /// <param name="producerEpoch">Its epoch, or -1.</param>
    /// <param name="baseSequence">Sequence number of the first record, or -1.</param>
    /// <param name="isTransactional">The batch belongs to a transaction.</param>
    /// <returns>The batch. Owned by the builder, valid until <see cref="Reset"/> or <see cref="Dispose"/>.</returns>
    /// <exception cref="InvalidOperationException">There are no records, or the batch is sealed already.</exception>
    public Memory<byte> Seal(
        CompressionType compression = CompressionType.None,
        int? level = null,
        long producerId = -1,
        short producerEpoch = -1,
        int baseSequence = -1,
        bool isTransactional = false)
    {
        ThrowIfSealed();
        if (Count == 0)
        {
            throw new InvalidOperationException("A batch without records cannot be sealed.");
        }

        var used = CompressionType.None;
        var batch = _plain;
        if (compression != CompressionType.None)
        {
            _compressed.Truncate(0);
            _compressed.Reserve(RecordBatchHeader.Size);
            _compressed.Advance(RecordBatchHeader.Size);
            Codec.For(compression).Compress(_plain.WrittenSpan[RecordBatchHeader.Size..], _compressed, level);
            if (_compressed.Length < _plain.Length)
            {
                used = compression;
                batch = _compressed;
            }
        }

        var attributes = (short)((int)used + (isTransactional ? RecordBatchHeader.TransactionalBit : 0));
        WriteHeader(
            batch.WrittenSpan, attributes, _lastOffsetDelta, _baseTimestamp, _maxTimestamp, producerId, producerEpoch,
            baseSequence, Count);
        _sealed = batch;
        return batch.WrittenMemory;
    }

    /// <summary>Changes producer id, epoch and base sequence of the sealed batch without encoding it again: what a
    /// retry
    /// after an epoch bump (KIP-360) needs. Nobody may be reading the bytes meanwhile.</summary>
    /// <exception cref="InvalidOperationException">The batch is not sealed.</exception>
    public void PatchProducer(long producerId, short producerEpoch, int baseSequence) =>
        RecordBatchHeader.PatchProducer(SealedBatch.Span, producerId, producerEpoch, baseSequence);

    /// <summary>Starts an empty batch in the same buffers. Bytes handed out before are no longer valid.</summary>
    public void Reset()
    {
        _plain.Truncate(0);
        _compressed.Truncate(0);
        _sealed = null;
        Count = 0;
        _lastOffsetDelta = -1;
    }

    /// <summary>As <see cref="Reset"/>, and gives the buffers back to the pool. The builder may be used
    /// again.</summary>
    public void Dispose()
    {
        Reset();
        _plain.Dispose();
        _compressed.Dispose();
    }

    /// <summary>Writes the 61 bytes in front of a section that stands in its place already, and the checksum.</summary>
    internal static void WriteHeader(
        Span<byte> batch, short attributes, int lastOffsetDelta, long baseTimestamp, long maxTimestamp,
        long producerId, short producerEpoch, int baseSequence, int count)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch, 0);
        BinaryPrimitives.WriteInt32BigEndian(
            batch[RecordBatchHeader.LengthAt..], batch.Length - RecordBatchHeader.LengthOverhead);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.LeaderEpochAt..], -1);
        batch[RecordBatchHeader.MagicAt] = (byte)RecordBatchHeader.CurrentMagic;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchHeader.AttributesAt..], attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.LastOffsetDeltaAt..], lastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.BaseTimestampAt..], baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchHeader.MaxTimestampAt..], maxTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchHeader.RecordCountAt..], count);
        RecordBatchHeader.PatchProducer(batch, producerId, producerEpoch, baseSequence);
    }

    static long BoundOfHeaders(ReadOnlySpan<RecordHeader> headers)
    {
        var bound = 0L;
        foreach (ref readonly var header in headers)
        {
            bound += (2 * Varint.MaxSize) + (3L * header.Key.Length) + (header.Value?.Length ?? 0);
        }

        return bound;
    }

    static long SizeOfHeaders(ReadOnlySpan<RecordHeader> headers)
    {
        long size = Varint.SizeOf(headers.Length);
        foreach (ref readonly var header in headers)
        {
            var keySize = Encoding.UTF8.GetByteCount(header.Key);
            size += Varint.SizeOf(keySize) + keySize;
            size += header.Value is { } value ? Varint.SizeOf(value.Length) + value.Length : 1;
        }

        return size;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int WriteFixed(ref byte start, int length, long timestampDelta, int offsetDelta)
    {
        var at = Varint.Write(ref start, length);
        Unsafe.Add(ref start, at++) = 0;    // attributes
        at += Varint.Write(ref Unsafe.Add(ref start, at), timestampDelta);
        return at + Varint.Write(ref Unsafe.Add(ref start, at), offsetDelta);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int WriteBytes(ref byte destination, ReadOnlySpan<byte> bytes, bool isNull)
    {
        if (isNull)
        {
            destination = 1;    // -1, zig-zag
            return 1;
        }

        var size = Varint.Write(ref destination, bytes.Length);
        bytes.CopyTo(MemoryMarshal.CreateSpan(ref Unsafe.Add(ref destination, size), bytes.Length));
        return size + bytes.Length;
    }

    int WriteHeaders(int at, ReadOnlySpan<RecordHeader> headers)
    {
        var destination = _plain.Array.AsSpan(_plain.Length + at);
        var size = Varint.Write(ref destination[0], headers.Length);
        foreach (ref readonly var header in headers)
        {
            var keySize = Encoding.UTF8.GetByteCount(header.Key);
            size += Varint.Write(ref destination[size], keySize);
            size += Encoding.UTF8.GetBytes(header.Key, destination[size..]);
            size += header.Value is { } value
                ? WriteBytes(ref destination[size], value.Span, false)
                : WriteBytes(ref destination[size], default, true);
        }

        return size;
    }

    long Begin(int offsetDelta, long timestampMs)
    {
        ThrowIfSealed();
        if (offsetDelta <= _lastOffsetDelta)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offsetDelta), offsetDelta, $"Must be greater than the last record's, {_lastOffsetDelta}.");
        }

        if (Count == 0)
        {
            _baseTimestamp = timestampMs;
            _maxTimestamp = timestampMs;
            _plain.Truncate(0);
            _plain.Reserve(RecordBatchHeader.Size);
            _plain.Advance(RecordBatchHeader.Size);
        }

        return timestampMs - _baseTimestamp;
    }

    bool TryReserve(long length)
    {
        var after = _plain.Length + Varint.SizeOf(length) + length;
        if (after > SizeLimit && (Count > 0 || after > Array.MaxLength))
        {
            return Count > 0
                ? false
                : throw new ArgumentException($"A record of {length} bytes is larger than any batch can be.");
        }

        _plain.Reserve((int)(after - _plain.Length));
        return true;
    }

    void Commit(int size, int offsetDelta, long timestampMs)
    {
        _plain.Advance(size);
        _lastOffsetDelta = offsetDelta;
        _maxTimestamp = Math.Max(_maxTimestamp, timestampMs);
        Count++;
    }

    void ThrowIfSealed()
    {
        if (_sealed is not null)
        {
            throw new InvalidOperationException("The batch is sealed: call Reset before appending again.");
        }
    }
}
