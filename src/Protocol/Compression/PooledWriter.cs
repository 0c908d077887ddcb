using System.Buffers;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression;

/// <summary>A growing byte array from a pool. What was written stays in one piece, so that a decoder can copy from it.
/// Not safe for use by several threads.</summary>
/// <param name="pool">Where arrays come from and go back to.</param>
public sealed class PooledWriter(BufferPool pool) : IBufferWriter<byte>, IDisposable
{
    const int LeastCapacity = 256;

    readonly BufferPool _pool = pool;
    byte[] _array = [];
    int _length;

    /// <summary>How many bytes were written.</summary>
    public int Length => _length;

    /// <summary>What was written. Valid until the next call that writes, and until the end of the writer's
    /// life.</summary>
    public Memory<byte> WrittenMemory => _array.AsMemory(0, _length);

    /// <summary>What was written. Valid until the next call that writes, and until the end of the writer's
    /// life.</summary>
    public Span<byte> WrittenSpan => _array.AsSpan(0, _length);

    /// <summary>The pool that the writer was made with.</summary>
    internal BufferPool Pool => _pool;

    /// <summary>The array itself: only for decoders that write behind <see cref="Length"/> after
    /// <see cref="Reserve"/>.</summary>
    internal byte[] Array => _array;

    /// <summary>Makes room for so many bytes more, so that the array does not move while they are written.</summary>
    public void Reserve(int more)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(more);
        if (more > _array.Length - _length)
        {
            Grow(more);
        }
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsSpan(_length);
    }

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _array.AsMemory(_length);
    }

    /// <inheritdoc/>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _length);
        _length += count;
    }

    /// <summary>Appends a copy of the bytes.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_array.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>Forgets what was written, from the given length on; keeps the array.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, _length);
        _length = length;
    }

    /// <summary>Hands the written bytes over as a shared buffer with one reference, and starts empty again.</summary>
    public SharedBuffer DetachShared()
    {
        Reserve(_length == 0 ? 1 : 0);
        var buffer = new SharedBuffer(_pool, _array, _length);
        _array = [];
        _length = 0;
        return buffer;
    }

    /// <summary>Gives the array back. The writer is empty after that and may be used again.</summary>
    public void Dispose()
    {
        var array = _array;
        _array = [];
        _length = 0;
        if (array.Length > 0)
        {
            _pool.Return(array);
        }
    }

    void Grow(int more)
    {
        var least = (long)_length + more;
        if (least > System.Array.MaxLength)
        {
            throw new InvalidOperationException($"A buffer of {least} bytes is more than an array can hold.");
        }

        var wanted = Math.Min(System.Array.MaxLength, Math.Max(least, Math.Max(LeastCapacity, 2L * _array.Length)));
        var bigger = _pool.Rent((int)wanted);
        _array.AsSpan(0, _length).CopyTo(bigger);
        if (_array.Length > 0)
        {
            _pool.Return(_array);
        }

        _array = bigger;
    }
}
