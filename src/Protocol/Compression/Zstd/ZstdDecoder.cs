using System.Runtime.CompilerServices;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Decodes the compressed blocks of one frame; keeps what blocks hand on to the next ones.</summary>
sealed class ZstdDecoder
{
    static readonly FseTable DefaultLiterals = MakeDefaultLiterals();
    static readonly FseTable DefaultMatches = MakeDefaultMatches();
    static readonly FseTable DefaultOffsets = MakeDefaultOffsets();

    readonly HuffmanDecoder _huffman = new();
    readonly FseTable _literalTable = new(ZstdFormat.MaxLiteralLog);
    readonly FseTable _matchTable = new(ZstdFormat.MaxMatchLog);
    readonly FseTable _offsetTable = new(ZstdFormat.MaxOffsetLog);
    readonly byte[] _literals = new byte[ZstdFormat.MaxBlockSize];

    // What the last block used, for "repeat"; null before the first.
    FseTable? _literalNow;
    FseTable? _matchNow;
    FseTable? _offsetNow;
    int _recent1;
    int _recent2;
    int _recent3;

    enum Code
    {
        Literal,
        Offset,
        Match,
    }

    /// <summary>Forgets the frame before.</summary>
    public void StartFrame()
    {
        _huffman.IsReady = false;
        _literalNow = _matchNow = _offsetNow = null;
        (_recent1, _recent2, _recent3) = (1, 4, 8);
    }

    /// <summary>Decodes a block behind <paramref name="start"/>. Returns the number of bytes, or -1 if they do not
    /// fit.</summary>
    /// <param name="block">The block's content.</param>
    /// <param name="output">Earlier output and the room for this block behind it.</param>
    /// <param name="start">Where the block's output starts.</param>
    /// <param name="floor">Where the frame's output starts: matches may not reach before it.</param>
    public int DecodeBlock(ReadOnlySpan<byte> block, Span<byte> output, int start, int floor)
    {
        var at = ReadLiterals(block, out var literals);
        var count = ReadSequenceCount(block, ref at);
        if (count == 0)
        {
            if (at != block.Length)
            {
                throw new WireFormatException("Bytes follow the last section of a zstd block.");
            }

            if (literals.Length > output.Length - start)
            {
                return -1;
            }

            literals.CopyTo(output[start..]);
            return literals.Length;
        }

        if (at >= block.Length)
        {
            throw new WireFormatException("A zstd block ends before its sequences.");
        }

        int modes = block[at++];
        if ((modes & 3) != 0)
        {
            throw new WireFormatException("A zstd block uses a reserved mode.");
        }

        at += ReadTable(Code.Literal, modes >> 6, block[at..]);
        at += ReadTable(Code.Offset, (modes >> 4) & 3, block[at..]);
        at += ReadTable(Code.Match, (modes >> 2) & 3, block[at..]);
        if (at >= block.Length)
        {
            throw new WireFormatException("A zstd block has no sequence bits.");
        }

        return Execute(block[at..], count, literals, output, start, floor);
    }

    static FseTable MakeDefaultLiterals()
    {
        var table = new FseTable(ZstdFormat.DefaultLiteralLog);
        table.Build(ZstdFormat.DefaultLiteralCounts, ZstdFormat.DefaultLiteralLog);
        table.Resolve(ZstdFormat.LiteralBase, ZstdFormat.LiteralBits);
        return table;
    }

    static FseTable MakeDefaultMatches()
    {
        var table = new FseTable(ZstdFormat.DefaultMatchLog);
        table.Build(ZstdFormat.DefaultMatchCounts, ZstdFormat.DefaultMatchLog);
        table.Resolve(ZstdFormat.MatchBase, ZstdFormat.MatchBits);
        return table;
    }

    static FseTable MakeDefaultOffsets()
    {
        var table = new FseTable(ZstdFormat.DefaultOffsetLog);
        table.Build(ZstdFormat.DefaultOffsetCounts, ZstdFormat.DefaultOffsetLog);
        table.ResolveOffsets();
        return table;
    }

