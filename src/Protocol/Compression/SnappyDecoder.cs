using System.Buffers.Binary;

namespace Millrace.Protocol.Compression;

// A raw block is a varint (the decoded length) and then tags. The tag's low two bits say what follows:
//
//   00  literal: length - 1 in the high six bits; 60 to 63 = in the next 1 to 4 bytes instead
//   01  copy: length - 4 in bits 2-4 (4 to 11), offset in bits 5-7 and the next byte (11 bits)
//   10  copy: length - 1 in the high six bits, offset in the next 2 bytes
//   11  copy: the same, offset in the next 4 bytes

/// <summary>The tags of a raw block.</summary>
static class SnappyDecoder
{
    /// <summary>Fills the output exactly. Null if that worked, else what is wrong.</summary>
    public static string? Decode(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var at = 0;
        var written = 0;
        while (at < input.Length)
        {
            int tag = input[at++];
            var length = (tag >> 2) + 1;
            if ((tag & 3) == 0)
            {
                if (length > 60)
                {
                    var extra = length - 60;
                    if (extra > input.Length - at)
                    {
                        return "it ends inside a length";
                    }

                    length = ReadLength(input.Slice(at, extra));
                    at += extra;
                }

                // An overflown length is negative or 0 here.
                if (length <= 0 || length > input.Length - at || length > output.Length - written)
                {
                    return "a literal is too long";
                }

                Window.CopyLiteral(input, at, output, written, length);
                at += length;
                written += length;
                continue;
            }

            var offsetSize = (tag & 3) == 3 ? sizeof(int) : tag & 3;
            if (offsetSize > input.Length - at)
            {
                return "it ends inside an offset";
            }

            int offset;
            switch (offsetSize)
            {
                case 1:
                    length = ((tag >> 2) & 7) + 4;
                    offset = ((tag >> 5) << 8) | input[at];
                    break;
                case 2:
                    offset = BinaryPrimitives.ReadUInt16LittleEndian(input[at..]);
                    break;
                default:
                    offset = BinaryPrimitives.ReadInt32LittleEndian(input[at..]);
                    break;
            }

            at += offsetSize;
            if (offset <= 0 || offset > written || length > output.Length - written)
            {
                return "a copy is out of bounds";
            }

            Window.CopyMatch(output, written, offset, length);
            written += length;
        }

        return written == output.Length ? null : "it decodes to fewer bytes than it claims";
    }

    static int ReadLength(ReadOnlySpan<byte> bytes)
    {
        var length = 0u;
        for (var i = bytes.Length - 1; i >= 0; i--)
        {
            length = (length << 8) | bytes[i];
        }

        return (int)(length + 1);
    }
}
