using System.Numerics;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression.Zstd;

// A distribution: four bits log - 5, then one count after another, bits from the lowest up. A count takes as many bits
// as the rest that is to be shared out allows, one less for small ones; it is written plus one, so that 0 stands for
// "less than one" (-1). After a zero, two bits tell how many more zeros follow; 3 = and so many again.

/// <summary>Distributions of finite state entropy coding: compact form, spreading, and normalization.</summary>
static class FseCounts
{
    const int LogBias = 5;

    /// <summary>Reads a distribution. Returns the bytes read.</summary>
    public static int Read(ReadOnlySpan<byte> input, Span<short> counts, int maxLog, out int log)
    {
        counts.Clear();
        var at = 0;
        log = Peek(input, at, 4) + LogBias;
        at += 4;
        if (log > maxLog)
        {
            throw new WireFormatException($"A zstd table of 2^{log} states is larger than 2^{maxLog}.");
        }

        var rest = 1 << log;
        var symbol = 0;
        while (rest > 0)
        {
            if (symbol >= counts.Length || at > input.Length * 8)
            {
                throw new WireFormatException("A zstd distribution has too many symbols or is cut off.");
            }

            var bits = BitOperations.Log2((uint)rest + 1) + 1;
            var value = Peek(input, at, bits);
            var lowMask = (1 << (bits - 1)) - 1;
            var threshold = (1 << bits) - 1 - (rest + 1);
            if ((value & lowMask) < threshold)
            {
                at += bits - 1;
                value &= lowMask;
            }
            else
            {
                at += bits;
                value = value > lowMask ? value - threshold : value;
            }

            var count = value - 1;
            rest -= Math.Abs(count);
            counts[symbol++] = (short)count;
            if (count == 0)
            {
                int zeros;
                do
                {
                    zeros = Peek(input, at, 2);
                    at += 2;
                    symbol += zeros;
                }
                while (zeros == 3 && symbol < counts.Length);
            }
        }

        var size = (at + 7) / 8;
        return rest == 0 && size <= input.Length
            ? size
            : throw new WireFormatException("A zstd distribution does not add up or is cut off.");
    }

    /// <summary>Writes a distribution without -1 counts. Returns the bytes written.</summary>
    public static int Write(Span<byte> output, ReadOnlySpan<short> counts, int log)
    {
        var writer = new BitWriter(output);
        writer.Write((ulong)(log - LogBias), 4);
        var rest = 1 << log;
        for (var symbol = 0; rest > 0; symbol++)
        {
            var count = counts[symbol];
            var value = count + 1;
            var bits = BitOperations.Log2((uint)rest + 1) + 1;
            var lowMask = (1 << (bits - 1)) - 1;
            var threshold = (1 << bits) - 1 - (rest + 1);
            if (value < threshold)
            {
                writer.Write((ulong)value, bits - 1);
            }
            else
            {
                writer.Write((ulong)(value > lowMask ? value + threshold : value), bits);
            }

            rest -= count;
            if (count == 0)
            {
                var zeros = 0;
                while (counts[symbol + 1] == 0)
                {
                    zeros++;
                    symbol++;
                }

                for (; zeros >= 3; zeros -= 3)
                {
                    writer.Write(3, 2);
                    writer.Flush();
                }

                writer.Write((ulong)zeros, 2);
            }

            writer.Flush();
        }

        return writer.Finish();
    }

    /// <summary>Says which symbol each state stands for.</summary>
    public static void Spread(ReadOnlySpan<short> counts, int log, Span<ushort> symbols)
    {
        var size = 1 << log;
        var high = size;
        for (var symbol = 0; symbol < counts.Length; symbol++)
        {
            if (counts[symbol] == -1)
            {
                symbols[--high] = (ushort)symbol;
            }
        }

        var step = (size >> 1) + (size >> 3) + 3;
        var at = 0;
        for (var symbol = 0; symbol < counts.Length; symbol++)
        {
            for (var i = 0; i < counts[symbol]; i++)
            {
                symbols[at] = (ushort)symbol;
                do
                {
                    at = (at + step) & (size - 1);
                }
                while (at >= high);
            }
        }
    }

    /// <summary>Scales a histogram so that it adds up to 2^log, no symbol that occurs below 1.</summary>
    public static void Normalize(ReadOnlySpan<int> histogram, int total, int log, Span<short> counts)
    {
        var size = 1 << log;
        var rest = size;
        var largest = 0;
        for (var symbol = 0; symbol < histogram.Length; symbol++)
        {
            var scaled = ((2L * histogram[symbol] * size) + total) / (2L * total);
            counts[symbol] = histogram[symbol] == 0 ? (short)0 : (short)Math.Max(1, scaled);
            rest -= counts[symbol];
            largest = counts[symbol] > counts[largest] ? symbol : largest;
        }

        if (rest > 0 || counts[largest] + rest >= size / 4)
        {
            counts[largest] += (short)rest;
            return;
        }

        // Many rare symbols were rounded up to 1: the largest ones pay for it, one by one.
        for (; rest < 0; rest++)
        {
            var payer = 0;
            for (var symbol = 1; symbol < histogram.Length; symbol++)
            {
                payer = counts[symbol] > counts[payer] ? symbol : payer;
            }

            counts[payer]--;
        }
    }

    static int Peek(ReadOnlySpan<byte> input, int at, int count)
    {
        var value = 0u;
        for (var i = 2; i >= 0; i--)
        {
            var index = (at >> 3) + i;
            value = (value << 8) | (index < input.Length ? input[index] : 0u);
        }

        return (int)((value >> (at & 7)) & ((1u << count) - 1));
    }
}
