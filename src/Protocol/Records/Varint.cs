using System.Numerics;
using System.Runtime.CompilerServices;

namespace Millrace.Protocol.Records;

/// <summary>The zig-zag variable-length integers of record bodies: seven bits a byte, lowest first, top bit =
/// more.</summary>
static class Varint
{
    /// <summary>The most bytes that a 32-bit number takes.</summary>
    public const int MaxSize = 5;

    /// <summary>The most bytes that a 64-bit number takes.</summary>
    public const int MaxLongSize = 10;

    /// <summary>Encoded size of a 32-bit number, in bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf(int value) => UnsignedSize(ZigZag(value));

    /// <summary>Encoded size of a 64-bit number, in bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SizeOf(long value) => UnsignedSize(ZigZag(value));

    /// <summary>Writes at <paramref name="destination"/> without a bounds check and returns the size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Write(ref byte destination, int value)
    {
        var rest = ZigZag(value);
        if (rest < 0x80)
        {
            destination = (byte)rest;
            return 1;
        }

        return WriteLong(ref destination, rest);
    }

    /// <summary>Writes at <paramref name="destination"/> without a bounds check and returns the size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Write(ref byte destination, long value)
    {
        var rest = ZigZag(value);
        if (rest < 0x80)
        {
            destination = (byte)rest;
            return 1;
        }

        return WriteLong(ref destination, rest);
    }

    /// <summary>Reads a 32-bit number that must end before <paramref name="end"/>. False if it does not, or is too
    /// long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ref byte start, ref int position, int end, out int value)
    {
        if (position < end)
        {
            var first = (uint)Unsafe.Add(ref start, position);
            if (first < 0x80)
            {
                position++;
                value = (int)(first >> 1) ^ -(int)(first & 1);
                return true;
            }
        }

        var ok = TryReadRest(ref start, ref position, end, MaxSize, out var raw);
        var low = (uint)raw;
        value = (int)(low >> 1) ^ -(int)(low & 1);
        return ok;
    }

    /// <summary>Reads a 64-bit number that must end before <paramref name="end"/>. False if it does not, or is too
    /// long.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ref byte start, ref int position, int end, out long value)
    {
        if (position < end)
        {
            var first = (uint)Unsafe.Add(ref start, position);
            if (first < 0x80)
            {
                position++;
                value = (int)(first >> 1) ^ -(int)(first & 1);
                return true;
            }
        }

        var ok = TryReadRest(ref start, ref position, end, MaxLongSize, out var raw);
        value = (long)(raw >> 1) ^ -(long)(raw & 1);
        return ok;
    }

    static bool TryReadRest(ref byte start, ref int position, int end, int maxSize, out ulong raw)
    {
        raw = 0;
        var last = Math.Min(end, position + maxSize);
        for (var shift = 0; position < last; shift += 7)
        {
            var next = Unsafe.Add(ref start, position++);
            raw |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        raw = 0;
        return false;
    }

    static int WriteLong(ref byte destination, ulong rest)
    {
        var size = 0;
        while (rest >= 0x80)
        {
            Unsafe.Add(ref destination, size++) = (byte)(rest | 0x80);
            rest >>= 7;
        }

        Unsafe.Add(ref destination, size++) = (byte)rest;
        return size;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint ZigZag(int value) => (uint)((value << 1) ^ (value >> 31));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong ZigZag(long value) => (ulong)((value << 1) ^ (value >> 63));

    // ceil(bits / 7) without a division: exact for 1 to 64 bits (36/256 is just below 1/7).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int UnsignedSize(ulong value) => (((BitOperations.Log2(value | 1) + 1) * 36) + 256) >> 8;
}
