using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using ArmCrc32 = System.Runtime.Intrinsics.Arm.Crc32;

namespace Millrace.Protocol.Records;

/// <summary>CRC-32C (Castagnoli): the checksum of record batches and of a log's producer snapshots.</summary>
public static class Crc32C
{
    // The instruction takes three cycles and starts every cycle: three independent lanes keep it busy. Two lane sizes,
    // so
    // that batches of a kilobyte gain too and large ones pay for the combination seldom.
    const int LongLane = 4096;
    const int ShortLane = 256;

    static readonly SlicedCrc Table = new(0x82F63B78);
    static readonly uint[] LongShift = MakeShiftTable(LongLane);
    static readonly uint[] ShortShift = MakeShiftTable(ShortLane);

    static bool HasInstruction => Sse42.X64.IsSupported || ArmCrc32.Arm64.IsSupported;

    /// <summary>The checksum of the bytes.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>The checksum of everything so far and the bytes behind it.</summary>
    /// <param name="crc">The checksum so far; 0 at the start.</param>
    /// <param name="bytes">What comes next.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes) =>
        HasInstruction ? ~WithInstruction(~crc, bytes) : ~Table.Continue(~crc, bytes);

    /// <summary>The way of machines without the instruction, for tests.</summary>
    internal static uint AppendWithTable(uint crc, ReadOnlySpan<byte> bytes) => ~Table.Continue(~crc, bytes);

    static uint WithInstruction(uint state, ReadOnlySpan<byte> bytes)
    {
        ref var at = ref MemoryMarshal.GetReference(bytes);
        nuint left = (uint)bytes.Length;
        while (left >= 3 * LongLane)
        {
            state = ThreeLanes(state, ref at, LongLane, LongShift);
            at = ref Unsafe.Add(ref at, 3 * LongLane);
            left -= 3 * LongLane;
        }

        while (left >= 3 * ShortLane)
        {
            state = ThreeLanes(state, ref at, ShortLane, ShortShift);
            at = ref Unsafe.Add(ref at, 3 * ShortLane);
            left -= 3 * ShortLane;
        }

        for (; left >= sizeof(ulong); left -= sizeof(ulong))
        {
            state = BitOperations.Crc32C(state, Load(ref at, 0));
            at = ref Unsafe.Add(ref at, sizeof(ulong));
        }

        for (; left > 0; left--)
        {
            state = BitOperations.Crc32C(state, at);
            at = ref Unsafe.Add(ref at, 1);
        }

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint ThreeLanes(uint first, ref byte at, int lane, uint[] shift)
    {
        uint second = 0;
        uint third = 0;
        for (nint i = 0; i < lane; i += sizeof(ulong))
        {
            first = BitOperations.Crc32C(first, Load(ref at, i));
            second = BitOperations.Crc32C(second, Load(ref at, i + lane));
            third = BitOperations.Crc32C(third, Load(ref at, i + (2 * lane)));
        }

        return Shift(Shift(first, shift) ^ second, shift) ^ third;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong Load(ref byte at, nint offset)
    {
        var value = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, offset));
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    // The state after a lane of zero bytes. Linear in the state, so four look-ups, one a byte.
    static uint Shift(uint state, uint[] table) =>
        table[state & 0xFF]
        ^ table[256 + ((state >> 8) & 0xFF)]
        ^ table[512 + ((state >> 16) & 0xFF)]
        ^ table[768 + (state >> 24)];

    static uint[] MakeShiftTable(int zeros)
    {
        var table = new uint[4 * 256];
        var lane = new byte[zeros];
        for (var bit = 0; bit < 32; bit++)
        {
            var basis = Table.Continue(1u << bit, lane);
            var row = (bit / 8) * 256;
            for (var value = 0; value < 256; value++)
            {
                if ((value & (1 << (bit % 8))) != 0)
                {
                    table[row + value] ^= basis;
                }
            }
        }

        return table;
    }
}
