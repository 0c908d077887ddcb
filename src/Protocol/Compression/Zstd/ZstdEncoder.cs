using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Makes one frame: a greedy search with two hash tables (eight bytes, then five), then entropy
/// coding.</summary>
sealed class ZstdEncoder
{
    const byte SingleSegment = 0x20;

    // Beyond this a window byte is written, so that a decoder need not keep more than 8 MiB.
    const int WindowLog = 23;
    const int MaxTableLog = 16;
    const int MinTableLog = 8;

    // Eight-byte loads one position ahead: the last bytes of a block are literals.
    const int Margin = 16;

    static readonly ContextPool<ZstdEncoder> Pool = new(() => new ZstdEncoder());

    readonly int[] _longTable = new int[1 << MaxTableLog];
    readonly int[] _shortTable = new int[1 << MaxTableLog];
    readonly ZstdSequence[] _sequences = new ZstdSequence[SequencesWriter.MaxSequences];
    readonly byte[] _literals = new byte[ZstdFormat.MaxBlockSize];
    readonly LiteralsWriter _literalsWriter = new();
    readonly SequencesWriter _sequencesWriter = new();

    // Tables hold places plus this number, which grows with each frame: what older frames left behind is then negative,
    // and nothing needs to be cleared.
    int _base = 1;
    int _tableShift;
    int _sequenceCount;
    int _literalCount;
    int _recent1;
    int _recent2;
    int _recent3;

    /// <summary>Appends a frame and returns its size.</summary>
    public static int Compress(ReadOnlySpan<byte> source, PooledWriter destination)
    {
        var before = destination.Length;
        var encoder = Pool.Rent();
        WriteFrameHeader(source.Length, destination);
        encoder.StartFrame(source.Length);
        var start = 0;
        do
        {
            var end = Math.Min(source.Length, start + ZstdFormat.MaxBlockSize);
            encoder.WriteBlock(source, start, end, destination);
            start = end;
        }
        while (start < source.Length);

        encoder._base += source.Length;
        Pool.Return(encoder);
        return destination.Length - before;
    }

    static void WriteFrameHeader(int size, PooledWriter destination)
    {
        var header = destination.GetSpan(16);
        BinaryPrimitives.WriteUInt32LittleEndian(header, ZstdFormat.Magic);
        var at = 5;
        if (size > 1 << WindowLog)
        {
            header[4] = 2 << 6;
            header[at++] = (WindowLog - 10) << 3;
        }
        else
        {
            header[4] = (byte)(SingleSegment | (size < 256 ? 0 : size < 65536 + 256 ? 1 << 6 : 2 << 6));
        }

        switch (header[4] >> 6)
        {
            case 0:
                header[at++] = (byte)size;
                break;
            case 1:
                BinaryPrimitives.WriteUInt16LittleEndian(header[at..], (ushort)(size - 256));
                at += sizeof(ushort);
                break;
            default:
                BinaryPrimitives.WriteInt32LittleEndian(header[at..], size);
                at += sizeof(int);
                break;
        }

        destination.Advance(at);
    }

    void StartFrame(int size)
    {
        if (_base > int.MaxValue - Margin - size)
        {
            Array.Clear(_longTable);
            Array.Clear(_shortTable);
            _base = 1;
        }

        // Small inputs use a small part of the tables, which stays in the nearest cache.
        _tableShift = 64 - Math.Clamp(BitOperations.Log2((uint)size | 1) + 1, MinTableLog, MaxTableLog);
        (_recent1, _recent2, _recent3) = (1, 4, 8);
    }

    void WriteBlock(ReadOnlySpan<byte> source, int start, int end, PooledWriter destination)
    {
        var isLast = end == source.Length ? 1 : 0;
        var (recent1, recent2, recent3) = (_recent1, _recent2, _recent3);
        FindSequences(source, start, end);

        const int header = ZstdFormat.BlockHeaderSize;
        var bound = LiteralsWriter.BoundOf(_literalCount) + SequencesWriter.BoundOf(_sequenceCount);
        var room = destination.GetSpan(header + Math.Max(bound, end - start));
        var size = _literalsWriter.Write(_literals.AsSpan(0, _literalCount), room[header..]);
        size += _sequencesWriter.Write(_sequences.AsSpan(0, _sequenceCount), room[(header + size)..]);
        var type = ZstdFormat.CompressedBlock;
        if (size >= end - start)
        {
            // The decoder will not see the sequences, so the distances that they left behind do not count either.
            (_recent1, _recent2, _recent3) = (recent1, recent2, recent3);
            type = ZstdFormat.RawBlock;
            size = end - start;
            source[start..end].CopyTo(room[header..]);
        }

        var bits = isLast | (type << 1) | (size << 3);
        room[0] = (byte)bits;
        BinaryPrimitives.WriteUInt16LittleEndian(room[1..], (ushort)(bits >> 8));
        destination.Advance(header + size);
    }

