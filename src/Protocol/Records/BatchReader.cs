using System.Buffers.Binary;

namespace Millrace.Protocol.Records;

/// <summary>Walks batches that stand one behind the other, as in a fetch answer or a segment. Reads lengths and
/// headers,
/// no checksum: see <see cref="RecordBatch.Validate"/>. Stops at a cut-off tail (<see cref="IsTruncated"/>) and at
/// bytes that cannot be a batch (<see cref="Fault"/>).</summary>
/// <param name="bytes">Borrowed as long as the reader lives.</param>
public ref struct BatchReader(ReadOnlySpan<byte> bytes)
{
    readonly ReadOnlySpan<byte> _bytes = bytes;
    RecordBatchHeader _current;
    int _start;
    int _next;

    /// <summary>The batch's header.</summary>
    public readonly RecordBatchHeader Current => _current;

    /// <summary>Where the current batch starts in the bytes.</summary>
    public readonly int CurrentStart => _start;

    /// <summary>The current batch, whole.</summary>
    public readonly ReadOnlySpan<byte> CurrentBytes => _bytes[_start.._next];

    /// <summary>Where the next batch starts: everything before was walked over.</summary>
    public readonly int Position => _next;

    /// <summary>The bytes end inside a batch. Not an error in a fetch answer, unless that batch is the first.</summary>
    public bool IsTruncated { get; private set; }

    /// <summary>Size in bytes of the batch that was cut off, as far as it is known; else 0.</summary>
    public int TruncatedSize { get; private set; }

    /// <summary>What is wrong with the bytes at <see cref="Position"/>, which ended the walk.</summary>
    public BatchFault Fault { get; private set; }

    /// <summary>Goes to the next batch. False at the end, at a cut-off tail and at a fault.</summary>
    public bool MoveNext()
    {
        var rest = _bytes[_next..];
        if (rest.IsEmpty || IsTruncated || Fault != BatchFault.None)
        {
            return false;
        }

        _start = _next;
        if (rest.Length < RecordBatchHeader.LengthOverhead)
        {
            IsTruncated = true;
            return false;
        }

        var length = BinaryPrimitives.ReadInt32BigEndian(rest[RecordBatchHeader.LengthAt..]);
        if (rest.Length > RecordBatchHeader.MagicAt
            && rest[RecordBatchHeader.MagicAt] != RecordBatchHeader.CurrentMagic)
        {
            Fault = BatchFault.UnsupportedMagic;
            return false;
        }

        // At most int.MaxValue in all: no array is longer.
        const int leastLength = RecordBatchHeader.Size - RecordBatchHeader.LengthOverhead;
        if (length is < leastLength or > int.MaxValue - RecordBatchHeader.LengthOverhead)
        {
            Fault = BatchFault.SizeMismatch;
            return false;
        }

        var size = length + RecordBatchHeader.LengthOverhead;
        if (size > rest.Length)
        {
            IsTruncated = true;
            TruncatedSize = size;
            return false;
        }

        RecordBatchHeader.TryRead(rest, out _current);
        _next = _start + size;
        return true;
    }
}
