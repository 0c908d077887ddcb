using System.Buffers.Binary;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression.Zstd;

// A frame, little-endian:
//
//   +------------+------------+--------+---------------+--------------+--------+-----+-------------------+
//   | 0xFD2FB528 | descriptor | window | dictionary id | content size | blocks | ... | content checksum  |
//   | uint32     | 1 byte     | 0 or 1 | 0, 1, 2 or 4  | 0, 1, 2, 4, 8|        |     | low half of XXH64 |
//   +------------+------------+--------+---------------+--------------+--------+-----+-------------------+
//   descriptor: bits 6-7 size of the content size, 5 single segment (no window byte), 3 reserved,
//               2 checksum, 0-1 size of the id
//
//   block: | header, 3 bytes: bit 0 last, 1-2 type, 3-23 size | content |

/// <summary>Zstandard in C#. Reads everything but dictionaries; writes one greedy level.</summary>
sealed class ZstdCodec : Codec
{
    public static readonly ZstdCodec Instance = new();

    const byte SingleSegment = 0x20;
    const byte ReservedBit = 0x08;
    const byte HasChecksum = 0x04;

    static readonly ContextPool<ZstdDecoder> Decoders = new(() => new ZstdDecoder());

    public override CompressionType Type => CompressionType.Zstd;

    public override int Compress(ReadOnlySpan<byte> source, PooledWriter destination, int? level = null) =>
        ZstdEncoder.Compress(source, destination);

    public override int Decompress(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize)
    {
        var before = destination.Length;
        var decoder = Decoders.Rent();
        try
        {
            var at = 0;
            do
            {
                var magic = BinaryPrimitives.ReadUInt32LittleEndian(Take(source, ref at, sizeof(uint)));
                if (magic == ZstdFormat.Magic)
                {
                    DecodeFrame(decoder, source, ref at, destination, maxSize - (destination.Length - before));
                }
                else if ((magic & ZstdFormat.SkippableMask) == ZstdFormat.SkippableMagic)
                {
                    Take(source, ref at, BinaryPrimitives.ReadUInt32LittleEndian(Take(source, ref at, sizeof(uint))));
                }
                else
                {
                    throw new WireFormatException($"Zstd data has no frame at byte {at - 4} of {source.Length}.");
                }
            }
            while (at < source.Length);
        }
        finally
        {
            Decoders.Return(decoder);
        }

        return destination.Length - before;
    }

    static void DecodeFrame(
        ZstdDecoder decoder, ReadOnlySpan<byte> source, ref int at, PooledWriter destination, int maxSize)
    {
        var descriptor = Take(source, ref at, 1)[0];
        if ((descriptor & ReservedBit) != 0)
        {
            throw new WireFormatException("A zstd frame's descriptor has a reserved bit.");
        }

        // Matches copy from the output itself, which the caller's limit bounds: the window costs no memory of its own.
        if ((descriptor & SingleSegment) == 0)
        {
            Take(source, ref at, 1);
        }

        foreach (var next in Take(source, ref at, (uint)((1 << (descriptor & 3)) >> 1)))
        {
            if (next != 0)
            {
                throw new WireFormatException("A zstd frame wants a dictionary, which record batches never have.");
            }
        }

        var contentSize = ReadContentSize(descriptor, source, ref at);
        if (contentSize > (ulong)maxSize)
        {
            throw TooLarge("Zstd", maxSize);
        }

        var start = destination.Length;
        if (contentSize is { } expected)
        {
            // Not more than the input makes likely: the number may be a lie.
            var likely = Math.Max(ZstdFormat.MaxBlockSize, 32UL * (ulong)source.Length);
            destination.Reserve((int)Math.Min(expected, likely));
        }

        decoder.StartFrame();
        var isLast = false;
        while (!isLast)
        {
            isLast = DecodeBlock(decoder, source, ref at, destination, start, maxSize, contentSize);
        }

        var content = destination.WrittenSpan[start..];
        if (contentSize is { } promised && promised != (ulong)content.Length)
        {
            throw new WireFormatException($"A zstd frame promises {promised} bytes and has {content.Length}.");
        }

        if ((descriptor & HasChecksum) != 0
            && BinaryPrimitives.ReadUInt32LittleEndian(Take(source, ref at, sizeof(uint)))
                != (uint)XxHash.Hash64(content))
        {
            throw new WireFormatException("The checksum of a zstd frame's content does not match.");
        }
    }

    static bool DecodeBlock(
        ZstdDecoder decoder, ReadOnlySpan<byte> source, ref int at, PooledWriter destination, int start, int maxSize,
        ulong? contentSize)
    {
        var bytes = Take(source, ref at, ZstdFormat.BlockHeaderSize);
        var header = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
        var type = (header >> 1) & 3;
        var size = header >> 3;
        var left = maxSize - (destination.Length - start);
        if (type > ZstdFormat.CompressedBlock || size > ZstdFormat.MaxBlockSize)
        {
            throw new WireFormatException($"A zstd block has type {type} and size {size}.");
        }

        if (type == ZstdFormat.CompressedBlock)
        {
            var block = Take(source, ref at, (uint)size);
            var missing = (long)(contentSize ?? int.MaxValue) - (destination.Length - start);
            var room = (int)Math.Clamp(Math.Min(ZstdFormat.MaxBlockSize, missing), 0, left);
            destination.Reserve(room);
            var output = destination.Array.AsSpan(0, destination.Length + room);
            var written = decoder.DecodeBlock(block, output, destination.Length, start);
            if (written < 0)
            {
                throw room == left
                    ? TooLarge("Zstd", maxSize)
                    : new WireFormatException("A zstd block decodes to more than its frame allows.");
            }

            destination.Advance(written);
            return (header & 1) != 0;
        }

        if (size > left)
        {
            throw TooLarge("Zstd", maxSize);
        }

        if (type == ZstdFormat.RawBlock)
        {
            destination.Write(Take(source, ref at, (uint)size));
        }
        else
        {
            destination.GetSpan(size)[..size].Fill(Take(source, ref at, 1)[0]);
            destination.Advance(size);
        }

        return (header & 1) != 0;
    }

    static ulong? ReadContentSize(byte descriptor, ReadOnlySpan<byte> source, ref int at)
    {
        switch (descriptor >> 6)
        {
            case 0:
                return (descriptor & SingleSegment) != 0 ? Take(source, ref at, 1)[0] : null;
            case 1:
                return BinaryPrimitives.ReadUInt16LittleEndian(Take(source, ref at, sizeof(ushort))) + 256UL;
            case 2:
                return BinaryPrimitives.ReadUInt32LittleEndian(Take(source, ref at, sizeof(uint)));
            default:
                return BinaryPrimitives.ReadUInt64LittleEndian(Take(source, ref at, sizeof(ulong)));
        }
    }

    static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> source, ref int at, uint count)
    {
        if (count > (uint)(source.Length - at))
        {
            throw new WireFormatException($"Zstd data of {source.Length} bytes ends inside a frame.");
        }

        at += (int)count;
        return source.Slice(at - (int)count, (int)count);
    }
}
