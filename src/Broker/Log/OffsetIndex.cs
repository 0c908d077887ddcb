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
sealed class OffsetIndex
{
    public const int EntrySize = 8;

    readonly long _baseOffset;
    readonly IndexEntries<Entry> _entries;

    public OffsetIndex(long baseOffset)
        : this(baseOffset, new IndexEntries<Entry>())
    {
    }

    OffsetIndex(long baseOffset, IndexEntries<Entry> entries) => (_baseOffset, _entries) = (baseOffset, entries);

    public int Count => _entries.Count;

    public void Append(long lastOffset, int position) =>
        _entries.Append(new Entry((int)(lastOffset - _baseOffset), position));

    /// <summary>The greatest position whose batch ends at or below the offset; 0 when there is none.</summary>
    public int Floor(long offset) => _entries.Floor(offset - _baseOffset)?.Position ?? 0;

    public byte[] ToBytes()
    {
        var entries = _entries.Span;
        var bytes = new byte[entries.Length * EntrySize];
        var at = bytes.AsSpan();
        foreach (var entry in entries)
        {
            BinaryPrimitives.WriteInt32BigEndian(at, entry.Relative);
            BinaryPrimitives.WriteInt32BigEndian(at[4..], entry.Position);
            at = at[EntrySize..];
        }
        return bytes;
    }

    /// <summary>Reads a file's content. Null when it cannot be right: the caller rebuilds it from the log.</summary>
    public static OffsetIndex? TryParse(long baseOffset, ReadOnlySpan<byte> bytes, int logLength)
    {
        if (bytes.Length % EntrySize != 0)
            return null;
        var entries = new Entry[bytes.Length / EntrySize];
        var last = new Entry(-1, -1);
        foreach (ref var entry in entries.AsSpan())
        {
            entry = new Entry(BinaryPrimitives.ReadInt32BigEndian(bytes),
                BinaryPrimitives.ReadInt32BigEndian(bytes[4..]));
            bytes = bytes[EntrySize..];
            if (entry.Relative <= last.Relative || entry.Position <= last.Position || entry.Position >= logLength)
                return null;
            last = entry;
        }
        return new OffsetIndex(baseOffset, new IndexEntries<Entry>(entries));
    }

    readonly record struct Entry(int Relative, int Position) : IIndexEntry
    {
        public long Key => Relative;
    }
}
