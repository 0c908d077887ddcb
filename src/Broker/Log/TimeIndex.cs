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
sealed class TimeIndex
{
    public const int EntrySize = 12;

    readonly long _baseOffset;
    readonly IndexEntries<Entry> _entries;

    public TimeIndex(long baseOffset)
        : this(baseOffset, new IndexEntries<Entry>())
    {
    }

    TimeIndex(long baseOffset, IndexEntries<Entry> entries) => (_baseOffset, _entries) = (baseOffset, entries);

    public int Count => _entries.Count;

    /// <summary>The last entry; timestamp -1 when there is none.</summary>
    public (long Timestamp, long Offset) Last =>
        _entries.Span is [.., var last] ? (last.Timestamp, _baseOffset + last.Relative) : (-1, _baseOffset);

    /// <summary>Adds an entry unless it says nothing new.</summary>
    public void Append(long timestamp, long offset)
    {
        if (timestamp > Last.Timestamp)
            _entries.Append(new Entry(timestamp, (int)(offset - _baseOffset)));
    }

    /// <summary>An offset such that every batch that ends below it is older than the timestamp.</summary>
    public long Floor(long timestamp) => _baseOffset + (_entries.Floor(timestamp)?.Relative ?? 0);

    public byte[] ToBytes()
    {
        var entries = _entries.Span;
        var bytes = new byte[entries.Length * EntrySize];
        var at = bytes.AsSpan();
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteInt64BigEndian(at, entry.Timestamp);
            BinaryPrimitives.WriteInt32BigEndian(at[8..], entry.Relative);
            at = at[EntrySize..];
        }
        return bytes;
    }

    /// <summary>Reads a file's content. Null when it cannot be right: the caller rebuilds it from the log.</summary>
    public static TimeIndex? TryParse(long baseOffset, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % EntrySize != 0)
            return null;
        var entries = new Entry[bytes.Length / EntrySize];
        var last = new Entry(long.MinValue, -1);
        foreach (ref var entry in entries.AsSpan())
        {
            entry = new Entry(BinaryPrimitives.ReadInt64BigEndian(bytes),
                BinaryPrimitives.ReadInt32BigEndian(bytes[8..]));
            bytes = bytes[EntrySize..];
            if (entry.Timestamp <= last.Timestamp || entry.Relative <= last.Relative)
                return null;
            last = entry;
        }
        return new TimeIndex(baseOffset, new IndexEntries<Entry>(entries));
    }

    readonly record struct Entry(long Timestamp, int Relative) : IIndexEntry
    {
        public long Key => Timestamp;
    }
}