    static int ReadSequenceCount(ReadOnlySpan<byte> block, ref int at)
    {
        var rest = block[at..];
        if (rest.IsEmpty || (rest[0] >= 128 && rest.Length < 2) || (rest[0] == 255 && rest.Length < 3))
        {
            throw new WireFormatException("A zstd block ends before its number of sequences.");
        }

        at += rest[0] < 128 ? 1 : rest[0] < 255 ? 2 : 3;
        return rest[0] switch
        {
            < 128 => rest[0],
            < 255 => ((rest[0] - 128) << 8) | rest[1],
            _ => (rest[1] | (rest[2] << 8)) + 0x7F00,
        };
    }

    // The section's header, from the lowest bit up: type 2 bits, format 2 bits, then decoded size and, unless raw or
    // one repeated byte, compressed size; 10, 14 or 18 bits each.
    int ReadLiterals(ReadOnlySpan<byte> block, out ReadOnlySpan<byte> literals)
    {
        if (block.IsEmpty)
        {
            throw new WireFormatException("A zstd block is empty.");
        }

        var type = block[0] & 3;
        var format = (block[0] >> 2) & 3;
        var isPlain = type is ZstdFormat.RawLiterals or ZstdFormat.RleLiterals;
        var headerSize = isPlain ? format switch { 1 => 2, 3 => 3, _ => 1 } : format switch { 2 => 4, 3 => 5, _ => 3 };
        if (block.Length < headerSize)
        {
            throw new WireFormatException("A zstd block ends inside its literals' header.");
        }

        ulong header = 0;
        for (var i = headerSize - 1; i >= 0; i--)
        {
            header = (header << 8) | block[i];
        }

        if (isPlain)
        {
            var plainSize = (int)(header >> (headerSize == 1 ? 3 : 4));
            return ReadPlainLiterals(block, headerSize, type, plainSize, out literals);
        }

        var sizeBits = format switch { 2 => 14, 3 => 18, _ => 10 };
        var size = (int)(header >> 4) & ((1 << sizeBits) - 1);
        var packedSize = (int)(header >> (4 + sizeBits)) & ((1 << sizeBits) - 1);
        if (size > _literals.Length || packedSize > block.Length - headerSize)
        {
            throw new WireFormatException($"A zstd block's literals have sizes {size} and {packedSize}.");
        }

        var packed = block.Slice(headerSize, packedSize);
        if (type == ZstdFormat.CompressedLiterals)
        {
            packed = packed[_huffman.ReadTree(packed)..];
        }
        else if (!_huffman.IsReady)
        {
            throw new WireFormatException("A zstd block repeats a Huffman tree before the first.");
        }

        var output = _literals.AsSpan(0, size);
        if (format == 0)
        {
            _huffman.DecodeOne(packed, output);
        }
        else
        {
            _huffman.DecodeFour(packed, output);
        }

        literals = output;
        return headerSize + packedSize;
    }

    int ReadPlainLiterals(ReadOnlySpan<byte> block, int at, int type, int size, out ReadOnlySpan<byte> literals)
    {
        var stored = type == ZstdFormat.RawLiterals ? size : 1;
        if (size > _literals.Length || stored > block.Length - at)
        {
            throw new WireFormatException($"A zstd block's literals have size {size}.");
        }

        if (type == ZstdFormat.RawLiterals)
        {
            literals = block.Slice(at, size);
        }
        else
        {
            var output = _literals.AsSpan(0, size);
            output.Fill(block[at]);
            literals = output;
        }

        return at + stored;
    }

    int ReadTable(Code code, int mode, ReadOnlySpan<byte> input)
    {
        var (own, known, now, maxCode) = code switch
        {
            Code.Literal => (_literalTable, DefaultLiterals, _literalNow, ZstdFormat.MaxLiteralCode),
            Code.Offset => (_offsetTable, DefaultOffsets, _offsetNow, ZstdFormat.MaxOffsetCode),
            _ => (_matchTable, DefaultMatches, _matchNow, ZstdFormat.MaxMatchCode),
        };
        var size = 0;
        switch (mode)
        {
            case ZstdFormat.PredefinedMode:
                own = known;
                break;
            case ZstdFormat.RleMode:
                size = 1;
                if (input.IsEmpty || input[0] > maxCode)
                {
                    throw new WireFormatException("A zstd block repeats an impossible code.");
                }

                own.BuildSingle(input[0]);
                break;
            case ZstdFormat.FseMode:
                size = own.Read(input, maxCode);
                break;
            default:
                own = now ?? throw new WireFormatException("A zstd block repeats a table before the first.");
                break;
        }

        if (size > 0)
        {
            Resolve(own, code);
        }

        switch (code)
        {
            case Code.Literal:
                _literalNow = own;
                break;
            case Code.Offset:
                _offsetNow = own;
                break;
            default:
                _matchNow = own;
                break;
        }

        return size;
    }

