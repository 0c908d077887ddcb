using System.Runtime.CompilerServices;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>One of the three codes of a block's sequences: their values, the mode chosen for them, and the encoder's
/// state.</summary>
sealed class CodeColumn
{
    readonly short[] _defaultCounts;
    readonly FseEncoder _default;
    readonly FseEncoder _own;
    readonly int[] _histogram;
    readonly short[] _counts;
    readonly int _maxLog;
    readonly int _defaultLog;
    FseEncoder? _used;
    int _state;

    public CodeColumn(ReadOnlySpan<short> defaultCounts, int defaultLog, int maxSymbol, int maxLog)
    {
        _defaultCounts = defaultCounts.ToArray();
        _defaultLog = defaultLog;
        _maxLog = maxLog;
        _histogram = new int[maxSymbol + 1];
        _counts = new short[maxSymbol + 1];
        _default = new FseEncoder(defaultLog, maxSymbol);
        _default.Build(defaultCounts, defaultLog);
        _own = new FseEncoder(maxLog, maxSymbol);
    }

    /// <summary>The codes, in the order of the sequences.</summary>
    public byte[] Codes { get; } = new byte[SequencesWriter.MaxSequences];

    /// <summary>What <see cref="Choose"/> chose.</summary>
    public int Mode { get; private set; }

    /// <summary>Chooses the cheapest mode and writes its table. Returns the bytes written.</summary>
    public int Choose(int count, Span<byte> output)
    {
        Array.Clear(_histogram);
        foreach (var code in Codes.AsSpan(0, count))
        {
            _histogram[code]++;
        }

        var maxSymbol = Array.FindLastIndex(_histogram, n => n > 0);
        if (_histogram[maxSymbol] == count)
        {
            Mode = ZstdFormat.RleMode;
            _used = null;
            output[0] = (byte)maxSymbol;
            return 1;
        }

        var counts = _counts.AsSpan(0, maxSymbol + 1);
        var histogram = _histogram.AsSpan(0, maxSymbol + 1);
        var log = FseEncoder.ChooseLog(count, maxSymbol, _maxLog);
        FseCounts.Normalize(histogram, count, log, counts);
        var size = FseCounts.Write(output, counts, log);
        var defaultBits = BitsOf(histogram, _defaultCounts, _defaultLog);
        if (defaultBits <= BitsOf(histogram, counts, log) + (8 * size))
        {
            Mode = ZstdFormat.PredefinedMode;
            _used = _default;
            return 0;
        }

        Mode = ZstdFormat.FseMode;
        _own.Build(counts, log);
        _used = _own;
        return size;
    }

    /// <summary>Starts with the last sequence's code.</summary>
    public void Begin(int index) => _state = _used?.Begin(Codes[index]) ?? 0;

    /// <summary>Writes the way from this sequence's code to the one encoded before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Encode(ref BitWriter writer, int index)
    {
        if (_used is { } encoder)
        {
            _state = encoder.Encode(ref writer, _state, Codes[index]);
        }
    }

    /// <summary>Writes the state that the decoder begins with.</summary>
    public void End(ref BitWriter writer) => _used?.End(ref writer, _state);

    static double BitsOf(ReadOnlySpan<int> histogram, ReadOnlySpan<short> counts, int log)
    {
        var bits = 0.0;
        for (var symbol = 0; symbol < histogram.Length; symbol++)
        {
            if (histogram[symbol] > 0)
            {
                if (symbol >= counts.Length || counts[symbol] == 0)
                {
                    return double.MaxValue;
                }

                bits += histogram[symbol] * (log - Math.Log2(Math.Abs(counts[symbol])));
            }
        }

        return bits;
    }
}
