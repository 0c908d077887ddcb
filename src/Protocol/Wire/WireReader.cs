namespace Millrace.Protocol.Wire;

/// <summary>Reads primitives from a frame.</summary>
public ref struct WireReader(ReadOnlyMemory<byte> memory)
{
    readonly ReadOnlyMemory<byte> _memory = memory;

    /// <summary>Bytes left.</summary>
    public readonly int Remaining => _memory.Length;

    /// <summary>Throws <see cref="WireFormatException"/> if the reader went bad.</summary>
    public readonly void ThrowIfBad()
    {
    }
}
