using System.Buffers.Binary;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Writes the literals section of a block: as they are, one repeated byte, or Huffman-coded, whichever is
/// smallest.</summary>
sealed class LiteralsWriter
{
    const int MaxHeader = 5;

    // A tree costs more than it saves below this.
    const int LeastForHuffman = 64;

    // One stream's sizes have ten bits; four streams decode faster and cost six bytes.
    const int MaxForOneStream = 255;

    readonly HuffmanEncoder _huffman = new();
    readonly int[] _histogram = new int[256];

    /// <summary>The room that writing so many literals needs.</summary>
    public static int BoundOf(int count) => MaxHeader + HuffmanEncoder.BoundOf(count);

    /// <summary>Writes the section and returns its size.</summary>
    public int Write(ReadOnlySpan<byte> literals, Span<byte> output)
    {
        if (literals.Length > 4 && literals.IndexOfAnyExcept(literals[0]) < 0)
        {
            var header = WritePlainHeader(output, ZstdFormat.RleLiterals, literals.Length);
            output[header] = literals[0];
            return header + 1;
        }

        var size = literals.Length < LeastForHuffman ? 0 : TryHuffman(literals, output);
        if (size > 0)
        {
            return size;
        }

        size = WritePlainHeader(output, ZstdFormat.RawLiterals, literals.Length);
        literals.CopyTo(output[size..]);
        return size + literals.Length;
    }

    static int WritePlainHeader(Span<byte> output, int type, int size)
    {
        if (size < 32)
        {
            output[0] = (byte)(type | (size << 3));
            return 1;
        }

        var format = size < 4096 ? 1 : 3;
        BinaryPrimitives.WriteInt32LittleEndian(output, type | (format << 2) | (size << 4));
        return format == 1 ? 2 : 3;
    }

    int TryHuffman(ReadOnlySpan<byte> literals, Span<byte> output)
    {
        var histogram = _histogram;
        Array.Clear(histogram);
        foreach (var literal in literals)
        {
            histogram[literal]++;
        }

        // Nothing stands out: do not even build a tree.
        var largest = 0;
        foreach (var count in histogram)
        {
            largest = Math.Max(largest, count);
        }

        if (largest <= (literals.Length >> 7) + 4)
        {
            return 0;
        }

        _huffman.Build(histogram);
        if ((_huffman.BitsOf(histogram) >> 3) + (literals.Length >> 6) >= literals.Length)
        {
            return 0;
        }

        var isOne = literals.Length <= MaxForOneStream;
        var (format, sizeBits) = literals.Length switch
        {
            <= MaxForOneStream => (0, 10),
            < 1024 => (1, 10),
            < 16384 => (2, 14),
            _ => (3, 18),
        };
        var headerSize = (4 + (2 * sizeBits)) / 8;
        var body = output[headerSize..];
        var packed = _huffman.WriteTree(body);
        if (packed == 0)
        {
            return 0;
        }

        packed += isOne ? _huffman.WriteOne(literals, body[packed..]) : _huffman.WriteFour(literals, body[packed..]);
        if (packed + headerSize >= literals.Length)
        {
            return 0;
        }

        var header = ZstdFormat.CompressedLiterals | ((ulong)format << 2)
            | ((ulong)literals.Length << 4) | ((ulong)packed << (4 + sizeBits));
        for (var i = 0; i < headerSize; i++)
        {
            output[i] = (byte)(header >> (8 * i));
        }

        return headerSize + packed;
    }
}
