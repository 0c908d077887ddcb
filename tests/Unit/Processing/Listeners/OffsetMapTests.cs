using FsCheck;
using FsCheck.Fluent;
using Millrace.Processing.Listeners;
using Xunit;

namespace Millrace.Unit.Processing.Listeners;

public sealed class OffsetMapTests
{
    [Fact]
    public void What_is_encoded_is_decoded()
    {
        Prop.ForAll(Maps(), map =>
        {
            var text = OffsetMap.Encode(map.Base, map.End, map.Incomplete, 1 << 20);
            Assert.True(OffsetMap.TryDecode(text, map.Base, out var decoded, out var reason), reason);
            Assert.Equal(map.End, decoded!.End);
            Assert.Equal(map.Incomplete, decoded.Incomplete.ToArray());
            Assert.Equal(map.End - map.Base - map.Incomplete.Length, decoded.DoneCount);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_map_that_fits_by_the_bound_is_encoded_whole_within_the_limit()
    {
        var limits = Gen.Choose(64, 4096).ToArbitrary();
        Prop.ForAll(Maps(), limits, (map, limit) =>
        {
            if (!OffsetMap.Fits(map.Incomplete.Length, map.End - map.Base, limit))
            {
                return;
            }

            var text = OffsetMap.Encode(map.Base, map.End, map.Incomplete, limit);
            Assert.InRange(text.Length, 1, limit);
            Assert.True(OffsetMap.TryDecode(text, map.Base, out var decoded, out _));
            Assert.Equal(map.End, decoded!.End);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void The_bound_holds_for_the_worst_placement_too()
    {
        var random = new Random(11);
        for (var i = 0; i < 300; i++)
        {
            var count = random.Next(0, 3000);
            var span = count + 1 + random.NextInt64(0, 1L << random.Next(1, 40));
            if (!OffsetMap.Fits(count, span, 4096))
            {
                continue;
            }

            // All at the start, all at the end, and spread: the code's size depends on the sum of the gaps alone.
            foreach (var first in new[] { 0, span - count - 1, (span - count) / 2 })
            {
                var incomplete = Enumerable.Range(0, count).Select(x => first + x).ToArray();
                var text = OffsetMap.Encode(0, span, incomplete, 4096);
                Assert.InRange(text.Length, 1, 4096);
                Assert.True(OffsetMap.TryDecode(text, 0, out var decoded, out _));
                Assert.Equal(span, decoded!.End);
            }
        }
    }

    [Fact]
    public void More_exceptions_or_more_range_never_fit_better()
    {
        var random = new Random(12);
        for (var i = 0; i < 2000; i++)
        {
            var count = random.Next(1, 4000);
            var span = count + random.NextInt64(1, 1_000_000);
            if (OffsetMap.Fits(count, span, 4096))
            {
                Assert.True(OffsetMap.Fits(count - 1, span, 4096), $"{count} in {span}");
                Assert.True(OffsetMap.Fits(count, span - 1, 4096), $"{count} in {span}");
            }
        }
    }

    [Fact]
    public void Two_thousand_of_two_hundred_thousand_fit_the_brokers_default()
    {
        Assert.True(OffsetMap.Fits(2000, 200_000, 4096));
        Assert.True(OffsetMap.Fits(1, 1_000_000_000, 64));
        Assert.False(OffsetMap.Fits(10_000, 1_000_000, 4096));
    }

    [Fact]
    public void A_map_that_does_not_fit_says_less_but_nothing_false()
    {
        var incomplete = Enumerable.Range(0, 5000).Select(i => 100L + i * 37).ToArray();
        var text = OffsetMap.Encode(100, 400_000, incomplete, 1000);
        Assert.InRange(text.Length, 1, 1000);
        Assert.True(OffsetMap.TryDecode(text, 100, out var decoded, out _));
        for (var offset = 100L; offset < 400_000; offset++)
        {
            Assert.False(decoded!.IsDone(offset) && Array.BinarySearch(incomplete, offset) >= 0, $"{offset} is not done");
        }

        Assert.True(decoded!.DoneCount > 0);
    }

    [Fact]
    public void Without_anything_done_there_is_no_map()
    {
        Assert.Equal("", OffsetMap.Encode(10, 10, [], 4096));
        Assert.Equal("", OffsetMap.Encode(10, 13, [10, 11, 12], 4096));
    }

    [Theory]
    [InlineData(null, "")]
    [InlineData("", "")]
    [InlineData("consumed by another tool", "another program")]
    [InlineData("mr1.%%%", "base64")]
    [InlineData("mr1.AAAA", "too short")]
    public void Foreign_metadata_is_ignored_with_a_reason(string? metadata, string reason)
    {
        Assert.False(OffsetMap.TryDecode(metadata, 5, out var map, out var said));
        Assert.Null(map);
        Assert.Contains(reason, said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_map_of_another_offset_is_ignored()
    {
        var text = OffsetMap.Encode(100, 200, [100, 150], 4096);
        Assert.False(OffsetMap.TryDecode(text, 99, out _, out var reason));
        Assert.Contains("another committed offset", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_changed_character_is_noticed()
    {
        var text = OffsetMap.Encode(100, 200, [100, 150, 151, 199], 4096);
        for (var i = 4; i < text.Length; i++)
        {
            foreach (var c in "AZaz09+/=")
            {
                if (text[i] == c)
                {
                    continue;
                }

                var changed = text[..i] + c + text[(i + 1)..];
                if (OffsetMap.TryDecode(changed, 100, out var map, out _))
                {
                    // Unused bits of the last base64 character may differ; the content may not.
                    Assert.Equal([100, 150, 151, 199], map!.Incomplete.ToArray());
                }
            }
        }
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(13);
        var bytes = new byte[200];
        for (var i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            var length = random.Next(0, bytes.Length);
            bytes[0] = 1;
            bytes[1] = (byte)random.Next(0, 70);
            OffsetMap.TryDecode("mr1." + Convert.ToBase64String(bytes, 0, length), random.Next(), out var map, out _);
            Assert.Null(map);
        }
    }

    static Arbitrary<Map> Maps() => Gen.Choose(0, int.MaxValue).Select(Map.Of).ToArbitrary();

    sealed record Map(long Base, long End, long[] Incomplete)
    {
        /// <summary>Sparse and dense, near and far, ending in a done offset as the engine's do.</summary>
        public static Map Of(int seed)
        {
            var random = new Random(seed);
            var start = random.NextInt64(0, 1L << random.Next(1, 60));
            var density = random.NextDouble();
            var step = random.NextInt64(1, 1L << random.Next(1, 20));
            var incomplete = new List<long>();
            var at = start;
            for (var i = random.Next(0, 400); i > 0; i--)
            {
                at += random.NextDouble() < density ? 0 : random.NextInt64(0, step);
                incomplete.Add(at++);
            }

            return new Map(start, at + 1 + random.NextInt64(0, step), [.. incomplete]);
        }

        public override string ToString() => $"[{Base}, {End}) without {string.Join(',', Incomplete)}";
    }
}