    static void Resolve(FseTable table, Code code)
    {
        switch (code)
        {
            case Code.Literal:
                table.Resolve(ZstdFormat.LiteralBase, ZstdFormat.LiteralBits);
                break;
            case Code.Match:
                table.Resolve(ZstdFormat.MatchBase, ZstdFormat.MatchBits);
                break;
            default:
                table.ResolveOffsets();
                break;
        }
    }

    int Execute(
        ReadOnlySpan<byte> stream, int count, ReadOnlySpan<byte> literals, Span<byte> output, int start, int floor)
    {
        var bits = new BackwardBits(stream);
        var literalStates = _literalNow!.States;
        var offsetStates = _offsetNow!.States;
        var matchStates = _matchNow!.States;
        var literalState = (int)bits.Read(_literalNow.Log);
        var offsetState = (int)bits.Read(_offsetNow.Log);
        var matchState = (int)bits.Read(_matchNow.Log);
        var literalAt = 0;
        var written = start;
        for (; ; count--)
        {
            ref readonly var literal = ref literalStates[literalState];
            ref readonly var offset = ref offsetStates[offsetState];
            ref readonly var match = ref matchStates[matchState];

            // At most 30 + 16 bits, then 16 and 9 + 9 + 8.
            bits.Refill();
            var distance = offset.Value + (int)bits.Read(offset.ExtraBits);
            var matchLength = match.Value + (int)bits.Read(match.ExtraBits);
            bits.Refill();
            var literalLength = literal.Value + (int)bits.Read(literal.ExtraBits);
            distance = ResolveDistance(distance, literalLength);

            if (literalLength > literals.Length - literalAt || bits.IsOverrun)
            {
                throw new WireFormatException("A zstd sequence wants more literals or bits than its block has.");
            }

            if ((long)literalLength + matchLength > output.Length - written)
            {
                return -1;
            }

            Window.CopyLiteral(literals, literalAt, output, written, literalLength);
            literalAt += literalLength;
            written += literalLength;
            if (distance <= 0 || distance > written - floor)
            {
                throw new WireFormatException($"A zstd match reaches {distance} bytes back of {written - floor}.");
            }

            Window.CopyMatch(output, written, distance, matchLength);
            written += matchLength;
            if (count == 1)
            {
                break;
            }

            literalState = literal.Next + (int)bits.Read(literal.Bits);
            matchState = match.Next + (int)bits.Read(match.Bits);
            offsetState = offset.Next + (int)bits.Read(offset.Bits);
        }

        if (bits.IsBroken || !bits.IsFinished)
        {
            throw new WireFormatException("A zstd block's sequence bits do not end with its last sequence.");
        }

        var rest = literals[literalAt..];
        if (rest.Length > output.Length - written)
        {
            return -1;
        }

        rest.CopyTo(output[written..]);
        return written + rest.Length - start;
    }

    // 1 to 3 name a recent distance; without literals before the match the first of them would be pointless, so they
    // shift by one, and 3 means "the last one less one byte".
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    int ResolveDistance(int value, int literalLength)
    {
        if (value > 3)
        {
            _recent3 = _recent2;
            _recent2 = _recent1;
            return _recent1 = value - 3;
        }

        var index = literalLength == 0 ? value : value - 1;
        if (index == 0)
        {
            return _recent1;
        }

        var distance = index switch { 1 => _recent2, 2 => _recent3, _ => _recent1 - 1 };
        _recent3 = index == 1 ? _recent3 : _recent2;
        _recent2 = _recent1;
        return _recent1 = distance;
    }
}
