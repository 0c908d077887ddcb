using System.Numerics;
using System.Runtime.CompilerServices;

namespace Millrace.Protocol.Compression.Zstd;

/// <summary>An encoding table of finite state entropy coding: the decoding table, turned round. Symbols are encoded
/// from
/// the last to the first.</summary>
sealed class FseEncoder(int maxLog, int maxSymbol)
{
    // States are kept as size + place in the decoding table.
    readonly ushort[] _states = new ushort[1 << maxLog];
    readonly int[] _bits = new int[maxSymbol + 1];
    readonly int[] _find = new int[maxSymbol + 1];
    readonly int[] _first = new int[maxSymbol + 1];

    /// <summary>Log of the number of states.</summary>
    public int Log { get; private set; }

    /// <summary>The log that suits so many symbols to encode.</summary>
    public static int ChooseLog(int total, int maxSymbol, int maxLog)
    {
        var enough = BitOperations.Log2((uint)maxSymbol | 1) + 2;
        var worth = BitOperations.Log2((uint)total) - 2;
        return Math.Clamp(Math.Max(enough, worth), 5, maxLog);
    }

    /// <summary>Builds the table of a distribution; -1 counts as one.</summary>
    public void Build(ReadOnlySpan<short> counts, int log)
    {
        Log = log;
        var size = 1 << log;
        Span<ushort> symbols = stackalloc ushort[size];
        FseCounts.Spread(counts, log, symbols);
        var start = 0;
        Span<int> next = stackalloc int[counts.Length];
        for (var symbol = 0; symbol < counts.Length; symbol++)
        {
            int count = Math.Abs(counts[symbol]);
            next[symbol] = start;
            _first[symbol] = start;
            _find[symbol] = start - count;
            if (count > 0)
            {
                // (state + this) >> 16 is the most bits for states from count << most on, and one less below.
                var most = count == 1 ? log : log - BitOperations.Log2((uint)count - 1);
                _bits[symbol] = (most << 16) - (count << most);
            }

            start += count;
        }

        for (var place = 0; place < size; place++)
        {
            _states[next[symbols[place]]++] = (ushort)(size + place);
        }
    }

    /// <summary>The state to begin with for the symbol that is decoded last. It costs no bits.</summary>
    public int Begin(int symbol) => _states[_first[symbol]];

    /// <summary>Writes the bits that lead from this symbol's state to the given one; returns this symbol's
    /// state.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Encode(ref BitWriter writer, int state, int symbol)
    {
        var bits = (state + _bits[symbol]) >> 16;
        writer.Write((uint)state & ((1u << bits) - 1), bits);
        return _states[(state >> bits) + _find[symbol]];
    }

    /// <summary>Writes the state that the decoder begins with.</summary>
    public void End(ref BitWriter writer, int state) => writer.Write((uint)state & ((1u << Log) - 1), Log);
}
