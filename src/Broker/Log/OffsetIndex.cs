using System.Buffers.Binary;

namespace Millrace.Broker.Log;

// <base offset>.index: sorted entries, no header.
//
//   byte 0                    4                  8
//        +--------------------+------------------+
//        | last offset of the | position of that |
//        | batch, relative to | batch in the     |
//        | the base offset    | .log file        |
//        | int32              | int32            |
//        +--------------------+------------------+

/// <summary>Offset to file position, one entry about every index.interval.bytes. One appender; look-ups need no
/// lock.</summary>
sealed class OffsetIndex(long baseOffset)
{
    public const int EntrySize = 8;

    // Relative offset in the upper half, position in the lower.
    long[] _entries = [];
    int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Last offset of the batch of the last entry, or the base offset.</summary>
    public long LastOffset => Count == 0 ? baseOffset : baseOffset + (int)(_entries[Count - 1] >> 32);

    public void Append(long lastOffset, int position)
    {
        if (_count == _entries.Length)
        {
            // A reader that still has the old array finds there everything below the count it read.
            var grown = new long[Math.Max(64, _entries.Length * 2)];
            _entries.CopyTo(grown, 0);
            Volatile.Write(ref _entries, grown);
        }
        _entries[_count] = (lastOffset - baseOffset) << 32 | (uint)position;
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>The greatest position whose batch ends at or below the offset; 0 when there is none.</summary>
    public int Floor(long offset)
    {
        var count = Count;
        var entries = Volatile.Read(ref _entries);
        var low = 0;
        var high = count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (baseOffset + (int)(entries[middle] >> 32) <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low == 0 ? 0 : (int)entries[low - 1];
    }

    /// <summary>Drops entries whose batch starts at or behind a position: the log was cut there.</summary>
    public void Truncate(int position)
    {
        while (_count > 0 && (int)_entries[_count - 1] >= position)
            Volatile.Write(ref _count, _count - 1);
    }

    public byte[] ToBytes()
    {
        var count = Count;
        var bytes = new byte[count * EntrySize];
        for (var i = 0; i < count; i++)
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(i * EntrySize), _entries[i]);
        return bytes;
    }

    /// <summary>Reads a file's content. Null when it cannot be right: the caller rebuilds it from the log.</summary>
    public static OffsetIndex? TryParse(long baseOffset, ReadOnlySpan<byte> bytes, int logLength)
    {
        if (bytes.Length % EntrySize != 0)
            return null;
        var index = new OffsetIndex(baseOffset) { _entries = new long[bytes.Length / EntrySize] };
        var last = -1L;
        var lastPosition = -1;
        foreach (ref var entry in index._entries.AsSpan())
        {
            entry = BinaryPrimitives.ReadInt64BigEndian(bytes);
            bytes = bytes[EntrySize..];
            if (entry >> 32 <= last || (int)entry <= lastPosition || (int)entry >= logLength)
                return null;
            last = entry >> 32;
            lastPosition = (int)entry;
        }
        index._count = index._entries.Length;
        return index;
    }
}
