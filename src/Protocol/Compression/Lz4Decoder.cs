using System.Buffers.Binary;

namespace Millrace.Protocol.Compression;

// A block is a list of sequences; the last one ends after its literals.
//
//   +--------------------------------+------------------+----------+---------------+-----------------+
//   | token: high 4 bits literals,   | more literal     | literals | match offset  | more match      |
//   | low 4 bits match length - 4    | length, 255 = go |          | uint16, LE    | length, the     |
//   | 15 = more follows              | on               |          |               | same way        |
//   +--------------------------------+------------------+----------+---------------+-----------------+

/// <summary>The sequences of one block.</summary>
static class Lz4Decoder
{
    /// <summary>Decodes behind <paramref name="start"/>. Returns the number of bytes, or -1 if the block is damaged or
    /// does not fit.</summary>
    /// <param name="input">The block.</param>
    /// <param name="output">Earlier output and the room for this block behind it.</param>
    /// <param name="start">Where the block's output starts.</param>
    /// <param name="floor">The first byte of the output that a match may copy from.</param>
    /// <param name="isFull">It failed because the output is too short.</param>
    public static int Decode(ReadOnlySpan<byte> input, Span<byte> output, int start, int floor, out bool isFull)
    {
        isFull = false;
        var at = 0;
        var written = start;
        while (at < input.Length)
        {
            int token = input[at++];
            var literals = token >> 4;
            if (literals == 15 && !TryReadMore(input, ref at, ref literals))
            {
                return -1;
            }

            if (literals > input.Length - at)
            {
                return -1;
            }

            if (literals > output.Length - written)
            {
                isFull = true;
                return -1;
            }

            Window.CopyLiteral(input, at, output, written, literals);
            at += literals;
            written += literals;
            if (at == input.Length)
            {
                return written - start;
            }

            if (input.Length - at < sizeof(ushort))
            {
                return -1;
            }

            int offset = BinaryPrimitives.ReadUInt16LittleEndian(input[at..]);
            at += sizeof(ushort);
            var length = token & 15;
            if ((length == 15 && !TryReadMore(input, ref at, ref length)) || offset == 0 || offset > written - floor)
            {
                return -1;
            }

            length += 4;
            if (length > output.Length - written)
            {
                isFull = true;
                return -1;
            }

            Window.CopyMatch(output, written, offset, length);
            written += length;
        }

        // The last sequence must end after literals, which returned above.
        return -1;
    }

    static bool TryReadMore(ReadOnlySpan<byte> input, ref int at, ref int length)
    {
        // Cannot overflow: an array of 2^31 bytes of 255 would be needed, and a block has 4 MiB at most.
        while (at < input.Length)
        {
            var next = input[at++];
            length += next;
            if (next != 255)
            {
                return true;
            }
        }

        return false;
    }
}
