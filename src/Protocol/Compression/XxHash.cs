using System.Buffers.Binary;
using System.Numerics;

namespace Millrace.Protocol.Compression;

/// <summary>XXH32 and XXH64 with seed 0: the checksums of LZ4 and Zstandard frames.</summary>
static class XxHash
{
    const uint P1 = 0x9E3779B1;
    const uint P2 = 0x85EBCA77;
    const uint P3 = 0xC2B2AE3D;
    const uint P4 = 0x27D4EB2F;
    const uint P5 = 0x165667B1;

    const ulong L1 = 0x9E3779B185EBCA87;
    const ulong L2 = 0xC2B2AE3D27D4EB4F;
    const ulong L3 = 0x165667B19E3779F9;
    const ulong L4 = 0x85EBCA77C2B2AE63;
    const ulong L5 = 0x27D4EB2F165667C5;

    public static uint Hash32(ReadOnlySpan<byte> bytes)
    {
        var length = (uint)bytes.Length;
        var hash = P5;
        if (bytes.Length >= 16)
        {
            var a = unchecked(P1 + P2);
            var b = P2;
            var c = 0u;
            var d = unchecked(0u - P1);
            for (; bytes.Length >= 16; bytes = bytes[16..])
            {
                a = Round(a, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
                b = Round(b, BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
                c = Round(c, BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
                d = Round(d, BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]));
            }

            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7)
                + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        }

        hash += length;
        for (; bytes.Length >= 4; bytes = bytes[4..])
        {
            hash = BitOperations.RotateLeft(hash + (BinaryPrimitives.ReadUInt32LittleEndian(bytes) * P3), 17) * P4;
        }

        foreach (var next in bytes)
        {
            hash = BitOperations.RotateLeft(hash + (next * P5), 11) * P1;
        }

        hash = (hash ^ (hash >> 15)) * P2;
        hash = (hash ^ (hash >> 13)) * P3;
        return hash ^ (hash >> 16);
    }

    public static ulong Hash64(ReadOnlySpan<byte> bytes)
    {
        var length = (ulong)bytes.Length;
        var hash = L5;
        if (bytes.Length >= 32)
        {
            var a = unchecked(L1 + L2);
            var b = L2;
            var c = 0ul;
            var d = unchecked(0ul - L1);
            for (; bytes.Length >= 32; bytes = bytes[32..])
            {
                a = Round(a, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
                b = Round(b, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
                c = Round(c, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
                d = Round(d, BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
            }

            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7)
                + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
            hash = Merge(Merge(Merge(Merge(hash, a), b), c), d);
        }

        hash += length;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            hash ^= Round(0ul, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            hash = (BitOperations.RotateLeft(hash, 27) * L1) + L4;
        }

        if (bytes.Length >= 4)
        {
            hash ^= BinaryPrimitives.ReadUInt32LittleEndian(bytes) * L1;
            hash = (BitOperations.RotateLeft(hash, 23) * L2) + L3;
            bytes = bytes[4..];
        }

        foreach (var next in bytes)
        {
            hash = BitOperations.RotateLeft(hash ^ (next * L5), 11) * L1;
        }

        hash = (hash ^ (hash >> 33)) * L2;
        hash = (hash ^ (hash >> 29)) * L3;
        return hash ^ (hash >> 32);
    }

    static uint Round(uint lane, uint input) => BitOperations.RotateLeft(lane + (input * P2), 13) * P1;

    static ulong Round(ulong lane, ulong input) => BitOperations.RotateLeft(lane + (input * L2), 31) * L1;

    static ulong Merge(ulong hash, ulong lane) => ((hash ^ Round(0ul, lane)) * L1) + L4;
}
