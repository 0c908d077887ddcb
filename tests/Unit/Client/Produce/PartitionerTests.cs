using System.Text;
using Millrace.Client.Produce;
using Xunit;

namespace Millrace.Unit.Client.Produce;

public sealed class PartitionerTests
{
    // What org.apache.kafka.common.utils.Utils.murmur2 gives for these keys.
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    [InlineData("abc", 479470107)]
    public void Murmur2_gives_what_the_java_client_gives(string key, int expected) =>
        Assert.Equal(expected, (int)Partitioner.Murmur2(Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void A_key_always_gets_a_partition_of_the_topic_and_an_empty_key_is_a_key()
    {
        for (var count = 1; count < 50; count++)
        {
            Assert.InRange(Partitioner.ForKey([], count), 0, count - 1);
            Assert.InRange(Partitioner.ForKey([(byte)count, 255], count), 0, count - 1);
        }
        Assert.Equal((0x106E08D9 & int.MaxValue) % 7, Partitioner.ForKey([], 7));
    }
}
