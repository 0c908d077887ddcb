using System.Buffers.Binary;
using System.Numerics;

namespace Millrace.Processing.Listeners;

/// <summary>What is done above a committed offset, as it travels in the commit's metadata: with it a crash runs again only
/// what was not done. The text is <c>mr1.</c> and base64 of</summary>
/// <remarks>
/// <code>
/// +---------+------+-----------+---------------+---------------+------------------------+--------+
/// | version | k    | base      | span          | count         | gaps                   | CRC-16 |
/// | 1 byte  | 1    | 8, big-e. | varint        | varint        | Golomb-Rice(k), MSB 1st| 2      |
/// +---------+------+-----------+---------------+---------------+------------------------+--------+
/// </code>
/// Offsets in [base, base + span) are done except <c>count</c> of them; gap i is the number of done offsets between the
/// (i-1)th and the i-th exception. One code covers sparse and dense: k = 0 is a bitmap. The size has a bound that depends
/// on count and span alone (<see cref="Fits"/>), so that the engine can refuse a record before the map would overflow
/// instead of losing the map afterwards.
/// </remarks>
sealed class OffsetMap
{
    const string Prefix = "mr1.";
    const byte Version = 1;

    /// <summary>version, k, base, span (at most 9 bytes as a varint of 63 bits), count (at most 5), CRC.</summary>
    const int MaxOverhead = 1 + 1 + 8 + 9 + 5 + 2;

    static readonly ushort[] CrcTable = MakeCrcTable();

    readonly long[] _incomplete;

    OffsetMap(long baseOffset, long end, long[] incomplete)
    {
        Base = baseOffset;
        End = end;
        _incomplete = incomplete;
    }

    /// <summary>The committed offset that the map belongs to.</summary>
    public long Base { get; }

    /// <summary>The first offset that the map says nothing of.</summary>
    public long End { get; }

    /// <summary>The offsets below <see cref="End"/> that are not done, ascending.</summary>
    public ReadOnlySpan<long> Incomplete => _incomplete;

    /// <summary>How many offsets the map calls done; some may not exist (compaction, transaction markers).</summary>
    public long DoneCount => End - Base - _incomplete.Length;

    /// <summary>True when a record of this offset was completed before. False for everything outside the map.</summary>
    public bool IsDone(long offset) =>
        offset >= Base && offset < End && Array.BinarySearch(_incomplete, offset) < 0;

    /// <summary>How many exceptions are at or above an offset.</summary>
    public int CountIncompleteFrom(long offset)
    {
        var index = Array.BinarySearch(_incomplete, offset);
        return _incomplete.Length - (index < 0 ? ~index : index);
    }

    /// <summary>True when every map with that many exceptions over that span fits, whatever the offsets are:
    /// bits ≤ min over k of [ count·(k+1) + (span−count) / 2^k ].</summary>
    public static bool Fits(int count, long span, int maxChars)
    {
        var bits = 8L * (MaxBytes(maxChars) - MaxOverhead);
        if (span <= bits || (count == 0 && bits >= 0))
        {
            return true;                       // k = 0: one bit for each offset
        }

        if (count > bits)
        {
            return false;
        }

        var k = BestK(count, span);
        return BoundBits(count, span, k) <= bits || BoundBits(count, span, k + 1) <= bits;
    }

    /// <summary>Encodes. When the map does not fit (a smaller limit than the one it was checked against), the far end is
    /// left out until it does: less is known, nothing false. Empty when nothing done would remain.</summary>
    /// <param name="baseOffset">The offset of the same commit.</param>
    /// <param name="end">One more than the highest done offset.</param>
    /// <param name="incomplete">The exceptions in [base, end), ascending.</param>
    /// <param name="maxChars">The limit for the text.</param>
    public static string Encode(long baseOffset, long end, ReadOnlySpan<long> incomplete, int maxChars)
    {
        while (end - baseOffset > incomplete.Length)
        {
            var bits = long.MaxValue;
            var k = 0;
            var best = BestK(incomplete.Length, end - baseOffset);
            for (var candidate = Math.Max(0, best - 1); candidate <= best + 1; candidate++)
            {
                var size = CodeBits(baseOffset, incomplete, candidate);
                if (size < bits)
                {
                    (bits, k) = (size, candidate);
                }
            }

            var bytes = 10 + VarintLength((ulong)(end - baseOffset)) + VarintLength((ulong)incomplete.Length)
                + (bits + 7) / 8 + 2;
            if (bytes <= MaxBytes(maxChars))
            {
                return Write(baseOffset, end, incomplete, k, (int)bytes);
            }

            // Drop the upper half of the exceptions and all that is done above the last one kept.
            incomplete = incomplete[..(incomplete.Length / 2)];
            end = incomplete.Length == 0 ? baseOffset : incomplete[^1] + 1;
        }

        return "";
    }

    /// <summary>Decodes what <see cref="Encode"/> wrote. Anything else (another tool's metadata, damage, a map of another
    /// offset) is refused with a reason; the caller then runs records again rather than skip one.</summary>
    public static bool TryDecode(string? metadata, long committedOffset, out OffsetMap? map, out string reason)
    {
        map = null;
        reason = "";
        if (string.IsNullOrEmpty(metadata))
        {
            return false;
        }

        if (!metadata.StartsWith(Prefix, StringComparison.Ordinal))
        {
            reason = "it was written by another program";
            return false;
        }

        var bytes = new byte[metadata.Length];
        if (!Convert.TryFromBase64String(metadata[Prefix.Length..], bytes, out var length) || length < 14)
        {
            reason = "it is not base64 or too short";
            return false;
        }

        var data = bytes.AsSpan(0, length);
        if (Crc(data[..^2]) != BinaryPrimitives.ReadUInt16BigEndian(data[^2..]))
        {
            reason = "its checksum is wrong";
            return false;
        }

        map = Read(data[..^2], committedOffset, out reason);
        return map is not null;
    }

