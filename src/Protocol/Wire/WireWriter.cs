using System.Buffers.Binary;
using System.Text;

namespace Millrace.Protocol.Wire;

/// <summary>
/// Writes Kafka's primitives, big-endian, into pooled chunks, and large byte fields by reference. The result is
/// <see cref="Segments"/>, what a transport sends with one call. Reusable through <see cref="Reset"/>; not thread-safe.
/// </summary>
/// <param name="pool">Where the chunks come from; they go back on <see cref="Reset"/> and
/// <see cref="Dispose"/>.</param>
/// <param name="chunkSize">The size of the first chunk, in bytes. Later ones double up to
/// <see cref="MaxChunkSize"/>.</param>
public sealed class WireWriter(BufferPool pool, int chunkSize = WireWriter.DefaultChunkSize) : IDisposable
{
    /// <summary>The first chunk's size: most requests and answers without records fit in it.</summary>
    public const int DefaultChunkSize = 4 * 1024;

    /// <summary>The size at which chunks stop doubling: below the large object heap's limit.</summary>
    public const int MaxChunkSize = 64 * 1024;

    /// <summary>From this length on <see cref="WriteBorrowed"/> refers instead of copying: below it one more segment in
    /// the send call costs more than the copy.</summary>
    public const int BorrowThreshold = 1024;

    const int MaxVarintBytes = 5;
    const int MaxVarlongBytes = 10;

    // A string of this many characters takes at most 126 bytes, so that its compact length takes one byte for certain
    // and it can be encoded in place, without counting first. Most names on the wire are that short.
    const int MaxShortString = 42;

    readonly BufferPool _pool = pool;
    readonly List<byte[]> _chunks = [];
    readonly List<ReadOnlyMemory<byte>> _segments = [];
    byte[] _chunk = [];
    int _position;       // where the next byte of the current chunk goes
    int _sealed;         // up to where the current chunk is in _segments
    long _sealedLength;  // the length of all segments
    int _nextSize = Math.Max(chunkSize, 64);
    WireWriter? _tagged;

    /// <summary>How many bytes were written since the last <see cref="Reset"/>.</summary>
    public long Length => _sealedLength + (_position - _sealed);

    /// <summary>What was written, in order. Valid until the next write, <see cref="Reset"/> or
    /// <see cref="Dispose"/>.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Segments
    {
        get
        {
            Seal();
            return _segments;
        }
    }

    /// <summary>Forgets what was written, keeps one chunk for the next message and gives the others back.</summary>
    public void Reset()
    {
        for (var i = 0; i < _chunks.Count - 1; i++)
            _pool.Return(_chunks[i]);
        if (_chunks.Count > 1)
            _chunks.RemoveRange(0, _chunks.Count - 1);
        _segments.Clear();
        _position = _sealed = 0;
        _sealedLength = 0;
    }

    /// <summary>Gives all chunks back to the pool. The writer may be used again after it.</summary>
    public void Dispose()
    {
        foreach (var chunk in _chunks)
            _pool.Return(chunk);
        _chunks.Clear();
        _segments.Clear();
        _chunk = [];
        _position = _sealed = 0;
        _sealedLength = 0;
        _tagged?.Dispose();
        _tagged = null;
    }

    /// <summary>Copies what was written into a new array.</summary>
    public byte[] ToArray()
    {
        var copy = new byte[checked((int)Length)];
        var at = 0;
        foreach (var segment in Segments)
        {
            segment.Span.CopyTo(copy.AsSpan(at));
            at += segment.Length;
        }
        return copy;
    }

    /// <summary>Writes one byte.</summary>
    public void WriteByte(byte value)
    {
        EnsureRoom(1);
        _chunk[_position++] = value;
    }

    /// <summary>Writes a signed byte.</summary>
    public void WriteInt8(sbyte value) => WriteByte((byte)value);

    /// <summary>Writes a boolean as 1 or 0.</summary>
    public void WriteBool(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    /// <summary>Writes two bytes.</summary>
    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

    /// <summary>Writes two bytes, unsigned.</summary>
    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    /// <summary>Writes four bytes.</summary>
    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    /// <summary>Writes four bytes, unsigned.</summary>
    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    /// <summary>Writes eight bytes.</summary>
    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    /// <summary>Writes a 64-bit floating point number.</summary>
    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);

