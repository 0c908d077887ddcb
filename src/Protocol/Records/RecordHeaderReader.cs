using System.Runtime.InteropServices;

namespace Millrace.Protocol.Records;

// One header: | key length, varint, >= 0 | key, UTF-8 | value length, varint, -1 = null | value |

/// <summary>Walks the headers of one record without copying. The record's reader checked them, so it cannot
/// fail.</summary>
public ref struct RecordHeaderReader
{
    readonly ReadOnlySpan<byte> _section;
    int _position;
    int _left;

    internal RecordHeaderReader(ReadOnlySpan<byte> section, int start, int count)
    {
        _section = section;
        _position = start;
        _left = count;
    }

    /// <summary>Where the key starts in the section.</summary>
    public int KeyStart { get; private set; }

    /// <summary>The key's length in bytes.</summary>
    public int KeyLength { get; private set; }

    /// <summary>Where the value starts in the section.</summary>
    public int ValueStart { get; private set; }

    /// <summary>The value's length in bytes; -1 = null.</summary>
    public int ValueLength { get; private set; }

    /// <summary>The key's bytes, UTF-8 by convention. Borrowed from the section.</summary>
    public readonly ReadOnlySpan<byte> Key => _section.Slice(KeyStart, KeyLength);

    /// <summary>The value's bytes; empty if null. Borrowed from the section.</summary>
    public readonly ReadOnlySpan<byte> Value => ValueLength <= 0 ? default : _section.Slice(ValueStart, ValueLength);

    /// <summary>The value is null, which is not the same as empty.</summary>
    public readonly bool ValueIsNull => ValueLength < 0;

    /// <summary>Goes to the next header.</summary>
    public bool MoveNext()
    {
        ref var start = ref MemoryMarshal.GetReference(_section);
        if (_left <= 0 || !TryRead(ref start, _position, _section.Length, out var keyLength, out var keyStart,
            out var valueLength, out var valueStart))
        {
            return false;
        }

        _left--;
        KeyStart = keyStart;
        KeyLength = keyLength;
        ValueStart = valueStart;
        ValueLength = valueLength;
        _position = valueStart + Math.Max(0, valueLength);
        return true;
    }

    /// <summary>Where so many headers end, or -1 if they do not fit before <paramref name="end"/>.</summary>
    internal static int Skip(ref byte start, int position, int end, int count)
    {
        // Two bytes are the least that a header takes: a hostile count ends here, not after two thousand million
        // rounds.
        if (count > (end - position) / 2)
        {
            return -1;
        }

        for (; count > 0; count--)
        {
            if (!TryRead(ref start, position, end, out _, out _, out var valueLength, out var valueStart))
            {
                return -1;
            }

            position = valueStart + Math.Max(0, valueLength);
        }

        return position;
    }

    static bool TryRead(
        ref byte start, int position, int end, out int keyLength, out int keyStart, out int valueLength,
        out int valueStart)
    {
        keyStart = valueLength = valueStart = 0;
        if (!Varint.TryRead(ref start, ref position, end, out keyLength)
            || keyLength < 0 || keyLength > end - position)
        {
            return false;
        }

        keyStart = position;
        position += keyLength;
        if (!Varint.TryRead(ref start, ref position, end, out valueLength)
            || valueLength < -1 || valueLength > end - position)
        {
            return false;
        }

        valueStart = position;
        return true;
    }
}
