using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Records;

// One record. All numbers but the attributes are zig-zag varints (the timestamp delta up to 64 bits).
//
//   +--------+------------+-----------+--------+--------+-----+--------+-------+---------+---------------+
//   | length | attributes | timestamp | offset | key    | key | value  | value | header  | headers       |
//   | of the | int8,      | delta     | delta  | length |     | length |       | count   | key length,   |
//   | rest   | unused     |           |        | -1=null|     | -1=null|       |         | key, value... |
//   +--------+------------+-----------+--------+--------+-----+--------+-------+---------+---------------+

/// <summary>Walks a decompressed record section without copying or allocating. Checks every length before it believes
/// it;
/// goes bad once and stays there. A view that it yielded is sound as a whole, its headers included.</summary>
public ref struct RecordReader
{
    readonly ReadOnlySpan<byte> _section;
    readonly int _count;
    RecordView _current;
    int _position;
    int _index;
    string? _reason;

    /// <summary>Starts before the first record.</summary>
    /// <param name="section">The decompressed section; borrowed as long as the reader lives.</param>
    /// <param name="recordCount">How many records the batch's header promises.</param>
    public RecordReader(ReadOnlySpan<byte> section, int recordCount)
    {
        _section = section;
        _count = recordCount;
        if (recordCount < 0)
        {
            _reason = "its record count is negative";
        }
    }

    /// <summary>The record that <see cref="MoveNext"/> went to.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly RecordView Current => ref _current;

    /// <summary>The section is damaged; records yielded before are sound.</summary>
    public readonly bool IsBad => _reason is not null;

    /// <summary>Throws if the section is damaged. Call it once <see cref="MoveNext"/> returned false.</summary>
    /// <exception cref="WireFormatException">The section is damaged.</exception>
    public readonly void ThrowIfBad()
    {
        if (_reason is not null)
        {
            throw new WireFormatException(
                $"Record {_index} of {_count} is damaged at byte {_position} of {_section.Length}: {_reason}.");
        }
    }

    /// <summary>Goes to the next record. False at the end and when the section is damaged.</summary>
    public bool MoveNext()
    {
        if (_index >= _count || _reason is not null)
        {
            if (_reason is null && _position != _section.Length)
            {
                _reason = "bytes follow the last record";
            }

            return false;
        }

        ref var start = ref MemoryMarshal.GetReference(_section);
        if (!Varint.TryRead(ref start, ref _position, _section.Length, out int length)
            || (uint)length > (uint)(_section.Length - _position))
        {
            return Bad("its length is not within the section");
        }

        var end = _position + length;
        var position = _position + 1;   // attributes: no bit is defined
        if (!Varint.TryRead(ref start, ref position, end, out long timestampDelta)
            || !Varint.TryRead(ref start, ref position, end, out int offsetDelta)
            || !Varint.TryRead(ref start, ref position, end, out int keyLength))
        {
            return Bad("it ends inside its fixed fields");
        }

        var keyStart = position;
        if (keyLength < -1 || keyLength > end - position)
        {
            return Bad("its key does not fit");
        }

        position += Math.Max(0, keyLength);
        if (!Varint.TryRead(ref start, ref position, end, out int valueLength)
            || valueLength < -1 || valueLength > end - position)
        {
            return Bad("its value does not fit");
        }

        var valueStart = position;
        position += Math.Max(0, valueLength);
        if (!Varint.TryRead(ref start, ref position, end, out int headerCount) || headerCount < 0)
        {
            return Bad("its header count is wrong");
        }

        var headersStart = position;
        if (headerCount > 0)
        {
            position = RecordHeaderReader.Skip(ref start, position, end, headerCount);
        }

        if (position != end)
        {
            return Bad("its headers do not end where it ends");
        }

        _current = new RecordView(
            timestampDelta, offsetDelta, keyStart, keyLength, valueStart, valueLength, headersStart, headerCount, end);
        _position = end;
        _index++;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool Bad(string reason)
    {
        _reason = reason;
        return false;
    }
}
