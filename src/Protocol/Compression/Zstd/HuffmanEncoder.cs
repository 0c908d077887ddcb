using System.Buffers.Binary;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Builds a Huffman tree for a block's literals and encodes them; see <see cref="HuffmanDecoder"/> for the
/// format.</summary>
sealed class HuffmanEncoder
{
    const int Symbols = 256;
    const int MaxBits = ZstdFormat.MaxHuffmanBits;

    // Code in the low half, its length in the high one.
    readonly uint[] _codes = new uint[Symbols];
    readonly byte[] _lengths = new byte[Symbols];
    readonly byte[] _weights = new byte[Symbols];
    readonly FseEncoder _weightEncoder = new(ZstdFormat.MaxWeightLog, MaxBits);
    int _maxSymbol;
    int _maxBits;

    /// <summary>The most bytes that so many literals take with tree and jump table, and the room that writing
    /// needs.</summary>
    public static int BoundOf(int count) => (count * MaxBits / 8) + 512;

    /// <summary>Builds a tree. At least two symbols must occur.</summary>
    public void Build(ReadOnlySpan<int> histogram)
    {
        Span<long> leaves = stackalloc long[Symbols];
        var count = 0;
        for (var symbol = 0; symbol < Symbols; symbol++)
        {
            _lengths[symbol] = 0;
            if (histogram[symbol] > 0)
            {
                leaves[count++] = ((long)histogram[symbol] << 8) | (uint)symbol;
                _maxSymbol = symbol;
            }
        }

        leaves = leaves[..count];
        leaves.Sort();
        SetLengths(leaves);
        SetCodes();
    }

    /// <summary>Bits that the literals of a histogram take.</summary>
    public long BitsOf(ReadOnlySpan<int> histogram)
    {
        var bits = 0L;
        for (var symbol = 0; symbol <= _maxSymbol; symbol++)
        {
            bits += (long)histogram[symbol] * _lengths[symbol];
        }

        return bits;
    }

    /// <summary>Writes the tree. Returns the bytes written, or 0 if it cannot be written.</summary>
    public int WriteTree(Span<byte> output)
    {
        // The last symbol's weight follows from the others.
        var weights = _weights.AsSpan(0, _maxSymbol);
        for (var symbol = 0; symbol < weights.Length; symbol++)
        {
            weights[symbol] = (byte)(_lengths[symbol] == 0 ? 0 : _maxBits + 1 - _lengths[symbol]);
        }

        var directSize = (weights.Length + 1) / 2;
        var packedSize = PackWeights(weights, output[1..]);
        if (packedSize > 0 && packedSize < 128 && (packedSize < directSize || weights.Length > 128))
        {
            output[0] = (byte)packedSize;
            return 1 + packedSize;
        }

        if (weights.Length > 128)
        {
            return 0;
        }

        output[0] = (byte)(127 + weights.Length);
        for (var i = 0; i < weights.Length; i += 2)
        {
            var low = i + 1 < weights.Length ? weights[i + 1] : 0;
            output[1 + (i / 2)] = (byte)((weights[i] << 4) | low);
        }

        return 1 + directSize;
    }

    /// <summary>Writes one stream and returns its size.</summary>
    public int WriteOne(ReadOnlySpan<byte> literals, Span<byte> output)
    {
        var writer = new BitWriter(output);
        var codes = _codes;
        var at = literals.Length;
        while (at >= 5)
        {
            Put(ref writer, codes[literals[at - 1]]);
            Put(ref writer, codes[literals[at - 2]]);
            Put(ref writer, codes[literals[at - 3]]);
            Put(ref writer, codes[literals[at - 4]]);
            at -= 4;
            writer.Flush();
        }

        while (at > 0)
        {
            Put(ref writer, codes[literals[--at]]);
        }

        return writer.FinishMarked();
    }

    /// <summary>Writes four streams behind their jump table and returns the size.</summary>
    public int WriteFour(ReadOnlySpan<byte> literals, Span<byte> output)
    {
        var part = (literals.Length + 3) / 4;
        var size = 6;
        for (var i = 0; i < 4; i++)
        {
            var piece = i < 3 ? literals.Slice(i * part, part) : literals[(3 * part)..];
            var written = WriteOne(piece, output[size..]);
            if (i < 3)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(output[(2 * i)..], (ushort)written);
            }

            size += written;
        }