    static string Write(long baseOffset, long end, ReadOnlySpan<long> incomplete, int k, int length)
    {
        var data = new byte[length];
        data[0] = Version;
        data[1] = (byte)k;
        BinaryPrimitives.WriteInt64BigEndian(data.AsSpan(2), baseOffset);
        var at = 10;
        at = WriteVarint(data, at, (ulong)(end - baseOffset));
        at = WriteVarint(data, at, (ulong)incomplete.Length);
        var bit = 8L * at;
        var expected = baseOffset;
        foreach (var offset in incomplete)
        {
            var gap = (ulong)(offset - expected);
            for (var ones = gap >> k; ones > 0; ones--)
            {
                data[bit >> 3] |= (byte)(0x80 >> (int)(bit & 7));
                bit++;
            }

            bit++;                             // the zero that ends the unary part
            for (var i = k - 1; i >= 0; i--, bit++)
            {
                data[bit >> 3] |= (byte)((((gap >> i) & 1) << 7) >> (int)(bit & 7));
            }

            expected = offset + 1;
        }

        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(length - 2), Crc(data.AsSpan(0, length - 2)));
        return Prefix + Convert.ToBase64String(data);
    }

    static OffsetMap? Read(ReadOnlySpan<byte> data, long committedOffset, out string reason)
    {
        reason = "its content is not plausible";
        var k = data[1];
        var baseOffset = BinaryPrimitives.ReadInt64BigEndian(data[2..]);
        if (data[0] != Version || k > 62)
        {
            reason = "it was written by a newer version";
            return null;
        }

        if (baseOffset != committedOffset)
        {
            reason = "it belongs to another committed offset";
            return null;
        }

        var at = 10;
        if (!ReadVarint(data, ref at, out var span) || !ReadVarint(data, ref at, out var count)
            || baseOffset < 0 || span == 0 || span > (ulong)(long.MaxValue - baseOffset)
            || count >= span || count > 8UL * (ulong)(data.Length - at))
        {
            return null;
        }

        var incomplete = new long[count];
        var end = baseOffset + (long)span;
        var expected = baseOffset;
        var bit = 8L * at;
        var bits = 8L * data.Length;
        for (var i = 0; i < incomplete.Length; i++)
        {
            if (!ReadGap(data, ref bit, bits, k, out var gap) || gap >= (ulong)(end - expected))
            {
                return null;
            }

            incomplete[i] = expected + (long)gap;
            expected = incomplete[i] + 1;
        }

        // What is left is padding of less than a byte, and zero.
        if (bits - bit >= 8 || (bits > bit && (data[^1] & ((1 << (int)(bits - bit)) - 1)) != 0))
        {
            return null;
        }

        reason = "";
        return new OffsetMap(baseOffset, end, incomplete);
    }

    static bool ReadGap(ReadOnlySpan<byte> data, ref long bit, long bits, int k, out ulong gap)
    {
        gap = 0;
        ulong ones = 0;
        while (true)
        {
            if (bit >= bits)
            {
                return false;
            }

            var isOne = (data[(int)(bit >> 3)] & (0x80 >> (int)(bit & 7))) != 0;
            bit++;
            if (!isOne)
            {
                break;
            }

            ones++;
        }

        if (bits - bit < k || ones > (ulong)long.MaxValue >> k)
        {
            return false;
        }

        gap = ones;
        for (var i = 0; i < k; i++, bit++)
        {
            gap = (gap << 1) | (uint)((data[(int)(bit >> 3)] >> (7 - (int)(bit & 7))) & 1);
        }

        return true;
    }

    static int MaxBytes(int maxChars) => Math.Max(0, (maxChars - Prefix.Length) / 4 * 3);

    /// <summary>The k below the real minimum of the convex bound: 2^k ≤ ln 2 · (span−count)/count.</summary>
    static int BestK(int count, long span)
    {
        if (count == 0)
        {
            return 0;
        }

        var ratio = (double)(span - count) / count * 0.6931;
        return ratio < 2 ? 0 : BitOperations.Log2((ulong)Math.Min(ratio, 1UL << 62));
    }

    static long BoundBits(int count, long span, int k) => (long)count * (k + 1) + ((span - count) >> k) + 1;

    static long CodeBits(long baseOffset, ReadOnlySpan<long> incomplete, int k)
    {
        var bits = (long)incomplete.Length * (k + 1);
        var expected = baseOffset;
        foreach (var offset in incomplete)
        {
            bits += (offset - expected) >> k;
            expected = offset + 1;
        }

        return bits;
    }

    static int VarintLength(ulong value) => (Math.Max(1, 64 - BitOperations.LeadingZeroCount(value)) + 6) / 7;

    static int WriteVarint(Span<byte> data, int at, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            data[at++] = (byte)(value | 0x80);
        }

        data[at++] = (byte)value;
        return at;
    }

    static bool ReadVarint(ReadOnlySpan<byte> data, ref int at, out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < 63 && at < data.Length; shift += 7)
        {
            var b = data[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF.</summary>
    static ushort Crc(ReadOnlySpan<byte> data)
    {
        ushort crc = 0xFFFF;
        foreach (var b in data)
        {
            crc = (ushort)((crc << 8) ^ CrcTable[(crc >> 8) ^ b]);
        }

        return crc;
    }

    static ushort[] MakeCrcTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < 256; i++)
        {
            var value = (ushort)(i << 8);
            for (var bit = 0; bit < 8; bit++)
            {
                value = (ushort)((value & 0x8000) != 0 ? (value << 1) ^ 0x1021 : value << 1);
            }

            table[i] = value;
        }

        return table;
    }
}
