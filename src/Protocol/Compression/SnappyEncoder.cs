using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Millrace.Protocol.Compression;

/// <summary>Makes one raw block of at most 64 KiB: a greedy search with one hash table, steps growing where nothing
/// matches.</summary>
sealed class SnappyEncoder
{
    const int MaxHashBits = 14;
    const int MinHashBits = 8;
    const int MaxBlock = 64 * 1024;

    // A match is looked for with eight-byte loads: the last bytes are literals.
    const int Margin = 15;

    readonly ushort[] _table = new ushort[1 << MaxHashBits];

    /// <summary>The most bytes that a block of the given length takes.</summary>
    public static int BoundOf(int length) => 32 + length + (length / 6);

    /// <summary>Encodes and returns the size. The output must have <see cref="BoundOf"/> bytes.</summary>
    public int Encode(ReadOnlySpan<byte> input, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(input.Length, MaxBlock);
        var written = WriteLength(output, input.Length);
        var literalStart = 0;
        if (input.Length > Margin)
        {
            written = EncodeMatches(input, output, written, out literalStart);
        }

        return literalStart < input.Length ? WriteLiteral(output, written, input[literalStart..]) : written;
    }

    int EncodeMatches(ReadOnlySpan<byte> input, Span<byte> output, int written, out int literalStart)
    {
        // A small input uses and clears a small part of the table.
        var bits = Math.Clamp(BitOperations.Log2((uint)input.Length), MinHashBits, MaxHashBits);
        var shift = 32 - bits;
        var table = _table.AsSpan(0, 1 << bits);
        table.Clear();
        ref var start = ref MemoryMarshal.GetReference(input);
        var last = input.Length - Margin;
        literalStart = 0;
        var at = 1;
        var skip = 32;
        while (at < last)
        {
            var next = Window.Read32(ref start, at);
            ref var slot = ref table[(int)Hash(next, shift)];
            int candidate = slot;
            slot = (ushort)at;
            if (candidate >= at || Window.Read32(ref start, candidate) != next)
            {
                at += skip++ >> 5;
                continue;
            }

            if (at > literalStart)
            {
                written = WriteLiteral(output, written, input[literalStart..at]);
            }

            var length = 4 + Window.MatchLength(ref start, candidate + 4, at + 4, input.Length);
            written = WriteCopy(output, written, at - candidate, length);
            at += length;
            literalStart = at;
            skip = 32;
            if (at < last)
            {
                table[(int)Hash(Window.Read32(ref start, at - 1), shift)] = (ushort)(at - 1);
            }
        }

        return written;
    }

    static uint Hash(uint bytes, int shift) => (bytes * 0x1E35A7BD) >> shift;

    static int WriteLength(Span<byte> output, int length)
    {
        var written = 0;
        var rest = (uint)length;
        for (; rest >= 0x80; rest >>= 7)
        {
            output[written++] = (byte)(rest | 0x80);
        }

        output[written++] = (byte)rest;
        return written;
    }

    static int WriteLiteral(Span<byte> output, int written, ReadOnlySpan<byte> literal)
    {
        var length = literal.Length - 1;
        if (length < 60)
        {
            output[written++] = (byte)(length << 2);
        }
        else if (length < 256)
        {
            output[written++] = 60 << 2;
            output[written++] = (byte)length;
        }
        else
        {
            output[written++] = 61 << 2;
            BinaryPrimitives.WriteUInt16LittleEndian(output[written..], (ushort)length);
            written += 2;
        }

        literal.CopyTo(output[written..]);
        return written + literal.Length;
    }

    static int WriteCopy(Span<byte> output, int written, int offset, int length)
    {
        // A tag copies 64 bytes at most. What is left for the last one must be 4 or more, else a short tag cannot take
        // it.
        for (; length >= 68; length -= 64)
        {
            written = WriteLongCopy(output, written, offset, 64);
        }

        if (length > 64)
        {
            written = WriteLongCopy(output, written, offset, 60);
            length -= 60;
        }

        if (length >= 12 || offset >= 2048)
        {
            return WriteLongCopy(output, written, offset, length);
        }

        output[written++] = (byte)(1 | ((length - 4) << 2) | ((offset >> 8) << 5));
        output[written++] = (byte)offset;
        return written;
    }

    static int WriteLongCopy(Span<byte> output, int written, int offset, int length)
    {
        output[written++] = (byte)(2 | ((length - 1) << 2));
        BinaryPrimitives.WriteUInt16LittleEndian(output[written..], (ushort)offset);
        return written + 2;
    }
}
