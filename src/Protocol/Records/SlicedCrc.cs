using System.Buffers.Binary;

namespace Millrace.Protocol.Records;

/// <summary>A 32-bit CRC of any polynomial, eight bytes a step with eight tables.</summary>
sealed class SlicedCrc
{
    readonly uint[] _table = new uint[8 * 256];

    /// <summary>Makes the tables.</summary>
    /// <param name="reversedPolynomial">The polynomial, lowest power in the highest bit.</param>
    public SlicedCrc(uint reversedPolynomial)
    {
        for (uint i = 0; i < 256; i++)
        {
            var state = i;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state & 1) != 0 ? (state >> 1) ^ reversedPolynomial : state >> 1;
            }

            _table[i] = state;
        }

        for (var i = 256; i < _table.Length; i++)
        {
            var before = _table[i - 256];
            _table[i] = _table[before & 0xFF] ^ (before >> 8);
        }
    }

    /// <summary>The state after the bytes; the usual checksum complements it before and after.</summary>
    public uint Continue(uint state, ReadOnlySpan<byte> bytes)
    {
        var table = _table;
        while (bytes.Length >= 8)
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ state;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            state = table[(7 * 256) + (low & 0xFF)]
                ^ table[(6 * 256) + ((low >> 8) & 0xFF)]
                ^ table[(5 * 256) + ((low >> 16) & 0xFF)]
                ^ table[(4 * 256) + (low >> 24)]
                ^ table[(3 * 256) + (high & 0xFF)]
                ^ table[(2 * 256) + ((high >> 8) & 0xFF)]
                ^ table[256 + ((high >> 16) & 0xFF)]
                ^ table[high >> 24];
            bytes = bytes[8..];
        }

        foreach (var next in bytes)
        {
            state = table[(state ^ next) & 0xFF] ^ (state >> 8);
        }

        return state;
    }
}
