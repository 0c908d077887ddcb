using Millrace.Protocol.Compression;
using Xunit;

namespace Millrace.Unit.Protocol.Compression;

public sealed class XxHashTests
{
    // From the reference implementation.
    [Theory]
    [InlineData("", 0x02CC5D05u, 0xEF46DB3751D8E999ul)]
    [InlineData("a", 0x550D7456u, 0xD24EC4F1A98C6E5Bul)]
    [InlineData("abc", 0x32D153FFu, 0x44BC2CF5AD770999ul)]
    [InlineData("Nobody inspects the spammish repetition", 0xE2293B2Fu, 0xFBCEA83C8A378BF1ul)]
    public void Known_vectors_hold(string text, uint hash32, ulong hash64)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(text);
        Assert.Equal(hash32, XxHash.Hash32(bytes));
        Assert.Equal(hash64, XxHash.Hash64(bytes));
    }
}
