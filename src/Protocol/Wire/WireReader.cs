using System.Buffers.Binary;
using System.Text;

namespace Millrace.Protocol.Wire;

/// <summary>
/// Reads Kafka's primitives, big-endian, from a frame. It goes bad once: the first malformed field is remembered, every
/// read after that returns a default, and the caller checks once, with <see cref="ThrowIfBad"/>. Every length is
/// compared with what is left before anything is allocated. Byte fields borrow from the memory given to the
/// constructor. Pass it by reference: a copy has its own position.
/// </summary>
/// <param name="memory">What to read. It must stay as it is for as long as anything borrowed from it is used.</param>
public ref struct WireReader(ReadOnlyMemory<byte> memory)
{
    const int MaxVarintBytes = 5;
    const int MaxVarlongBytes = 10;

    readonly ReadOnlyMemory<byte> _memory = memory;
    readonly ReadOnlySpan<byte> _span = memory.Span;
    int _position;
    int _badAt;
    string? _problem;

    /// <summary>True once a field was malformed. Every value read after that is a default.</summary>
    public readonly bool IsBad => _problem is not null;

    /// <summary>What was wrong first and at which byte, or null.</summary>
    public readonly string? Problem => _problem is null ? null : $"{_problem} at byte {_badAt} of {_span.Length}";

    /// <summary>Bytes read so far; the end of the memory once the reader is bad.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes left; 0 once the reader is bad.</summary>
    public readonly int Remaining => _span.Length - _position;

    /// <summary>Throws <see cref="WireFormatException"/> if the reader went bad.</summary>
    /// <param name="what">What was being read, for the message, for example <c>"FetchRequest v12"</c>.</param>
    public readonly void ThrowIfBad(string? what = null)
    {
        if (_problem is not null)
            throw new WireFormatException(what is null ? Problem! : $"{what}: {Problem}");
    }

    /// <summary>Marks the reader bad, unless it is so already. For checks that only the caller can make.</summary>
    /// <param name="problem">What is wrong, without the position, which is added.</param>
    public void Fail(string problem)
    {
        if (_problem is not null)
            return;
        _problem = problem;
        _badAt = _position;
        _position = _span.Length;   // nothing is left, so every further read fails its length check
    }

    /// <summary>Reads one byte; 0 if bad.</summary>
    public byte ReadByte()
    {
        if (_position >= _span.Length)
        {
            FailShort(1);
            return 0;
        }
        return _span[_position++];
    }

    /// <summary>Reads a signed byte; 0 if bad.</summary>
    public sbyte ReadInt8() => (sbyte)ReadByte();

    /// <summary>Reads a boolean: any byte but 0 is true.</summary>
    public bool ReadBool() => ReadByte() != 0;

    /// <summary>Reads two bytes; 0 if bad.</summary>
    public short ReadInt16() => Take(2, out var bytes) ? BinaryPrimitives.ReadInt16BigEndian(bytes) : (short)0;

    /// <summary>Reads two bytes, unsigned; 0 if bad.</summary>
    public ushort ReadUInt16() => Take(2, out var bytes) ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : (ushort)0;

    /// <summary>Reads four bytes; 0 if bad.</summary>
    public int ReadInt32() => Take(4, out var bytes) ? BinaryPrimitives.ReadInt32BigEndian(bytes) : 0;

    /// <summary>Reads four bytes, unsigned; 0 if bad.</summary>
    public uint ReadUInt32() => Take(4, out var bytes) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;

    /// <summary>Reads eight bytes; 0 if bad.</summary>
    public long ReadInt64() => Take(8, out var bytes) ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;

    /// <summary>Reads a 64-bit floating point number; 0 if bad.</summary>
    public double ReadFloat64() => Take(8, out var bytes) ? BinaryPrimitives.ReadDoubleBigEndian(bytes) : 0;

    /// <summary>Reads sixteen bytes, most significant first; the empty id if bad.</summary>
    public Guid ReadUuid() => Take(16, out var bytes) ? new Guid(bytes, bigEndian: true) : Guid.Empty;

    /// <summary>Reads an error number; it may be one that <see cref="ErrorCode"/> does not name.</summary>
    public ErrorCode ReadErrorCode() => (ErrorCode)ReadInt16();

    /// <summary>Reads a zigzag varint of at most five bytes, as record fields use it.</summary>
    public int ReadVarint()
    {
        var raw = ReadUVarint();
        return (int)(raw >> 1) ^ -(int)(raw & 1);
    }

    /// <summary>Reads a zigzag varint of at most ten bytes.</summary>
    public long ReadVarlong()
    {
        var raw = ReadUVarlong();
        return (long)(raw >> 1) ^ -(long)(raw & 1);
    }

    /// <summary>Reads an unsigned varint of at most five bytes, as compact lengths and tags use it.</summary>
    public uint ReadUVarint()
    {
        if (_position < _span.Length && _span[_position] < 0x80)
            return _span[_position++];

        var value = 0u;
        for (var i = 0; i < MaxVarintBytes; i++)
        {
            if (_position + i >= _span.Length)
            {
                FailShort(i + 1);
                return 0;
            }
            var b = _span[_position + i];
            if (i == MaxVarintBytes - 1 && b > 0x0f)
                break;
            value |= (uint)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                _position += i + 1;
                return value;
            }
        }
        Fail("a varint does not fit 32 bits");
        return 0;
    }

    /// <summary>Reads an unsigned varint of at most ten bytes.</summary>
    public ulong ReadUVarlong()
    {
        var value = 0ul;
        for (var i = 0; i < MaxVarlongBytes; i++)
        {
            if (_position + i >= _span.Length)
            {
                FailShort(i + 1);
                return 0;
            }
            var b = _span[_position + i];
            if (i == MaxVarlongBytes - 1 && b > 0x01)
                break;
            value |= (ulong)(b & 0x7f) << (7 * i);
            if (b < 0x80)
            {
                _position += i + 1;
                return value;
            }
        }
        Fail("a varint does not fit 64 bits");
        return 0;
    }

    /// <summary>Reads a string that may not be null; empty if bad.</summary>
    /// <param name="compact">True for a uvarint length plus one, false for an int16 length.</param>
    public string ReadString(bool compact = false) => ReadNullableString(compact) ?? NotNull("string", string.Empty);

    /// <summary>Reads a string or null; null if bad. Bytes that are not UTF-8 become replacement characters.</summary>
    /// <inheritdoc cref="ReadString" path="/param"/>
    public string? ReadNullableString(bool compact = false)
    {
        var length = compact ? ReadCompactLength("string") : CheckLength(ReadInt16(), "string");
        if (length < 0)
            return null;
        var bytes = _span.Slice(_position, length);
        _position += length;
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Reads bytes that may not be null, borrowed from the reader's memory; empty if bad.</summary>
    /// <param name="compact">True for a uvarint length plus one, false for an int32 length.</param>
    public ReadOnlyMemory<byte> ReadBytes(bool compact = false) =>
        ReadNullableBytes(compact) ?? NotNull("byte field", ReadOnlyMemory<byte>.Empty);

    /// <summary>Reads bytes or null, borrowed from the reader's memory; null if bad. Record sections have this
    /// layout too.</summary>
    /// <inheritdoc cref="ReadBytes" path="/param"/>
    public ReadOnlyMemory<byte>? ReadNullableBytes(bool compact = false)
    {
        var length = compact ? ReadCompactLength("byte field") : CheckLength(ReadInt32(), "byte field");
        if (length < 0)
            return null;   // not `? null : …`: there null would be an empty memory, by way of byte[]
        return ReadRaw(length);
    }

    /// <summary>Reads bytes of a known length, borrowed from the reader's memory; empty if bad.</summary>
    /// <param name="length">How many bytes. The reader goes bad if it is negative or more than is left.</param>
    public ReadOnlyMemory<byte> ReadRaw(int length)
    {
        if ((uint)length > (uint)Remaining)
        {
            FailShort(length);
            return ReadOnlyMemory<byte>.Empty;
        }
        var bytes = _memory.Slice(_position, length);
        _position += length;
        return bytes;
    }

    /// <summary>Reads an array's length that may not be null; 0 if bad.</summary>
    /// <param name="minElementSize">The fewest bytes that one element takes, at least 1. A length that cannot fit in
    /// what is left makes the reader bad, so nobody can ask for more memory than a multiple of what was sent.</param>
    /// <param name="compact">True for a uvarint length plus one, false for an int32 length.</param>
    public int ReadArrayLength(int minElementSize, bool compact = false)
    {
        var length = ReadNullableArrayLength(minElementSize, compact);
        return length >= 0 ? length : NotNull("array", 0);
    }

    /// <summary>Reads an array's length; -1 for null or if bad.</summary>
    /// <inheritdoc cref="ReadArrayLength" path="/param"/>
    public int ReadNullableArrayLength(int minElementSize, bool compact = false)
    {
        var start = _position;
        var length = compact ? (long)ReadUVarint() - 1 : ReadInt32();
        if (IsBad)
            return -1;
        if (length >= -1 && length * minElementSize <= Remaining)
            return (int)length;
        var left = Remaining;
        _position = start;
        Fail($"an array length of {length} is more than the {left} bytes left can hold");
        return -1;
    }

    /// <summary>Reads the number of tagged fields (KIP-482); 0 if bad.</summary>
    public int ReadTagCount()
    {
        var count = ReadUVarint();
        if (count <= (uint)Remaining / 2)   // a tag and a size take a byte each
            return (int)count;
        Fail($"a count of {count} tagged fields is more than the {Remaining} bytes left can hold");
        return 0;
    }

    /// <summary>Reads the tag and the size of one tagged field. Its content comes next.</summary>
    /// <param name="end">The position after the field, for <see cref="EndTag"/> or <see cref="SkipTo"/>.</param>
    public uint ReadTag(out int end)
    {
        var tag = ReadUVarint();
        var size = ReadUVarint();
        if (size > (uint)Remaining)
            FailShort((int)Math.Min(size, int.MaxValue));
        end = IsBad ? _position : _position + (int)size;
        return tag;
    }

    /// <summary>Goes bad unless a known tagged field was read exactly to its end.</summary>
    public void EndTag(int end)
    {
        if (_position != end)
            Fail($"a tagged field ends at byte {end}, its content does not");
    }

    /// <summary>Moves forward to a position, past what nobody here understands.</summary>
    public void SkipTo(int position)
    {
        if (position < _position || position > _span.Length)
            Fail($"cannot skip to byte {position}");
        else
            _position = position;
    }

    /// <summary>Reads past a section of tagged fields of which none is known.</summary>
    public void SkipTags()
    {
        for (var left = ReadTagCount(); left > 0 && !IsBad; left--)
        {
            ReadTag(out var end);
            SkipTo(end);
        }
    }

    bool Take(int length, out ReadOnlySpan<byte> bytes)
    {
        if (_span.Length - _position < length)
        {
            FailShort(length);
            bytes = default;
            return false;
        }
        bytes = _span.Slice(_position, length);
        _position += length;
        return true;
    }

    int ReadCompactLength(string what) => CheckLength((int)Math.Min(ReadUVarint(), int.MaxValue) - 1, what);

    // Minus one is null. The reader stands behind the length already.
    int CheckLength(int length, string what)
    {
        if (IsBad)
            return -1;
        if (length >= -1 && length <= Remaining)
            return length;
        Fail($"a {what} has length {length}, {Remaining} bytes are left");
        return -1;
    }

    T NotNull<T>(string what, T fallback)
    {
        Fail($"a {what} is null that may not be");
        return fallback;
    }

    void FailShort(int wanted) => Fail($"{wanted} more bytes are wanted, {Remaining} are left");
}
