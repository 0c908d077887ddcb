using System.Diagnostics;

namespace Millrace.Protocol.Wire;

/// <summary>A pooled buffer with several readers: counted references, returned to its pool when the last is released.
/// Whoever holds a reference may read <see cref="Memory"/>; nobody may after releasing his.</summary>
public sealed class SharedBuffer
{
    readonly BufferPool _pool;
    byte[]? _array;
    int _references = 1;

    /// <summary>Rents from the pool. The caller holds the first reference.</summary>
    /// <param name="pool">Where the array comes from and goes back to.</param>
    /// <param name="length">The length of <see cref="Memory"/>, in bytes.</param>
    public SharedBuffer(BufferPool pool, int length)
    {
        ArgumentNullException.ThrowIfNull(pool);
        _pool = pool;
        _array = pool.Rent(length);
        Length = length;
    }

    /// <summary>Takes over an array that was rented from the pool. The caller holds the first reference.</summary>
    internal SharedBuffer(BufferPool pool, byte[] rented, int length)
    {
        _pool = pool;
        _array = rented;
        Length = length;
    }

    /// <summary>The usable length, in bytes.</summary>
    public int Length { get; }

    /// <summary>The bytes. Throws <see cref="ObjectDisposedException"/> after the last release.</summary>
    public Memory<byte> Memory
    {
        get
        {
            var array = _array;
            ObjectDisposedException.ThrowIf(array is null, this);
            return array.AsMemory(0, Length);
        }
    }

    /// <summary>Takes one more reference. Only somebody who holds one may call it.</summary>
    public void Retain()
    {
        var now = Interlocked.Increment(ref _references);
        Debug.Assert(now > 1, "A buffer was retained after its last release.");
    }

    /// <summary>Gives one reference back.</summary>
    public void Release()
    {
        var now = Interlocked.Decrement(ref _references);
        Debug.Assert(now >= 0, "A buffer was released more often than retained.");
        if (now == 0)
        {
            var array = Interlocked.Exchange(ref _array, null)!;
            _pool.Return(array);
        }
    }
}
