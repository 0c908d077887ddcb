using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Writes bits from the lowest up. The output needs eight bytes of room behind the last one.</summary>
ref struct BitWriter(Span<byte> output)
{
    readonly Span<byte> _output = output;
    ulong _window;
    int _count;
    int _length;

    /// <summary>Adds bits; at most 57 between two calls of <see cref="Flush"/>. Higher bits of the value must be
    /// 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write(ulong value, int count)
    {
        _window |= value << _count;
        _count += count;
    }

    /// <summary>Stores the whole bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Flush()
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_output[_length..], _window);
        var bytes = _count >> 3;
        _length += bytes;
        _window >>= bytes << 3;
        _count &= 7;
    }

    /// <summary>Stores the last byte too and returns the size.</summary>
    public int Finish()
    {
        Flush();
        return _count > 0 ? _length + 1 : _length;
    }

    /// <summary>Adds the mark that a backward reader starts from, and finishes.</summary>
    public int FinishMarked()
    {
        Flush();
        Write(1, 1);
        return Finish();
    }
}
