using System.Buffers.Binary;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression;

// A frame:
//
//   +------------+-----+----+--------------+---------------+----------+--------+-----+----------+----------+
//   | 0x184D2204 | FLG | BD | content size | dictionary id | header   | blocks | ... | 0, the   | content  |
//   | uint32     |     |    | uint64       | uint32        | checksum |        |     | end mark | checksum |
//   +------------+-----+----+--------------+---------------+----------+--------+-----+----------+----------+
//   FLG: bits 6-7 version 01, 5 independent blocks, 4 block checksums, 3 content size,
//        2 content checksum, 0 dictionary id
//   BD:  bits 4-6 greatest block: 4 = 64 KiB, 5 = 256 KiB, 6 = 1 MiB, 7 = 4 MiB
//   header checksum: the second byte of XXH32 from FLG on
//
//   block: | size uint32, top bit = not compressed | bytes | XXH32 of the bytes, if FLG says so |      little-endian

/// <summary>LZ4 frames. Reads everything but dictionaries; writes what Java clients read: independent blocks of 64
/// KiB.</summary>
sealed class Lz4Codec : Codec
{
    public static readonly Lz4Codec Instance = new();

    const uint Magic = 0x184D2204;
    const uint SkippableMagic = 0x184D2A50;
    const uint SkippableMask = 0xFFFFFFF0;
    const uint NotCompressedBit = 0x80000000;

    const byte IndependentBlocks = 0x20;
    const byte BlockChecksums = 0x10;
    const byte ContentSize = 0x08;
    const byte ContentChecksum = 0x04;
    const byte DictionaryId = 0x01;

    const int BlockSize = 64 * 1024;

    static readonly ContextPool<Lz4Encoder> Encoders = new(() => new Lz4Encoder());

    public override CompressionType Type => CompressionType.Lz4;

    // Magic, version 1 with independent blocks, 64 KiB, and their checksum: always the same seven bytes.
    static ReadOnlySpan<byte> Header => [0x04, 0x22, 0x4D, 0x18, 0x60, 0x40, 0x82];

    public override int Compress(ReadOnlySpan<byte> source, PooledWriter destination, int? level = null)
    {
        var before = destination.Length;
        destination.Write(Header);
        var encoder = Encoders.Rent();
        while (!source.IsEmpty)
        {
            var block = source[..Math.Min(BlockSize, source.Length)];
            var room = destination.GetSpan(sizeof(uint) + Lz4Encoder.BoundOf(block.Length));
            var size = encoder.Encode(block, room[sizeof(uint)..]);
            if (size < block.Length)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(room, (uint)size);
            }
            else
            {
                size = block.Length;
                BinaryPrimitives.WriteUInt32LittleEndian(room, (uint)size | NotCompressedBit);
                block.CopyTo(room[sizeof(uint)..]);
            }

            destination.Advance(sizeof(uint) + size);
            source = source[block.Length..];
        }

