using System.Buffers;

namespace Millrace.Protocol.Wire;

/// <summary>Where every pooled byte array comes from. A rented array has one owner, who returns it exactly once.
/// Tests run on a diagnostic pool that detects leaks, double returns and use after return.</summary>
public abstract class BufferPool
{
    /// <summary>The pool of production code: the array pool of the base class library.</summary>
    public static BufferPool Default { get; } = new SharedArrays();

    /// <summary>Rents an array of at least the given length. Its content is undefined.</summary>
    public abstract byte[] Rent(int minimumLength);

    /// <summary>Gives an array back. The caller must not touch it again.</summary>
    public abstract void Return(byte[] buffer);

    // The one place that may name the shared pool.
#pragma warning disable RS0030
    sealed class SharedArrays : BufferPool
    {
        public override byte[] Rent(int minimumLength) => ArrayPool<byte>.Shared.Rent(minimumLength);

        public override void Return(byte[] buffer) => ArrayPool<byte>.Shared.Return(buffer);
    }
#pragma warning restore RS0030
}
