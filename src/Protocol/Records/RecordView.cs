namespace Millrace.Protocol.Records;

/// <summary>Where one record's parts stand in its decompressed section. Holds no reference, so it may be kept beside
/// the
/// buffer; the spans that it hands out live as long as that buffer.</summary>
public readonly struct RecordView
{
    internal RecordView(
        long timestampDelta, int offsetDelta, int keyStart, int keyLength, int valueStart, int valueLength,
        int headersStart, int headerCount, int end)
    {
        TimestampDelta = timestampDelta;
        OffsetDelta = offsetDelta;
        KeyStart = keyStart;
        KeyLength = keyLength;
        ValueStart = valueStart;
        ValueLength = valueLength;
        HeadersStart = headersStart;
        HeaderCount = headerCount;
        End = end;
    }

    /// <summary>Milliseconds from the batch's base timestamp; see
    /// <see cref="RecordBatchHeader.TimestampOf"/>.</summary>
    public long TimestampDelta { get; }

    /// <summary>Distance from the batch's base offset.</summary>
    public int OffsetDelta { get; }

    /// <summary>Where the key starts in the section.</summary>
    public int KeyStart { get; }

    /// <summary>The key's length in bytes; -1 = null.</summary>
    public int KeyLength { get; }

    /// <summary>Where the value starts in the section.</summary>
    public int ValueStart { get; }

    /// <summary>The value's length in bytes; -1 = null.</summary>
    public int ValueLength { get; }

    /// <summary>Where the first header starts in the section.</summary>
    public int HeadersStart { get; }

    /// <summary>How many headers there are.</summary>
    public int HeaderCount { get; }

    /// <summary>Where the record ends in the section.</summary>
    public int End { get; }

    /// <summary>There is no key, which is not the same as an empty one.</summary>
    public bool KeyIsNull => KeyLength < 0;

    /// <summary>There is no value: a tombstone in a compacted topic.</summary>
    public bool ValueIsNull => ValueLength < 0;

    /// <summary>The key's bytes; empty if null. Borrowed from the section.</summary>
    /// <param name="section">The section that the record was read from.</param>
    public ReadOnlySpan<byte> Key(ReadOnlySpan<byte> section) =>
        KeyLength <= 0 ? default : section.Slice(KeyStart, KeyLength);

    /// <summary>The value's bytes; empty if null. Borrowed from the section.</summary>
    /// <param name="section">The section that the record was read from.</param>
    public ReadOnlySpan<byte> Value(ReadOnlySpan<byte> section) =>
        ValueLength <= 0 ? default : section.Slice(ValueStart, ValueLength);

    /// <summary>Walks the headers. Borrows from the section.</summary>
    /// <param name="section">The section that the record was read from.</param>
    public RecordHeaderReader Headers(ReadOnlySpan<byte> section) =>
        new(section[..End], HeadersStart, HeaderCount);
}