        return size;
    }

    static void Put(ref BitWriter writer, uint code) => writer.Write(code & 0xFFFF, (int)(code >> 16));

    // Two queues: leaves by frequency, and the nodes made so far, which come out sorted by themselves.
    void SetLengths(ReadOnlySpan<long> leaves)
    {
        var count = leaves.Length;
        Span<long> weight = stackalloc long[2 * Symbols];
        Span<int> parent = stackalloc int[2 * Symbols];
        for (var i = 0; i < count; i++)
        {
            weight[i] = leaves[i] >> 8;
        }

        var leaf = 0;
        var node = count;
        var root = (2 * count) - 2;
        for (var made = count; made <= root; made++)
        {
            weight[made] = 0;
            for (var child = 0; child < 2; child++)
            {
                var takeLeaf = leaf < count && (node >= made || weight[leaf] <= weight[node]);
                var taken = takeLeaf ? leaf++ : node++;
                weight[made] += weight[taken];
                parent[taken] = made;
            }
        }

        Span<byte> depth = stackalloc byte[2 * Symbols];
        depth[root] = 0;
        for (var i = root - 1; i >= 0; i--)
        {
            depth[i] = (byte)(depth[parent[i]] + 1);
        }

        LimitLengths(depth[..count]);
        _maxBits = 0;
        for (var i = 0; i < count; i++)
        {
            _lengths[(byte)leaves[i]] = depth[i];
            _maxBits = Math.Max(_maxBits, depth[i]);
        }
    }

    // Cuts codes at the limit, then lengthens rare ones until they fit, then shortens where room is left: the tree must
    // be exactly full.
    static void LimitLengths(Span<byte> lengths)
    {
        const int full = 1 << MaxBits;
        var used = 0;
        foreach (ref var length in lengths)
        {
            length = Math.Min(length, (byte)MaxBits);
            used += full >> length;
        }

        // Rare symbols stand first.
        while (used > full)
        {
            var rarest = 0;
            while (lengths[rarest] == MaxBits)
            {
                rarest++;
            }

            used -= full >> (lengths[rarest] + 1);
            lengths[rarest]++;
        }

        for (var i = lengths.Length - 1; used < full; i = i == 0 ? lengths.Length - 1 : i - 1)
        {
            if (full >> lengths[i] <= full - used)
            {
                used += full >> lengths[i];
                lengths[i]--;
            }
        }
    }

    void SetCodes()
    {
        // In the decoder's table long codes stand first; a code is its place there without the low bits.
        var place = 0;
        for (var length = _maxBits; length > 0; length--)
        {
            for (var symbol = 0; symbol <= _maxSymbol; symbol++)
            {
                if (_lengths[symbol] == length)
                {
                    _codes[symbol] = (uint)(place >> (_maxBits - length)) | ((uint)length << 16);
                    place += 1 << (_maxBits - length);
                }
            }
        }
    }

    int PackWeights(ReadOnlySpan<byte> weights, Span<byte> output)
    {
        Span<int> histogram = stackalloc int[MaxBits + 1];
        histogram.Clear();
        var largest = 0;
        foreach (var weight in weights)
        {
            histogram[weight]++;
            largest = Math.Max(largest, weight);
        }

        histogram = histogram[..(largest + 1)];
        if (weights.Length < 2 || histogram.IndexOf(weights.Length) >= 0)
        {
            return 0;
        }

        Span<short> counts = stackalloc short[histogram.Length];
        var log = FseEncoder.ChooseLog(weights.Length, largest, ZstdFormat.MaxWeightLog);
        FseCounts.Normalize(histogram, weights.Length, log, counts);
        var size = FseCounts.Write(output, counts, log);
        _weightEncoder.Build(counts, log);

        var writer = new BitWriter(output[size..]);
        var at = weights.Length - 1;
        var even = at % 2 == 0 ? _weightEncoder.Begin(weights[at]) : _weightEncoder.Begin(weights[at - 1]);
        var odd = at % 2 == 0 ? _weightEncoder.Begin(weights[at - 1]) : _weightEncoder.Begin(weights[at]);
        for (at -= 2; at >= 0; at--)
        {
            if (at % 2 == 0)
            {
                even = _weightEncoder.Encode(ref writer, even, weights[at]);
            }
            else
            {
                odd = _weightEncoder.Encode(ref writer, odd, weights[at]);
            }

            writer.Flush();
        }

        _weightEncoder.End(ref writer, odd);
        _weightEncoder.End(ref writer, even);
        return size + writer.FinishMarked();
    }
}
