using System.Diagnostics;
using System.Globalization;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Protocol.Compression;

/// <summary>Bytes that other implementations wrote, and ours read by them. See Golden/Records/README.md.</summary>
public sealed class CodecGoldenTests
{
    [Theory]
    [InlineData("zstd1-150000", CompressionType.Zstd)]
    [InlineData("zstd3-150000", CompressionType.Zstd)]
    [InlineData("zstd9-150000", CompressionType.Zstd)]
    [InlineData("zstd19-150000", CompressionType.Zstd)]
    [InlineData("zstd-ultra-1000", CompressionType.Zstd)]
    [InlineData("zstd-fast-1000", CompressionType.Zstd)]
    [InlineData("lz4-linked-150000", CompressionType.Lz4)]
    [InlineData("lz4-independent-150000", CompressionType.Lz4)]
    [InlineData("snappy-raw-150000", CompressionType.Snappy)]
    public void Files_of_other_tools_are_read(string name, CompressionType type)
    {
        var length = int.Parse(name[(name.LastIndexOf('-') + 1)..], CultureInfo.InvariantCulture);
        var packed = File.ReadAllBytes(Path.Combine(Samples.GoldenFolder, name + ".bin"));
        Assert.True(Samples.Text(length).AsSpan().SequenceEqual(CodecTests.Decompress(type, packed, length)));
    }

    [Fact]
    public void Two_members_of_gzip_are_read()
    {
        var packed = File.ReadAllBytes(Path.Combine(Samples.GoldenFolder, "gzip-1000x2.bin"));
        byte[] expected = [.. Samples.Text(1000), .. Samples.Text(1000)];
        Assert.Equal(expected, CodecTests.Decompress(CompressionType.Gzip, packed, 2000));
    }

    [Theory]
    [InlineData("zstd", CompressionType.Zstd)]
    [InlineData("lz4", CompressionType.Lz4)]
    [InlineData("gzip", CompressionType.Gzip)]
    public void The_tools_of_the_system_read_ours(string tool, CompressionType type)
    {
        Assert.SkipUnless(
            (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
                .Any(folder => File.Exists(Path.Combine(folder, tool))),
            $"There is no {tool} on this machine.");
        const int seed = 88;
        var random = new Random(seed);
        for (var round = 0; round < 40; round++)
        {
            var source = round == 0 ? Samples.Text(9 << 20) : Samples.Any(random, 300_000);
            var unpacked = Run(tool, CodecTests.Compress(type, source));
            Assert.True(source.AsSpan().SequenceEqual(unpacked), $"seed {seed}, round {round}");
        }
    }

    static byte[] Run(string tool, byte[] packed)
    {
        var start = new ProcessStartInfo(tool, ["-d", "-c"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        var write = Task.Run(() =>
        {
            using var input = process.StandardInput.BaseStream;
            input.Write(packed);
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        write.Wait();
        return output.ToArray();
    }
}
