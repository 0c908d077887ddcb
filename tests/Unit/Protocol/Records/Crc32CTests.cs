using System.Text;
using Millrace.Protocol.Records;
using Xunit;

namespace Millrace.Unit.Protocol.Records;

public sealed class Crc32CTests
{
    [Fact]
    public void Known_vectors_hold()
    {
        Assert.Equal(0u, Crc32C.Compute(default));
        Assert.Equal(0xE3069283u, Crc32C.Compute(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Compute(new byte[32]));                                  // RFC 3720, B.4
        Assert.Equal(0x62A8AB43u, Crc32C.Compute([.. Enumerable.Repeat((byte)0xFF, 32)]));
        Assert.Equal(0x46DD794Eu, Crc32C.Compute([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));
    }

    [Fact]
    public void The_instruction_and_the_table_agree_at_every_length_and_in_any_pieces()
    {
        const int seed = 20261;
        var random = new Random(seed);
        var bytes = new byte[60_000];
        random.NextBytes(bytes);
        for (var round = 0; round < 600; round++)
        {
            var length = round < 300 ? round : random.Next(bytes.Length);
            var part = bytes.AsSpan(random.Next(bytes.Length - length), length);
            var cut = random.Next(length + 1);
            var expected = Crc32C.AppendWithTable(0, part);
            Assert.Equal(expected, Crc32C.Compute(part));
            Assert.Equal(expected, Crc32C.Append(Crc32C.Compute(part[..cut]), part[cut..]));
        }
    }
}
