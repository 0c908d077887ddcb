using Millrace.Protocol;
using Millrace.Protocol.Compression;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Compression;

public sealed class CodecTests
{
    const int NoLimit = 64 << 20;

    public static TheoryData<CompressionType> All =>
        [CompressionType.None, CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    public static TheoryData<CompressionType> Real =>
        [CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];

    [Theory]
    [MemberData(nameof(All))]
    public void What_is_compressed_comes_back(CompressionType type)
    {
        var seed = 977 + (int)type;
        var random = new Random(seed);
        var pool = new DiagnosticBufferPool();
        for (var round = 0; round < 250; round++)
        {
            var source = Samples.Any(random, 400_000);
            using var packed = new PooledWriter(pool);
            using var plain = new PooledWriter(pool);
            packed.Write("before"u8);
            var size = Codec.For(type).Compress(source, packed);
            Assert.Equal(packed.Length - 6, size);
            plain.Write("before"u8);
            Assert.Equal(source.Length, Codec.For(type).Decompress(packed.WrittenSpan[6..], plain, source.Length));
            Assert.True(source.AsSpan().SequenceEqual(plain.WrittenSpan[6..]), $"seed {seed}, round {round}");
        }

        pool.AssertAllReturned();
    }

    [Fact]
    public void An_encoder_that_worked_for_gigabytes_still_encodes()
    {
        // Its tables hold places that grow with each frame, up to 2^31.
        var zeros = new byte[100 << 20];
        var text = Samples.Text(5000);
        using var writer = new PooledWriter(BufferPool.Default);
        for (var round = 0; round < 24; round++)
        {
            writer.Truncate(0);
            Codec.For(CompressionType.Zstd).Compress(zeros, writer);
            Assert.Equal(text, Decompress(CompressionType.Zstd, Compress(CompressionType.Zstd, text), text.Length));
        }
    }

    [Theory]
    [MemberData(nameof(Real))]
    public void Text_becomes_much_smaller_and_noise_hardly_larger(CompressionType type)
    {
        var text = Samples.Text(300_000);
        Assert.True(Compress(type, text).Length < text.Length / 3, $"{Compress(type, text).Length}");
        var noise = new byte[300_000];
        new Random(5).NextBytes(noise);
        Assert.True(Compress(type, noise).Length < noise.Length + 400, $"{Compress(type, noise).Length}");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_length_up_to_some_hundreds_comes_back(CompressionType type)
    {
        var text = Samples.Text(700);
        var same = new byte[700];
        for (var length = 0; length <= 700; length++)
        {
            Assert.Equal(text[..length], Decompress(type, Compress(type, text.AsSpan(0, length)), length));
            Assert.Equal(same[..length], Decompress(type, Compress(type, same.AsSpan(0, length)), length));
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void One_byte_more_than_the_limit_is_refused(CompressionType type)
    {
        byte[] mixed = [.. Samples.Text(140_000), .. new byte[3]];
        foreach (var source in new[] { Samples.Text(10_000), new byte[200_000], mixed })
        {
            var packed = Compress(type, source);
            Assert.Equal(source, Decompress(type, packed, source.Length));
            var error = Assert.Throws<WireFormatException>(() => Decompress(type, packed, source.Length - 1));
            Assert.Contains("limit", error.Message, StringComparison.Ordinal);
            Assert.Throws<WireFormatException>(() => Decompress(type, packed, 0));
        }
    }

    [Theory]
    [MemberData(nameof(Real))]
    public void A_cut_off_input_is_refused(CompressionType type)
    {
        var packed = Compress(type, Samples.Text(3000));
        for (var length = 0; length < packed.Length; length++)
        {
            // Snappy's framing ends with any whole block, so a cut there is a shorter input, not a damaged one.
            if (type == CompressionType.Snappy && length == 16)
            {
                continue;
            }

            var part = packed[..length];
            Assert.Throws<WireFormatException>(() => Decompress(type, part, NoLimit));
        }
    }

    [Theory]
    [MemberData(nameof(Real))]
    public void Damaged_input_throws_nothing_else_and_stays_below_the_limit(CompressionType type)
    {
        var seed = 31 * (int)type;
        var random = new Random(seed);
        const int limit = 300_000;
        var pool = new DiagnosticBufferPool();
        using var output = new PooledWriter(pool);
        for (var round = 0; round < 3000; round++)
        {
            var packed = round % 10 == 0
                ? Samples.Any(random, 500)
                : Compress(type, Samples.Any(random, round % 50 == 1 ? 200_000 : 3000));
            Mutate(random, ref packed);
            try
            {
                output.Truncate(0);
                var size = Codec.For(type).Decompress(packed, output, limit);
                Assert.InRange(size, 0, limit);
            }
            catch (WireFormatException)
            {
                // What is expected of most.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}, round {round}: {e}");
            }
        }

        output.Dispose();
        pool.AssertAllReturned();
    }

    [Fact]
    public void A_snappy_block_without_framing_is_read()
    {
        // "Wikipedia" and then a copy of it.
        byte[] block = [18, 8 << 2, .. "Wikipedia"u8, ((9 - 4) << 2) | 1, 9];
        Assert.Equal("WikipediaWikipedia"u8.ToArray(), Decompress(CompressionType.Snappy, block, 18));
    }

    [Fact]
    public void A_claim_of_gigabytes_is_refused_before_memory_is_taken()
    {
        var pool = new DiagnosticBufferPool();
        using var output = new PooledWriter(pool);
        Assert.Throws<WireFormatException>(
            () => Codec.For(CompressionType.Snappy)
                .Decompress([0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0], output, int.MaxValue));
        Assert.Equal(0, pool.TotalRented);
        Assert.Throws<WireFormatException>(() => Codec.For(CompressionType.Zstd).Decompress(
            [0x28, 0xB5, 0x2F, 0xFD, 0xE0, 0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0, 1, 0, 0], output, int.MaxValue));
        Assert.InRange(output.GetSpan().Length, 1, 1 << 20);
    }

    [Fact]
    public void Frames_and_members_one_behind_the_other_are_read_as_one()
    {
        CompressionType[] types =
            [CompressionType.Gzip, CompressionType.Snappy, CompressionType.Lz4, CompressionType.Zstd];
        foreach (var type in types)
        {
            byte[] packed = [.. Compress(type, [1, 2, 3]), .. Compress(type, []), .. Compress(type, [4])];
            Assert.Equal([1, 2, 3, 4], Decompress(type, packed, 4));
        }

        foreach (var type in new[] { CompressionType.Lz4, CompressionType.Zstd })
        {
            byte[] packed = [0x55, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9, .. Compress(type, [1, 2, 3])];
            Assert.Equal([1, 2, 3], Decompress(type, packed, 3));
        }
    }

    [Fact]
    public void A_compression_that_nobody_defined_is_refused()
    {
        Assert.Throws<WireFormatException>(() => Codec.For((CompressionType)5));
    }

    internal static byte[] Compress(CompressionType type, ReadOnlySpan<byte> source, int? level = null)
    {
        using var writer = new PooledWriter(BufferPool.Default);
        Codec.For(type).Compress(source, writer, level);
        return writer.WrittenSpan.ToArray();
    }

    internal static byte[] Decompress(CompressionType type, ReadOnlySpan<byte> source, int maxSize)
    {
        using var writer = new PooledWriter(BufferPool.Default);
        Codec.For(type).Decompress(source, writer, maxSize);
        return writer.WrittenSpan.ToArray();
    }

    internal static void Mutate(Random random, ref byte[] bytes)
    {
        switch (random.Next(3))
        {
            case 0:
                bytes = bytes[..random.Next(bytes.Length + 1)];
                break;
            case 1:
                var extra = new byte[random.Next(20)];
                random.NextBytes(extra);
                bytes = [.. bytes, .. extra];
                break;
        }

        for (var flips = random.Next(4); flips > 0 && bytes.Length > 0; flips--)
        {
            var near = random.Next(2) == 0 ? Math.Min(bytes.Length, 40) : bytes.Length;
            bytes[random.Next(near)] = random.Next(3) switch
            {
                0 => 0xFF,
                1 => 0,
                _ => (byte)random.Next(256),
            };
        }
    }
}
