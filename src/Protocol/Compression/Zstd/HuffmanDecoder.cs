using System.Numerics;
using System.Runtime.CompilerServices;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression.Zstd;

// A tree is a list of weights, one a symbol: 0 = does not occur, else its code has (greatest bits + 1 - weight) bits.
// The last symbol's weight is left out: it is what makes the tree full.
//
//   first byte >= 128: (that - 127) weights follow, four bits each, the high half first
//   first byte <  128: so many bytes follow: a distribution, then a stream of two states in turn

/// <summary>Decodes Huffman-coded literals.</summary>
sealed class HuffmanDecoder
{
    const int MaxWeights = 255;

    // Index: the next bits. Entry: symbol in the low byte, the code's length in the high one.
    readonly ushort[] _table = new ushort[1 << ZstdFormat.MaxHuffmanBits];
    readonly FseTable _weightTable = new(ZstdFormat.MaxWeightLog);
    readonly byte[] _weights = new byte[MaxWeights + 1];
    int _bits;

    /// <summary>A tree was read in this frame.</summary>
    public bool IsReady { get; set; }

    /// <summary>Reads a tree. Returns the bytes read.</summary>
    public int ReadTree(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty)
        {
            throw new WireFormatException("A zstd block ends before its Huffman tree.");
        }

        int size = input[0];
        int count;
        if (size >= 128)
        {
            count = size - 127;
            size = (count + 1) / 2;
            CheckSize(input, size);
            for (var i = 0; i < count; i++)
            {
                var pair = input[1 + (i / 2)];
                _weights[i] = (byte)((i & 1) == 0 ? pair >> 4 : pair & 15);
            }
        }
        else
        {
            CheckSize(input, size);
            count = ReadWeights(input.Slice(1, size));
        }

        Build(count);
        IsReady = true;
        return 1 + size;
    }

    /// <summary>Fills the output from one stream.</summary>
    public void DecodeOne(ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (input.IsEmpty)
        {
            throw new WireFormatException("A zstd block has an empty Huffman stream.");
        }

        var bits = new BackwardBits(input);
        var table = _table;
        var tableBits = _bits;
        var at = 0;

        // Five codes of 11 bits are fewer than the 57 that a refill makes ready.
        for (; at <= output.Length - 5; at += 5)
        {
            bits.Refill();
            output[at] = Next(table, ref bits, tableBits);
            output[at + 1] = Next(table, ref bits, tableBits);
            output[at + 2] = Next(table, ref bits, tableBits);
            output[at + 3] = Next(table, ref bits, tableBits);
            output[at + 4] = Next(table, ref bits, tableBits);
        }

        bits.Refill();
        for (; at < output.Length; at++)
        {
            output[at] = Next(table, ref bits, tableBits);
        }

        if (bits.IsBroken || !bits.IsFinished)
        {
            throw new WireFormatException("A zstd Huffman stream does not end where its literals end.");
        }
    }

    /// <summary>Fills the output from four streams, a quarter each.</summary>
    public void DecodeFour(ReadOnlySpan<byte> input, Span<byte> output)
    {
        const int jumpTable = 6;
        var part = (output.Length + 3) / 4;
        if (input.Length < jumpTable || 3 * part > output.Length)
        {
            throw new WireFormatException("A zstd block's four Huffman streams are cut off.");
        }

        var rest = input[jumpTable..];
        for (var i = 0; i < 3; i++)
        {
            var size = input[2 * i] | (input[(2 * i) + 1] << 8);
            if (size > rest.Length)
            {
                throw new WireFormatException("A zstd Huffman stream is longer than its block.");
            }

            DecodeOne(rest[..size], output.Slice(i * part, part));
            rest = rest[size..];
        }

        DecodeOne(rest, output[(3 * part)..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static byte Next(ushort[] table, ref BackwardBits bits, int tableBits)
    {
        var entry = table[(int)bits.Peek(tableBits)];
        bits.Skip(entry >> 8);
        return (byte)entry;
    }

    static void CheckSize(ReadOnlySpan<byte> input, int size)
    {
        if (size > input.Length - 1)
        {
            throw new WireFormatException("A zstd Huffman tree is longer than its block.");
        }
    }

    int ReadWeights(ReadOnlySpan<byte> input)
    {
        var header = _weightTable.Read(input, ZstdFormat.MaxHuffmanBits + 1);
        if (header >= input.Length)
        {
            throw new WireFormatException("A zstd Huffman tree has no weights.");
        }

        var states = _weightTable.States;
        var bits = new BackwardBits(input[header..]);
        var first = (int)bits.Read(_weightTable.Log);
        var second = (int)bits.Read(_weightTable.Log);
        bits.Refill();
        var count = 0;
        while (!bits.IsBroken && !bits.IsOverrun && count < MaxWeights)
        {
            // The stream is over when the state that just spoke has no bits left to move: then the other speaks last.
            _weights[count++] = (byte)states[first].Value;
            var state = states[first];
            first = state.Next + (int)bits.Read(state.Bits);
            bits.Refill();
            if (bits.IsOverrun && count < MaxWeights)
            {
                _weights[count++] = (byte)states[second].Value;
                return count;
            }

            (first, second) = (second, first);
        }

        throw new WireFormatException("A zstd Huffman tree has too many weights.");
    }

    void Build(int count)
    {
        Span<int> places = stackalloc int[ZstdFormat.MaxHuffmanBits + 2];
        places.Clear();
        var total = 0;
        foreach (var weight in _weights.AsSpan(0, count))
        {
            if (weight > ZstdFormat.MaxHuffmanBits)
            {
                throw new WireFormatException($"A zstd Huffman tree has weight {weight}.");
            }

            total += (1 << weight) >> 1;
        }

        var bits = total == 0 ? int.MaxValue : BitOperations.Log2((uint)total) + 1;
        if (bits > ZstdFormat.MaxHuffmanBits)
        {
            throw new WireFormatException("A zstd Huffman tree is empty or too deep.");
        }

        var rest = (1 << bits) - total;
        if (!BitOperations.IsPow2(rest))
        {
            throw new WireFormatException("A zstd Huffman tree cannot be completed.");
        }

        _weights[count++] = (byte)(BitOperations.Log2((uint)rest) + 1);
        _bits = bits;
        foreach (var weight in _weights.AsSpan(0, count))
        {
            places[weight] += (1 << weight) >> 1;
        }

        // Long codes stand first in the table, the same weight in the order of symbols.
        var place = 0;
        for (var weight = 1; weight < places.Length; weight++)
        {
            (places[weight], place) = (place, place + places[weight]);
        }

        for (var symbol = 0; symbol < count; symbol++)
        {
            var weight = _weights[symbol];
            if (weight > 0)
            {
                var span = (1 << weight) >> 1;
                _table.AsSpan(places[weight], span).Fill((ushort)(symbol | ((bits + 1 - weight) << 8)));
                places[weight] += span;
            }
        }
    }
}
