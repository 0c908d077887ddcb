using System.IO.Compression;
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
    [MemberData(nameof(All))]
    public void Lengths_at_the_borders_of_blocks_come_back(CompressionType type)
    {
        // Snappy's blocks have 32 KiB, LZ4's 64 KiB, zstd's 128 KiB.
        const int largest = (256 * 1024) + 1;
        var text = Samples.Text(largest);
        var same = new byte[largest];
        var noise = new byte[largest];
        new Random(12).NextBytes(noise);
        foreach (var border in new[] { 32, 64, 96, 128, 256 })
        {
            for (var length = (border * 1024) - 1; length <= (border * 1024) + 1; length++)
            {
                foreach (var source in new[] { text, same, noise })
                {
                    var part = source.AsSpan(0, length);
                    Assert.True(part.SequenceEqual(Decompress(type, Compress(type, part), length)), $"{length}");
                }
            }
        }
    }

    [Fact]
    public void A_gzip_input_cut_off_behind_zeros_is_refused()
    {
        // Eight zeros look like the trailer of an empty member.
        using var stored = new MemoryStream();
        using (var gzip = new GZipStream(stored, CompressionLevel.NoCompression, leaveOpen: true))
        {
            gzip.Write([1, 2, 3, .. new byte[500]]);
        }

        var packed = stored.ToArray();
        Assert.Equal(503, Decompress(CompressionType.Gzip, packed, 503).Length);
        for (var length = 0; length < packed.Length; length++)
        {
            var part = packed[..length];
            Assert.Throws<WireFormatException>(() => Decompress(CompressionType.Gzip, part, NoLimit));
        }

        byte[] padded = [.. packed, .. new byte[8]];
        Assert.Throws<WireFormatException>(() => Decompress(CompressionType.Gzip, padded, NoLimit));
    }

    [Fact]
    public void A_frame_that_wants_a_dictionary_is_refused()
    {
        var error = Assert.Throws<WireFormatException>(() => Decompress(
            CompressionType.Zstd, [0x28, 0xB5, 0x2F, 0xFD, 0x21, 9, 0, 1, 0, 0], NoLimit));
        Assert.Contains("dictionary", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<WireFormatException>(() => Decompress(
            CompressionType.Lz4, [0x04, 0x22, 0x4D, 0x18, 0x61, 0x40, 9, 0, 0, 0, 0], NoLimit));
        Assert.Contains("dictionary", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_buffer_does_not_grow_beyond_an_array()
    {
        var pool = new DiagnosticBufferPool();
        using var writer = new PooledWriter(pool);
        writer.Write([1]);
        Assert.Throws<InvalidOperationException>(() => writer.Reserve(int.MaxValue));
        Assert.Equal([1], writer.WrittenSpan.ToArray());
        Assert.Equal(1, pool.TotalRented);
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
}