        Encoders.Return(encoder);
        destination.Write([0, 0, 0, 0]);
        return destination.Length - before;
    }

    public override int Decompress(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize)
    {
        var before = destination.Length;
        var at = 0;
        do
        {
            var magic = Read32(source, ref at);
            if (magic == Magic)
            {
                DecodeFrame(source, ref at, destination, maxSize - (destination.Length - before));
            }
            else if ((magic & SkippableMask) == SkippableMagic)
            {
                Skip(source, ref at, Read32(source, ref at));
            }
            else
            {
                throw new WireFormatException($"LZ4 data has no frame at byte {at - 4} of {source.Length}.");
            }
        }
        while (at < source.Length);

        return destination.Length - before;
    }

    static void DecodeFrame(ReadOnlySpan<byte> source, ref int at, PooledWriter destination, int maxSize)
    {
        var (flags, blockSize, contentSize) = ReadDescriptor(source, ref at);
        var start = destination.Length;
        while (true)
        {
            var size = Read32(source, ref at);
            if (size == 0)
            {
                break;
            }

            var isPlain = (size & NotCompressedBit) != 0;
            size &= ~NotCompressedBit;
            if (size > (uint)blockSize || size > (uint)(source.Length - at))
            {
                throw new WireFormatException($"The LZ4 block at byte {at} of {source.Length} has length {size}.");
            }

            var block = source.Slice(at, (int)size);
            at += block.Length;
            if ((flags & BlockChecksums) != 0 && Read32(source, ref at) != XxHash.Hash32(block))
            {
                throw new WireFormatException($"The checksum of the LZ4 block before byte {at} does not match.");
            }

            var floor = (flags & IndependentBlocks) != 0 ? destination.Length : start;
            DecodeBlock(block, isPlain, destination, floor, blockSize, maxSize - (destination.Length - start), maxSize);
        }

        var content = destination.WrittenSpan[start..];
        if ((flags & ContentChecksum) != 0 && Read32(source, ref at) != XxHash.Hash32(content))
        {
            throw new WireFormatException("The checksum of an LZ4 frame's content does not match.");
        }

        if (contentSize is { } promised && promised != (ulong)content.Length)
        {
            throw new WireFormatException($"An LZ4 frame promises {promised} bytes and has {content.Length}.");
        }
    }

    static (byte Flags, int BlockSize, ulong? ContentSize) ReadDescriptor(ReadOnlySpan<byte> source, ref int at)
    {
        var start = at;
        Skip(source, ref at, 2);
        var flags = source[start];
        var blockCode = (source[start + 1] >> 4) & 7;
        if (flags >> 6 != 1 || (flags & 0x02) != 0 || blockCode < 4 || (source[start + 1] & 0x8F) != 0)
        {
            throw new WireFormatException($"An LZ4 frame has flags 0x{flags:x2} and 0x{source[start + 1]:x2}.");
        }

        ulong? contentSize = null;
        if ((flags & ContentSize) != 0)
        {
            Skip(source, ref at, sizeof(ulong));
            contentSize = BinaryPrimitives.ReadUInt64LittleEndian(source[(at - sizeof(ulong))..]);
        }

        if ((flags & DictionaryId) != 0)
        {
            throw new WireFormatException("An LZ4 frame wants a dictionary, which record batches never have.");
        }

        var checksum = (byte)(XxHash.Hash32(source[start..at]) >> 8);
        Skip(source, ref at, 1);
        return source[at - 1] == checksum
            ? (flags, 1 << (8 + (2 * blockCode)), contentSize)
            : throw new WireFormatException("The checksum of an LZ4 frame's header does not match.");
    }

    static void DecodeBlock(
        ReadOnlySpan<byte> block, bool isPlain, PooledWriter destination, int floor, int blockSize, int left,
        int maxSize)
    {
        if (isPlain)
        {
            if (block.Length > left)
            {
                throw TooLarge("LZ4", maxSize);
            }

            destination.Write(block);
            return;
        }

        // A byte of input extends a match by at most 255: a small block needs no room for a large one.
        var bound = (int)Math.Min(blockSize, 255L * block.Length);
        var room = Math.Min(bound, left);
        destination.Reserve(room);
        var output = destination.Array.AsSpan(0, destination.Length + room);
        var written = Lz4Decoder.Decode(block, output, destination.Length, floor, out var isFull);
        if (written < 0)
        {
            throw isFull && room == left && left < bound
                ? TooLarge("LZ4", maxSize)
                : new WireFormatException($"An LZ4 block of {block.Length} bytes is damaged.");
        }

        destination.Advance(written);
    }

    static uint Read32(ReadOnlySpan<byte> source, ref int at)
    {
        Skip(source, ref at, sizeof(uint));
        return BinaryPrimitives.ReadUInt32LittleEndian(source[(at - sizeof(uint))..]);
    }

    static void Skip(ReadOnlySpan<byte> source, ref int at, uint count)
    {
        if (count > (uint)(source.Length - at))
        {
            throw new WireFormatException($"LZ4 data of {source.Length} bytes ends inside a frame.");
        }

        at += (int)count;
    }
}
