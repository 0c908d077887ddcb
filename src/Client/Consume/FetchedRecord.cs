using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Client.Consume;

/// <summary>One record, borrowed from its batch: valid until the batch's last reference is given back. Small enough
/// to copy.</summary>
public readonly struct FetchedRecord
{
    readonly FetchedBatch _batch;
    readonly int _index;

    internal FetchedRecord(FetchedBatch batch, int index)
    {
        _batch = batch;
        _index = index;
    }

    /// <summary>The batch that it is in; <see cref="FetchedBatch.Retain"/> it to keep the record.</summary>
    public FetchedBatch Batch => _batch;

    /// <summary>Its offset in the partition.</summary>
    public long Offset => _batch.OffsetOf(_index);

    /// <summary>Milliseconds since 1970 UTC, set by the producer or by the broker
    /// (<see cref="FetchedBatch.TimestampType"/>).</summary>
    public long TimestampMs => _batch.TimestampOf(_index);

    /// <summary>The key's bytes; empty if null. Borrowed.</summary>
    public ReadOnlyMemory<byte> Key
    {
        get
        {
            ref readonly var view = ref _batch.View(_index);
            return _batch.Slice(view.KeyStart, view.KeyLength);
        }
    }

    /// <summary>The value's bytes; empty if null. Borrowed.</summary>
    public ReadOnlyMemory<byte> Value
    {
        get
        {
            ref readonly var view = ref _batch.View(_index);
            return _batch.Slice(view.ValueStart, view.ValueLength);
        }
    }

    /// <summary>There is no key, which is not the same as an empty one.</summary>
    public bool IsKeyNull => _batch.View(_index).KeyIsNull;

    /// <summary>There is no value: a tombstone in a compacted topic.</summary>
    public bool IsValueNull => _batch.View(_index).ValueIsNull;

    /// <summary>The headers, parsed when they are walked.</summary>
    public FetchedHeaders Headers => new(_batch, _index);
}

/// <summary>The headers of one record, parsed on each walk; values are borrowed from the batch.</summary>
public readonly struct FetchedHeaders
{
    readonly FetchedBatch _batch;
    readonly int _index;

    internal FetchedHeaders(FetchedBatch batch, int index)
    {
        _batch = batch;
        _index = index;
    }

    /// <summary>How many there are.</summary>
    public int Count => _batch.View(_index).HeaderCount;

    /// <summary>Finds the last header of that name, which is the one that counts by Kafka's convention.</summary>
    /// <param name="key">The name.</param>
    /// <param name="value">Its bytes, borrowed; null if the header's value is null.</param>
    public bool TryGetLast(string key, out ReadOnlyMemory<byte>? value)
    {
        value = null;
        ref readonly var view = ref _batch.View(_index);
        if (view.HeaderCount == 0)
            return false;
        var found = false;
        var headers = view.Headers(_batch.Section.Span);
        while (headers.MoveNext())
        {
            if (headers.KeyLength == Encoding.UTF8.GetByteCount(key) && IsEqual(headers.Key, key))
            {
                found = true;
                value = ValueOf(headers);
            }
        }
        return found;
    }

    /// <summary>All of them, in order, as a new array; values are still borrowed.</summary>
    public RecordHeader[] ToArray()
    {
        ref readonly var view = ref _batch.View(_index);
        if (view.HeaderCount == 0)
            return [];
        var result = new RecordHeader[view.HeaderCount];
        var headers = view.Headers(_batch.Section.Span);
        for (var i = 0; headers.MoveNext(); i++)
        {
            result[i] = new RecordHeader(Encoding.UTF8.GetString(headers.Key), ValueOf(headers));
        }
        return result;
    }

    // "null : slice" would be an empty value: null converts to a byte array, and that to memory.
    ReadOnlyMemory<byte>? ValueOf(in RecordHeaderReader header) => header.ValueIsNull
        ? default(ReadOnlyMemory<byte>?)
        : _batch.Section.Slice(header.ValueStart, header.ValueLength);

    static bool IsEqual(ReadOnlySpan<byte> utf8, string text)
    {
        foreach (var c in text)
        {
            if (c > 0x7f)
                return Encoding.UTF8.GetString(utf8) == text;
        }
        for (var i = 0; i < text.Length; i++)
        {
            if (utf8[i] != text[i])
                return false;
        }
        return true;
    }
}
