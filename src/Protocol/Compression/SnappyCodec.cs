using System.Buffers.Binary;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression;

// The framing of Java clients ("xerial"):
//
//   +------------------------+----------------+-------------+   then, until the end:   +--------------+-----------+
//   | 0x82 'S' 'N' 'A' 'P'   | version        | oldest      |                          | block length | raw block |
//   | 'P' 'Y' 0x00           | int32          | compatible  |                          | int32        |           |
//   +------------------------+----------------+-------------+                          +--------------+-----------+
//
// librdkafka and Go clients send one raw block without it. Its first byte cannot be 0x82 followed by 'S': that would
// be a length of 10 626 whose first tag, 'N', copies from before the start. So both are told apart surely.

/// <summary>Snappy. Reads the framing of Java clients and raw blocks, writes the framing, which every client
/// reads.</summary>
sealed class SnappyCodec : Codec
{
    public static readonly SnappyCodec Instance = new();

    const int HeaderSize = 16;
    const int Version = 1;

    // What Java clients use. Offsets stay below 64 KiB, so the match finder's table holds 16-bit positions.
    const int BlockSize = 32 * 1024;

    static readonly ContextPool<SnappyEncoder> Encoders = new(() => new SnappyEncoder());

    public override CompressionType Type => CompressionType.Snappy;

    static ReadOnlySpan<byte> Magic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public override int Compress(ReadOnlySpan<byte> source, PooledWriter destination, int? level = null)
    {
        var before = destination.Length;
        var header = destination.GetSpan(HeaderSize);
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], Version);
        BinaryPrimitives.WriteInt32BigEndian(header[12..], Version);
        destination.Advance(HeaderSize);

        var encoder = Encoders.Rent();
        while (!source.IsEmpty)
        {
            var block = source[..Math.Min(BlockSize, source.Length)];
            var room = destination.GetSpan(sizeof(int) + SnappyEncoder.BoundOf(block.Length));
            var size = encoder.Encode(block, room[sizeof(int)..]);
            BinaryPrimitives.WriteInt32BigEndian(room, size);
            destination.Advance(sizeof(int) + size);
            source = source[block.Length..];
        }

        Encoders.Return(encoder);
        return destination.Length - before;
    }

    public override int Decompress(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize)
    {
        var before = destination.Length;
        if (!source.StartsWith(Magic))
        {
            DecodeBlock(source, destination, maxSize);
            return destination.Length - before;
        }

        if (source.Length < HeaderSize)
        {
            throw new WireFormatException($"Snappy data of {source.Length} bytes ends inside its header.");
        }

        var at = HeaderSize;
        while (at < source.Length)
        {
            // Two streams, one behind the other: no block is so long that its length could be the magic.
            if (source[at..].StartsWith(Magic) && source.Length - at >= HeaderSize)
            {
                at += HeaderSize;
                continue;
            }

            var left = source.Length - at - sizeof(int);
            var size = left < 0 ? -1 : BinaryPrimitives.ReadInt32BigEndian(source[at..]);
            if (size < 0 || size > left)
            {
                throw new WireFormatException($"The snappy block at byte {at} of {source.Length} has length {size}.");
            }

            at += sizeof(int);
            DecodeBlock(source.Slice(at, size), destination, maxSize - (destination.Length - before));
            at += size;
        }

        return destination.Length - before;
    }

    static void DecodeBlock(ReadOnlySpan<byte> block, PooledWriter destination, int maxSize)
    {
        var at = 0;
        uint length = 0;
        for (var shift = 0; ; shift += 7)
        {
            if (at >= block.Length || shift > 28)
            {
                throw new WireFormatException($"A snappy block of {block.Length} bytes has no length.");
            }

            var next = block[at++];
            length |= (uint)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                break;
            }
        }

        if (length > (uint)maxSize)
        {
            throw TooLarge("Snappy", maxSize);
        }

        // The densest tag, a copy of 64 bytes, takes 3: a block cannot become more than 22 times its size.
        if (length > 22L * block.Length)
        {
            throw new WireFormatException($"A snappy block of {block.Length} bytes claims to hold {length}.");
        }

        var output = destination.GetSpan((int)length)[..(int)length];
        if (SnappyDecoder.Decode(block[at..], output) is { } fault)
        {
            throw new WireFormatException($"A snappy block of {block.Length} bytes is damaged: {fault}.");
        }

        destination.Advance((int)length);
    }
}
