namespace Millrace.Protocol.Wire;

/// <summary>Writes primitives into pooled chunks.</summary>
public sealed class WireWriter
{
    readonly List<ReadOnlyMemory<byte>> _segments = [];

    /// <summary>Appends bytes by reference.</summary>
    public void WriteBorrowed(ReadOnlyMemory<byte> bytes) => _segments.Add(bytes);
}
