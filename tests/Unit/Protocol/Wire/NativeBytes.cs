using System.Buffers;

namespace Millrace.Unit.Protocol.Wire;

/// <summary>Memory that no array backs.</summary>
sealed unsafe class NativeBytes : MemoryManager<byte>
{
    readonly byte* _start;
    readonly int _length;

    public NativeBytes(ReadOnlySpan<byte> bytes)
    {
        _length = bytes.Length;
        _start = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(_start, _length));
    }

    public override Span<byte> GetSpan() => new(_start, _length);

    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex);

    public override void Unpin()
    {
    }

    protected override void Dispose(bool disposing) => System.Runtime.InteropServices.NativeMemory.Free(_start);
}
