using System.Buffers.Binary;

namespace Millrace.Broker.Log;

// <base offset>.timeindex: sorted entries, no header. Both columns only rise.
//
//   byte 0                        8                       12
//        +------------------------+-----------------------+
//        | greatest timestamp of  | last offset of the    |
//        | the segment up to here | batch that has it,    |
//        | int64, ms              | relative, int32       |
//        +------------------------+-----------------------+

/// <summary>Timestamp to offset. One appender; look-ups need no lock.</summary>
sealed class TimeIndex(long baseOffset)
{
    public const int EntrySize = 12;

    Entry[] _entries = [];
    int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The last entry; timestamp -1 when there is none.</summary>
    public (long Timestamp, long Offset) Last =>
        Count == 0 ? (-1, baseOffset) : (_entries[Count - 1].Timestamp, baseOffset + _entries[Count - 1].Relative);

    /// <summary>Adds an entry unless it says nothing new.</summary>
    public void Append(long timestamp, long offset)
    {
        if (timestamp <= Last.Timestamp)
            return;
        if (_count == _entries.Length)
        {
            var grown = new Entry[Math.Max(64, _entries.Length * 2)];
            _entries.CopyTo(grown, 0);
            Volatile.Write(ref _entries, grown);
        }
        _entries[_count] = new Entry(timestamp, (int)(offset - baseOffset));
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>An offset such that every batch that ends below it is older than the timestamp.</summary>
    public long Floor(long timestamp)
    {
        var count = Count;
        var entries = Volatile.Read(ref _entries);
        var low = 0;
        var high = count;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (entries[middle].Timestamp <= timestamp)
                low = middle + 1;
            else
                high = middle;
        }
        return low == 0 ? baseOffset : baseOffset + entries[low - 1].Relative;
    }

    /// <summary>Drops entries at or above an offset: the log was cut there.</summary>
    public void Truncate(long offset)
    {
        while (_count > 0 && baseOffset + _entries[_count - 1].Relative >= offset)
            Volatile.Write(ref _count, _count - 1);
    }

    public byte[] ToBytes()
    {
        var count = Count;
        var bytes = new byte[count * EntrySize];
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(i * EntrySize), _entries[i].Timestamp);
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(i * EntrySize + 8), _entries[i].Relative);
        }
        return bytes;
    }

    /// <summary>Reads a file's content. Null when it cannot be right: the caller rebuilds it from the log.</summary>
    public static TimeIndex? TryParse(long baseOffset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % EntrySize != 0)
            return null;
        var index = new TimeIndex(baseOffset) { _entries = new Entry[bytes.Length / EntrySize] };
        var last = new Entry(long.MinValue, -1);
        foreach (ref var entry in index._entries.AsSpan())
        {
            entry = new Entry(BinaryPrimitives.ReadInt64BigEndian(bytes),
                BinaryPrimitives.ReadInt32BigEndian(bytes[8..]));
            bytes = bytes[EntrySize..];
            if (entry.Timestamp <= last.Timestamp || entry.Relative <= last.Relative)
                return null;
            last = entry;
        }
        index._count = index._entries.Length;
        return index;
    }

    readonly record struct Entry(long Timestamp, int Relative);
}
