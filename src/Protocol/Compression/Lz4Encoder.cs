using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Millrace.Protocol.Compression;

/// <summary>Makes one block of at most 64 KiB: a greedy search with one hash table, steps growing where nothing
/// matches.</summary>
sealed class Lz4Encoder
{
    const int MaxHashBits = 14;
    const int MinHashBits = 8;
    const int MaxBlock = 64 * 1024;

    // The format: the last five bytes are literals, and no match starts in the last twelve.
    const int LastLiterals = 5;
    const int NoMatchZone = 12;

    readonly ushort[] _table = new ushort[1 << MaxHashBits];

    /// <summary>The most bytes that a block of the given length takes.</summary>
    public static int BoundOf(int length) => length + (length / 255) + 16;

    /// <summary>Encodes and returns the size. The output must have <see cref="BoundOf"/> bytes.</summary>
    public int Encode(ReadOnlySpan<byte> input, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(input.Length, MaxBlock);
        var written = 0;
        var literalStart = 0;
        if (input.Length > NoMatchZone)
        {
            written = EncodeMatches(input, output, out literalStart);
        }

        return WriteSequence(output, written, input[literalStart..], 0, 0);
    }

    int EncodeMatches(ReadOnlySpan<byte> input, Span<byte> output, out int literalStart)
    {
        // A small input uses and clears a small part of the table.
        var bits = Math.Clamp(BitOperations.Log2((uint)input.Length), MinHashBits, MaxHashBits);
        var shift = 32 - bits;
        var table = _table.AsSpan(0, 1 << bits);
        table.Clear();
        ref var start = ref MemoryMarshal.GetReference(input);
        var last = input.Length - NoMatchZone;
        var matchEnd = input.Length - LastLiterals;
        var written = 0;
        literalStart = 0;
        var at = 1;
        var skip = 64;
        while (at < last)
        {
            var next = Window.Read32(ref start, at);
            ref var slot = ref table[(int)Hash(next, shift)];
            int candidate = slot;
            slot = (ushort)at;
            if (candidate >= at || Window.Read32(ref start, candidate) != next)
            {
                at += skip++ >> 6;
                continue;
            }

            var length = 4 + Window.MatchLength(ref start, candidate + 4, at + 4, matchEnd);
            while (at > literalStart && candidate > 0 && input[at - 1] == input[candidate - 1])
            {
                at--;
                candidate--;
                length++;
            }

            written = WriteSequence(output, written, input[literalStart..at], at - candidate, length);
            at += length;
            literalStart = at;
            skip = 64;
            if (at < last)
            {
                table[(int)Hash(Window.Read32(ref start, at - 2), shift)] = (ushort)(at - 2);
            }
        }

        return written;
    }

    static uint Hash(uint bytes, int shift) => (bytes * 2654435761) >> shift;

    // Match length 0 ends the block.
    static int WriteSequence(Span<byte> output, int written, ReadOnlySpan<byte> literals, int offset, int matchLength)
    {
        var more = Math.Max(0, matchLength - 4);
        output[written++] = (byte)((Math.Min(15, literals.Length) << 4) | Math.Min(15, more));
        written = WriteMore(output, written, literals.Length - 15);
        literals.CopyTo(output[written..]);
        written += literals.Length;
        if (matchLength > 0)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(output[written..], (ushort)offset);
            written = WriteMore(output, written + sizeof(ushort), more - 15);
        }

        return written;
    }

    static int WriteMore(Span<byte> output, int written, int rest)
    {
        if (rest < 0)
        {
            return written;
        }

        for (; rest >= 255; rest -= 255)
        {
            output[written++] = 255;
        }

        output[written++] = (byte)rest;
        return written;
    }
}