    /// <summary>Writes sixteen bytes, most significant first.</summary>
    public void WriteUuid(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    /// <summary>Writes an error number.</summary>
    public void WriteErrorCode(ErrorCode value) => WriteInt16((short)value);

    /// <summary>Writes a zigzag varint, as record fields use it.</summary>
    public void WriteVarint(int value) => WriteUVarint((uint)((value << 1) ^ (value >> 31)));

    /// <summary>Writes a zigzag varint of up to ten bytes.</summary>
    public void WriteVarlong(long value) => WriteUVarlong((ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Writes an unsigned varint, as compact lengths and tags use it.</summary>
    public void WriteUVarint(uint value)
    {
        EnsureRoom(MaxVarintBytes);
        var chunk = _chunk;
        var at = _position;
        for (; value >= 0x80; value >>= 7)
            chunk[at++] = (byte)(value | 0x80);
        chunk[at++] = (byte)value;
        _position = at;
    }

    /// <summary>Writes an unsigned varint of up to ten bytes.</summary>
    public void WriteUVarlong(ulong value)
    {
        EnsureRoom(MaxVarlongBytes);
        var chunk = _chunk;
        var at = _position;
        for (; value >= 0x80; value >>= 7)
            chunk[at++] = (byte)(value | 0x80);
        chunk[at++] = (byte)value;
        _position = at;
    }

    /// <summary>Writes a string.</summary>
    /// <param name="value">The string.</param>
    /// <param name="compact">True for a uvarint length plus one, false for an int16 length.</param>
    /// <exception cref="InvalidOperationException">The string takes more than 32767 bytes.</exception>
    public void WriteString(string value, bool compact = false)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (value.Length > MaxShortString)
        {
            WriteLongString(value, compact);
            return;
        }
        EnsureRoom(sizeof(short) + 3 * MaxShortString);
        var prefix = compact ? 1 : sizeof(short);
        var length = Encoding.UTF8.GetBytes(value, _chunk.AsSpan(_position + prefix));
        if (compact)
            _chunk[_position] = (byte)(length + 1);
        else
            BinaryPrimitives.WriteInt16BigEndian(_chunk.AsSpan(_position), (short)length);
        _position += prefix + length;
    }

    /// <summary>Writes a string or null.</summary>
    /// <inheritdoc cref="WriteString"/>
    public void WriteNullableString(string? value, bool compact = false)
    {
        if (value is not null)
            WriteString(value, compact);
        else if (compact)
            WriteByte(0);
        else
            WriteInt16(-1);
    }

    /// <summary>Writes bytes with a length before them; from <see cref="BorrowThreshold"/> on by reference, see
    /// <see cref="WriteBorrowed"/>. Record sections have this layout too.</summary>
    /// <param name="value">The bytes.</param>
    /// <param name="compact">True for a uvarint length plus one, false for an int32 length.</param>
    public void WriteBytes(ReadOnlyMemory<byte> value, bool compact = false)
    {
        if (compact)
            WriteUVarint((uint)value.Length + 1);
        else
            WriteInt32(value.Length);
        WriteBorrowed(value);
    }

    /// <summary>Writes bytes or null, see <see cref="WriteBytes"/>.</summary>
    /// <inheritdoc cref="WriteBytes" path="/param"/>
    public void WriteNullableBytes(ReadOnlyMemory<byte>? value, bool compact = false)
    {
        if (value is { } bytes)
            WriteBytes(bytes, compact);
        else if (compact)
            WriteByte(0);
        else
            WriteInt32(-1);
    }

    /// <summary>Copies bytes, without a length.</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            EnsureRoom(1);
            var n = Math.Min(bytes.Length, _chunk.Length - _position);
            bytes[..n].CopyTo(_chunk.AsSpan(_position));
            _position += n;
            bytes = bytes[n..];
        }
    }

