using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Millrace.Protocol.Compression;

/// <summary>The copies that every Lempel-Ziv codec makes. Callers check the bounds; wide stores here stay inside the
/// spans.</summary>
static class Window
{
    const int Wide = 16;

    /// <summary>Copies from the input. Short ones as one or two wide stores when there is room for them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyLiteral(ReadOnlySpan<byte> input, int from, Span<byte> output, int to, int length)
    {
        if (length <= Wide && input.Length - from >= Wide && output.Length - to >= Wide)
        {
            ref var source = ref Unsafe.Add(ref MemoryMarshal.GetReference(input), from);
            Vector128.LoadUnsafe(ref source).StoreUnsafe(ref Unsafe.Add(ref MemoryMarshal.GetReference(output), to));
            return;
        }

        input.Slice(from, length).CopyTo(output[to..]);
    }

    /// <summary>Copies from what was written before: the bytes <paramref name="offset"/> back from
    /// <paramref name="at"/>, which may overlap what is being written (a run).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void CopyMatch(Span<byte> output, int at, int offset, int length)
    {
        if (offset >= Wide && output.Length - at - length >= Wide)
        {
            ref var target = ref Unsafe.Add(ref MemoryMarshal.GetReference(output), at);
            ref var source = ref Unsafe.Subtract(ref target, offset);
            for (var i = 0; i < length; i += Wide)
            {
                Vector128.LoadUnsafe(ref source, (nuint)i).StoreUnsafe(ref target, (nuint)i);
            }

            return;
        }

        CopyMatchSlowly(output, at, offset, length);
    }

    /// <summary>How many bytes are the same from both places on, before <paramref name="end"/> at the later
    /// one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int MatchLength(ref byte start, int earlier, int later, int end)
    {
        var from = later;
        while (later <= end - sizeof(ulong))
        {
            var difference = Read64(ref start, earlier) ^ Read64(ref start, later);
            if (difference != 0)
            {
                return later - from + (BitOperations.TrailingZeroCount(difference) >> 3);
            }

            earlier += sizeof(ulong);
            later += sizeof(ulong);
        }

        while (later < end && Unsafe.Add(ref start, earlier) == Unsafe.Add(ref start, later))
        {
            earlier++;
            later++;
        }

        return later - from;
    }

    /// <summary>Four bytes, little-endian, without a bounds check.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Read32(ref byte start, int at)
    {
        var value = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref start, at));
        return BitConverter.IsLittleEndian ? value : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
    }

    /// <summary>Eight bytes, little-endian, without a bounds check.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read64(ref byte start, int at)
    {
        var value = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, at));
        return BitConverter.IsLittleEndian ? value : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
    }

    static void CopyMatchSlowly(Span<byte> output, int at, int offset, int length)
    {
        // Each round copies what is there already, so a run doubles.
        var source = at - offset;
        if (offset == 1)
        {
            output.Slice(at, length).Fill(output[source]);
            return;
        }

        while (length > 0)
        {
            var piece = Math.Min(length, at - source);
            output.Slice(source, piece).CopyTo(output[at..]);
            at += piece;
            length -= piece;
        }
    }
}
