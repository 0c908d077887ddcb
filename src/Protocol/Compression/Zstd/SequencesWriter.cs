using System.Numerics;
using System.Runtime.CompilerServices;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Some literals and the match behind them.</summary>
/// <param name="Literals">How many literals.</param>
/// <param name="MatchLength">Length of the match, 3 or more.</param>
/// <param name="Offset">1 to 3 = a recent distance, else the distance plus 3.</param>
readonly record struct ZstdSequence(int Literals, int MatchLength, int Offset);

/// <summary>Writes the sequences section of a block, each of the three codes in the cheapest of its modes.</summary>
sealed class SequencesWriter
{
    /// <summary>More sequences than this a block cannot have: a match takes four bytes at least.</summary>
    public const int MaxSequences = (ZstdFormat.MaxBlockSize / 4) + 1;

    static readonly byte[] LiteralCodes = MakeCodes(ZstdFormat.LiteralBase, 0, 64);
    static readonly byte[] MatchCodes = MakeCodes(ZstdFormat.MatchBase, ZstdFormat.LeastMatch, 128);

    readonly CodeColumn _literals = new(
        ZstdFormat.DefaultLiteralCounts, ZstdFormat.DefaultLiteralLog,
        ZstdFormat.MaxLiteralCode, ZstdFormat.MaxLiteralLog);

    readonly CodeColumn _offsets = new(
        ZstdFormat.DefaultOffsetCounts, ZstdFormat.DefaultOffsetLog, ZstdFormat.MaxOffsetCode, ZstdFormat.MaxOffsetLog);

    readonly CodeColumn _matches = new(
        ZstdFormat.DefaultMatchCounts, ZstdFormat.DefaultMatchLog, ZstdFormat.MaxMatchCode, ZstdFormat.MaxMatchLog);

    /// <summary>The room that writing so many sequences needs.</summary>
    public static int BoundOf(int count) => 512 + (12 * count);

    /// <summary>Writes the section and returns its size.</summary>
    public int Write(ReadOnlySpan<ZstdSequence> sequences, Span<byte> output)
    {
        var at = WriteCount(output, sequences.Length);
        if (sequences.IsEmpty)
        {
            return at;
        }

        for (var i = 0; i < sequences.Length; i++)
        {
            ref readonly var sequence = ref sequences[i];
            _literals.Codes[i] = LiteralCode(sequence.Literals);
            _offsets.Codes[i] = (byte)BitOperations.Log2((uint)sequence.Offset);
            _matches.Codes[i] = MatchCode(sequence.MatchLength);
        }

        var modesAt = at++;
        at += _literals.Choose(sequences.Length, output[at..]);
        at += _offsets.Choose(sequences.Length, output[at..]);
        at += _matches.Choose(sequences.Length, output[at..]);
        output[modesAt] = (byte)((_literals.Mode << 6) | (_offsets.Mode << 4) | (_matches.Mode << 2));
        return at + WriteBits(sequences, output[at..]);
    }

    static byte[] MakeCodes(ReadOnlySpan<int> bases, int least, int count)
    {
        var codes = new byte[count];
        var code = 0;
        for (var value = 0; value < count; value++)
        {
            while (code + 1 < bases.Length && bases[code + 1] <= value + least)
            {
                code++;
            }

            codes[value] = (byte)code;
        }

        return codes;
    }

    static byte LiteralCode(int length) =>
        length < LiteralCodes.Length ? LiteralCodes[length] : (byte)(BitOperations.Log2((uint)length) + 19);

    static byte MatchCode(int length)
    {
        var value = length - ZstdFormat.LeastMatch;
        return value < MatchCodes.Length ? MatchCodes[value] : (byte)(BitOperations.Log2((uint)value) + 36);
    }

    static int WriteCount(Span<byte> output, int count)
    {
        if (count < 128)
        {
            output[0] = (byte)count;
            return 1;
        }

        if (count < 0x7F00)
        {
            output[0] = (byte)((count >> 8) + 128);
            output[1] = (byte)count;
            return 2;
        }

        output[0] = 255;
        output[1] = (byte)(count - 0x7F00);
        output[2] = (byte)((count - 0x7F00) >> 8);
        return 3;
    }

    // Backwards, because the decoder reads from the end: of the last sequence the extra bits alone, of the others first
    // the way to the next state.
    int WriteBits(ReadOnlySpan<ZstdSequence> sequences, Span<byte> output)
    {
        var writer = new BitWriter(output);
        var last = sequences.Length - 1;
        _literals.Begin(last);
        _offsets.Begin(last);
        _matches.Begin(last);
        WriteExtra(ref writer, sequences[last], last);
        for (var i = last - 1; i >= 0; i--)
        {
            _offsets.Encode(ref writer, i);
            _matches.Encode(ref writer, i);
            _literals.Encode(ref writer, i);
            writer.Flush();
            WriteExtra(ref writer, sequences[i], i);
        }

        _matches.End(ref writer);
        _offsets.End(ref writer);
        _literals.End(ref writer);
        return writer.FinishMarked();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    void WriteExtra(ref BitWriter writer, in ZstdSequence sequence, int index)
    {
        var literalCode = _literals.Codes[index];
        var matchCode = _matches.Codes[index];
        int offsetCode = _offsets.Codes[index];
        var literals = (uint)(sequence.Literals - ZstdFormat.LiteralBase[literalCode]);
        var length = (uint)(sequence.MatchLength - ZstdFormat.MatchBase[matchCode]);
        writer.Write(literals, ZstdFormat.LiteralBits[literalCode]);
        writer.Write(length, ZstdFormat.MatchBits[matchCode]);
        writer.Flush();
        writer.Write((uint)(sequence.Offset - (1 << offsetCode)), offsetCode);
        writer.Flush();
    }
}