    /// <summary>Appends bytes, without a length: by reference from <see cref="BorrowThreshold"/> on (they must then
    /// stay as they are until the segments were sent), copied below it.</summary>
    public void WriteBorrowed(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < BorrowThreshold)
        {
            WriteRaw(bytes.Span);
            return;
        }
        Seal();
        _segments.Add(bytes);
        _sealedLength += bytes.Length;
    }

    /// <summary>Writes the length of an array; -1 is null.</summary>
    /// <param name="length">The number of elements.</param>
    /// <param name="compact">True for a uvarint length plus one, false for an int32 length.</param>
    public void WriteArrayLength(int length, bool compact = false)
    {
        if (compact)
            WriteUVarint((uint)(length + 1));
        else
            WriteInt32(length);
    }

    /// <summary>Leaves four bytes open, to be filled in by <see cref="Patch"/> or <see cref="PatchSize"/>.</summary>
    public Reservation ReserveInt32()
    {
        Take(4).Clear();
        return new Reservation(_chunk, _position - 4, Length);
    }

    /// <summary>Fills in four reserved bytes.</summary>
    public void Patch(Reservation reservation, int value) =>
        BinaryPrimitives.WriteInt32BigEndian(reservation.Chunk.AsSpan(reservation.At, 4), value);

    /// <summary>Fills in four reserved bytes with the number of bytes written since: a size prefix.</summary>
    public void PatchSize(Reservation reservation) =>
        Patch(reservation, checked((int)(Length - reservation.LengthAfter)));

    /// <summary>Starts a tagged field (KIP-482) whose size is known: write that many bytes next.</summary>
    public void WriteTag(uint tag, int size)
    {
        WriteUVarint(tag);
        WriteUVarint((uint)size);
    }

    /// <summary>Starts a tagged field (KIP-482) whose size is not known: write its content into the writer returned,
    /// then call <see cref="EndTag"/>, which knows the size that has to stand before it.</summary>
    public WireWriter BeginTag()
    {
        _tagged ??= new WireWriter(_pool, chunkSize: 256);
        _tagged.Reset();
        return _tagged;
    }

    /// <summary>Writes tag, size and content of the field begun with <see cref="BeginTag"/>.</summary>
    public void EndTag(uint tag)
    {
        var content = _tagged ?? throw new InvalidOperationException("EndTag without BeginTag.");
        WriteUVarint(tag);
        WriteUVarint(checked((uint)content.Length));
        foreach (var segment in content.Segments)
            WriteRaw(segment.Span);
        content.Reset();
    }

    void WriteLongString(string value, bool compact)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        if (length > short.MaxValue)   // also the limit that Kafka sets to compact strings
            throw new InvalidOperationException($"A string of {length} bytes is longer than the protocol's 32767.");
        if (compact)
            WriteUVarint((uint)length + 1);
        else
            WriteInt16((short)length);
        Encoding.UTF8.GetBytes(value, Take(length));
    }

    Span<byte> Take(int length)
    {
        EnsureRoom(length);
        var span = _chunk.AsSpan(_position, length);
        _position += length;
        return span;
    }

    void EnsureRoom(int length)
    {
        if (_chunk.Length - _position < length)
            NextChunk(length);
    }

    void NextChunk(int length)
    {
        Seal();
        _chunk = _pool.Rent(Math.Max(length, _nextSize));
        _chunks.Add(_chunk);
        _nextSize = Math.Min(_nextSize * 2, MaxChunkSize);
        _position = _sealed = 0;
    }

    void Seal()
    {
        var length = _position - _sealed;
        if (length == 0)
            return;
        _segments.Add(_chunk.AsMemory(_sealed, length));
        _sealedLength += length;
        _sealed = _position;
    }

    /// <summary>Four bytes left open in a chunk.</summary>
    public readonly struct Reservation
    {
        internal Reservation(byte[] chunk, int at, long lengthAfter)
        {
            Chunk = chunk;
            At = at;
            LengthAfter = lengthAfter;
        }

        internal byte[] Chunk { get; }

        internal int At { get; }

        internal long LengthAfter { get; }
    }
}
