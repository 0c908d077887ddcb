using System.Globalization;
using System.Text;

namespace Millrace.Orders;

/// <summary>What becomes of a generated record.</summary>
enum OrderKind
{
    Good,
    Flaky,
    BrokenJson,
    MissingField,
}

/// <summary>Makes record <c>index</c> of a feed. The same seed and index always give the same bytes, so an interrupted
/// feed goes on where it stopped.</summary>
/// <param name="seed">Chooses the customers, the amounts and which records fail.</param>
/// <param name="eventsPerOrder">How many events one order has; they share a key and are numbered.</param>
sealed class OrderGenerator(int seed, int eventsPerOrder)
{
    // 1 % fail once, 0.1 % can never be handled: as many of each kind in every thousand, at places the seed chooses.
    const int Block = 1000;
    const int FlakyInBlock = 10;

    public int Seed { get; } = seed;

    /// <summary>What record <paramref name="index"/> is.</summary>
    public OrderKind KindOf(long index)
    {
        var block = index / Block;
        var place = (int)(index % Block);
        var start = (int)(Mix(block, 1) % Block);
        var distance = (place - start + Block) % Block;
        return distance switch
        {
            0 => (Mix(block, 2) & 1) == 0 ? OrderKind.BrokenJson : OrderKind.MissingField,
            <= FlakyInBlock => OrderKind.Flaky,
            _ => OrderKind.Good,
        };
    }

    /// <summary>The order that record <paramref name="index"/> belongs to.</summary>
    public string OrderIdOf(long index) =>
        string.Create(CultureInfo.InvariantCulture, $"o-{Seed}-{index / eventsPerOrder:D7}");

    /// <summary>The record's value.</summary>
    public byte[] ValueOf(long index)
    {
        var id = OrderIdOf(index);
        var sequence = (index % eventsPerOrder) + 1;
        var customer = Mix(index / eventsPerOrder, 3) % 5000;
        var amount = 100 + (Mix(index, 4) % 99_900);
        var kind = KindOf(index);
        var text = kind switch
        {
            OrderKind.BrokenJson =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"orderId":"{{id}}","sequence":{{sequence}},"customer":"c-{{customer}}","amount"""),
            OrderKind.MissingField =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"orderId":"{{id}}","sequence":{{sequence}},"amountCents":{{amount}}}"""),
            OrderKind.Flaky =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"orderId":"{{id}}","sequence":{{sequence}}"""
                    + $$""","customer":"c-{{customer}}","amountCents":{{amount}},"flaky":true}"""),
            _ =>
                string.Create(
                    CultureInfo.InvariantCulture,
                    $$"""{"orderId":"{{id}}","sequence":{{sequence}}"""
                    + $$""","customer":"c-{{customer}}","amountCents":{{amount}}}"""),
        };
        return Encoding.UTF8.GetBytes(text);
    }

    /// <summary>How many of the first <paramref name="count"/> records are of a kind that no handler accepts.</summary>
    public long BrokenAmong(long count)
    {
        var broken = 0L;
        for (var block = 0L; block * Block < count; block++)
        {
            var index = (block * Block) + (long)(Mix(block, 1) % Block);
            broken += index < count ? 1 : 0;
        }

        return broken;
    }

    /// <summary>How many different orders have at least one record among the first <paramref name="count"/> that a
    /// handler accepts.</summary>
    public long HandledOrdersAmong(long count)
    {
        var orders = 0L;
        for (var first = 0L; first < count; first += eventsPerOrder)
        {
            var isHandled = false;
            for (var index = first; index < Math.Min(count, first + eventsPerOrder); index++)
            {
                isHandled |= KindOf(index) is OrderKind.Good or OrderKind.Flaky;
            }

            orders += isHandled ? 1 : 0;
        }

        return orders;
    }

    /// <summary>SplitMix64 over (seed, value, stream): cheap, and the same everywhere.</summary>
    ulong Mix(long value, ulong stream)
    {
        var z = unchecked(
            ((ulong)Seed * 0x9E3779B97F4A7C15UL)
            + ((ulong)value * 0xBF58476D1CE4E5B9UL)
            + (stream * 0x94D049BB133111EBUL));
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }
}
