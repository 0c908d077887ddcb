using Millrace.Broker.Storage;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Log;

/// <summary>Walks the batches of a segment file with few large reads. Owns a pooled buffer until disposed.</summary>
/// <param name="file">The segment's file.</param>
/// <param name="pool">Where the buffer comes from.</param>
/// <param name="bufferBytes">How much is read at once; a larger batch gets a larger buffer when it is read
/// whole.</param>
/// <param name="position">Where the first batch starts.</param>
/// <param name="end">Where the walk ends.</param>
sealed class BatchScanner(IFile file, BufferPool pool, int bufferBytes, int position, int end) : IDisposable
{
    byte[] _buffer = pool.Rent((int)Math.Max(RecordBatchHeader.Size, Math.Min(bufferBytes, (long)end - position)));
    RecordBatchHeader _header;
    int _windowStart = position; // what of the file stands in the buffer: [start, end)
    int _windowEnd = position;
    int _next = position;

    /// <summary>The current batch's header.</summary>
    public ref readonly RecordBatchHeader Header => ref _header;

    /// <summary>Where the current batch starts in the file.</summary>
    public int Position { get; private set; } = position;

    /// <summary>Where the next batch starts: all before was walked over.</summary>
    public int NextPosition => _next;

    /// <summary>What ended the walk before the end, or None.</summary>
    public BatchFault Fault { get; private set; }

    /// <summary>The current batch, whole, after <see cref="MoveNext"/> with <c>whole</c>. Borrowed until the next
    /// move.</summary>
    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(Position - _windowStart, _next - Position);

    /// <summary>Goes to the next batch. False at the end and at bytes that cannot be a batch
    /// (<see cref="Fault"/>).</summary>
    /// <param name="whole">Read the whole batch, not only its header.</param>
    public bool MoveNext(bool whole = false)
    {
        if (_next >= end || Fault != BatchFault.None)
            return false;
        if (!Fill(RecordBatchHeader.Size)
            || !RecordBatchHeader.TryRead(_buffer.AsSpan(_next - _windowStart, RecordBatchHeader.Size), out _header))
        {
            return Stop(BatchFault.TooShort);
        }
        if (_header.Magic != RecordBatchHeader.CurrentMagic)
            return Stop(BatchFault.UnsupportedMagic);
        var size = (long)_header.BatchLength + RecordBatchHeader.LengthOverhead;
        if (size < RecordBatchHeader.Size || size > end - _next)
            return Stop(BatchFault.SizeMismatch);
        if (whole && !Fill((int)size))
            return Stop(BatchFault.SizeMismatch);
        Position = _next;
        _next += (int)size;
        return true;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
            pool.Return(_buffer);
        _buffer = [];
    }

    bool Stop(BatchFault fault)
    {
        Fault = fault;
        return false;
    }

    // Makes [_next, _next + count) stand in the buffer.
    bool Fill(int count)
    {
        if (count > end - _next)
            return false;
        if (_next >= _windowStart && count <= _windowEnd - _next)
            return true;
        if (count > _buffer.Length)
        {
            var larger = pool.Rent(count);
            pool.Return(_buffer);
            _buffer = larger;
        }
        var wanted = Math.Max(count, Math.Min(Math.Min(_buffer.Length, bufferBytes), end - _next));
        _windowStart = _next;
        _windowEnd = _next + file.Read(_buffer.AsSpan(0, wanted), _next);
        return _windowEnd - _next >= count;
    }
}
