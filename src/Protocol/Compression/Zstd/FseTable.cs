using System.Numerics;
using System.Runtime.InteropServices;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>One state of a decoding table: what it stands for, and how to get to the next.</summary>
[StructLayout(LayoutKind.Sequential)]
struct FseState
{
    /// <summary>Start of the next states' range; add the bits that are read.</summary>
    public ushort Next;

    /// <summary>How many bits to read for the next state.</summary>
    public byte Bits;

    /// <summary>How many extra bits the value has.</summary>
    public byte ExtraBits;

    /// <summary>The symbol, or the value's base once codes were resolved.</summary>
    public int Value;
}

/// <summary>A decoding table of finite state entropy coding.</summary>
sealed class FseTable(int maxLog)
{
    readonly FseState[] _states = new FseState[1 << maxLog];

    /// <summary>Log of the number of states.</summary>
    public int Log { get; private set; }

    /// <summary>The states.</summary>
    public ReadOnlySpan<FseState> States => _states.AsSpan(0, 1 << Log);

    /// <summary>Reads a distribution from its compact form, see <see cref="FseCounts"/>, and builds the table. Returns
    /// the bytes read.</summary>
    public int Read(ReadOnlySpan<byte> input, int maxSymbol)
    {
        Span<short> counts = stackalloc short[256];
        counts = counts[..(maxSymbol + 1)];
        var size = FseCounts.Read(input, counts, maxLog, out var log);
        Build(counts, log);
        return size;
    }

    /// <summary>One state that always yields the same symbol.</summary>
    public void BuildSingle(int symbol)
    {
        Log = 0;
        _states[0] = new FseState { Value = symbol };
    }

    /// <summary>Builds the table of a distribution whose counts add up to the table's size; -1 counts as one, at the
    /// end.</summary>
    public void Build(ReadOnlySpan<short> counts, int log)
    {
        Log = log;
        Span<ushort> symbols = stackalloc ushort[1 << log];
        FseCounts.Spread(counts, log, symbols);
        Span<ushort> next = stackalloc ushort[counts.Length];
        for (var symbol = 0; symbol < counts.Length; symbol++)
        {
            next[symbol] = (ushort)Math.Abs(counts[symbol]);
        }

        for (var i = 0; i < symbols.Length; i++)
        {
            var symbol = symbols[i];
            var value = next[symbol]++;
            var bits = log - BitOperations.Log2(value);
            _states[i] = new FseState
            {
                Value = symbol,
                Bits = (byte)bits,
                Next = (ushort)((value << bits) - (1 << log)),
            };
        }
    }

    /// <summary>Replaces the symbols by the bases and bits of the values that they stand for.</summary>
    public void Resolve(ReadOnlySpan<int> bases, ReadOnlySpan<byte> bits)
    {
        foreach (ref var state in _states.AsSpan(0, 1 << Log))
        {
            var code = state.Value;
            state.ExtraBits = bits[code];
            state.Value = bases[code];
        }
    }

    /// <summary>As <see cref="Resolve"/> for offset codes, which are powers of two.</summary>
    public void ResolveOffsets()
    {
        foreach (ref var state in _states.AsSpan(0, 1 << Log))
        {
            if (state.Value > ZstdFormat.MaxOffsetCode - 1)
            {
                throw new WireFormatException("A zstd offset of 2 GiB or more is larger than any batch.");
            }

            state.ExtraBits = (byte)state.Value;
            state.Value = 1 << state.Value;
        }
    }
}