    void FindSequences(ReadOnlySpan<byte> source, int start, int end)
    {
        _sequenceCount = 0;
        _literalCount = 0;
        ref var bytes = ref MemoryMarshal.GetReference(source);
        var literalStart = start;
        var at = start;
        var last = end - Margin;
        while (at < last)
        {
            var length = 0;
            int match;
            if (_recent1 <= at + 1
                && Window.Read32(ref bytes, at + 1) == Window.Read32(ref bytes, at + 1 - _recent1))
            {
                at++;
                match = at - _recent1;
                length = 4 + Window.MatchLength(ref bytes, match + 4, at + 4, end);
            }
            else if (!TryFind(ref bytes, ref at, end, out match, ref length))
            {
                // Steps grow where nothing matches.
                at += ((at - literalStart) >> 8) + 1;
                continue;
            }

            while (at > literalStart && match > 0
                && Unsafe.Add(ref bytes, at - 1)
                    == Unsafe.Add(ref bytes, match - 1))
            {
                at--;
                match--;
                length++;
            }

            Add(source[literalStart..at], at - match, length);
            at += length;
            literalStart = at;
            if (at < last)
            {
                Insert(ref bytes, at - 2);
            }

            // What repeats the distance before the last at once costs no literals.
            while (at < last && _recent2 <= at
                && Window.Read32(ref bytes, at) == Window.Read32(ref bytes, at - _recent2))
            {
                length = 4 + Window.MatchLength(ref bytes, at + 4 - _recent2, at + 4, end);
                Insert(ref bytes, at);
                Add(default, _recent2, length);
                at += length;
                literalStart = at;
            }
        }

        source[literalStart..end].CopyTo(_literals.AsSpan(_literalCount));
        _literalCount += end - literalStart;
    }

    bool TryFind(ref byte bytes, ref int at, int end, out int match, ref int length)
    {
        var next = Window.Read64(ref bytes, at);
        ref var longSlot = ref _longTable[HashLong(next)];
        ref var shortSlot = ref _shortTable[HashShort(next)];
        match = longSlot - _base;
        var nearer = shortSlot - _base;
        longSlot = at + _base;
        shortSlot = at + _base;
        if (IsNear(match, at) && Window.Read64(ref bytes, match) == next)
        {
            length = 8 + Window.MatchLength(ref bytes, match + 8, at + 8, end);
            return true;
        }

        if (!IsNear(nearer, at) || Window.Read32(ref bytes, nearer) != (uint)next)
        {
            return false;
        }

        // A short match: perhaps a long one starts at the next byte.
        var after = Window.Read64(ref bytes, at + 1);
        ref var slot = ref _longTable[HashLong(after)];
        match = slot - _base;
        slot = at + 1 + _base;
        if (IsNear(match, at + 1) && Window.Read64(ref bytes, match) == after)
        {
            at++;
            length = 8 + Window.MatchLength(ref bytes, match + 8, at + 8, end);
            return true;
        }

        match = nearer;
        length = 4 + Window.MatchLength(ref bytes, match + 4, at + 4, end);
        return true;
    }

    static bool IsNear(int match, int at) => (uint)match < (uint)at && at - match < 1 << WindowLog;

    void Insert(ref byte bytes, int at)
    {
        var next = Window.Read64(ref bytes, at);
        _longTable[HashLong(next)] = at + _base;
        _shortTable[HashShort(next)] = at + _base;
    }

    uint HashLong(ulong bytes) => (uint)((bytes * 0xCF1BBCDCB7A56463) >> _tableShift);

    // Five bytes.
    uint HashShort(ulong bytes) => (uint)(((bytes << 24) * 889523592379) >> _tableShift);

    void Add(ReadOnlySpan<byte> literals, int distance, int length)
    {
        literals.CopyTo(_literals.AsSpan(_literalCount));
        _literalCount += literals.Length;
        _sequences[_sequenceCount++] = new ZstdSequence(
            literals.Length, length, OffsetOf(distance, literals.Length));
    }

    // The mirror of the decoder's rule.
    int OffsetOf(int distance, int literals)
    {
        var value = distance + 3;
        if (literals > 0 && distance == _recent1)
        {
            return 1;
        }

        if (distance == _recent2)
        {
            (_recent1, _recent2) = (_recent2, _recent1);
            return literals > 0 ? 2 : 1;
        }

        if (distance == _recent3)
        {
            value = literals > 0 ? 3 : 2;
        }
        else if (literals == 0 && distance == _recent1 - 1)
        {
            value = 3;
        }

        (_recent1, _recent2, _recent3) = (distance, _recent1, _recent2);
        return value;
    }
}
