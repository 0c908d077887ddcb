using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

public sealed class VersionedDataTests
{
    [Fact]
    public void The_version_stands_in_front()
    {
        var bytes = VersionedData.Encode(new OffsetCommitKey { Group = "g", Topic = "t", Partition = 3 }, 1);

        Assert.Equal("00010001670001740000" + "0003", Convert.ToHexStringLower(bytes));
        var read = VersionedData.Decode<OffsetCommitKey>(bytes);
        Assert.Equal(("g", "t", 3), (read.Group, read.Topic, read.Partition));
    }

    [Fact]
    public void A_version_that_nobody_knows_is_refused()
    {
        foreach (var bytes in (byte[][])[[0, 9, 0, 0], [0xff, 0xff, 0, 0], [0], []])
            Assert.Throws<WireFormatException>(() => VersionedData.Decode<OffsetCommitKey>(bytes));
    }

    [Fact]
    public void A_newer_subscription_is_read_as_the_newest_known()
    {
        var bytes = VersionedData.Encode(new ConsumerProtocolSubscription { Topics = ["a"], RackId = "r" }, 3);
        bytes[1] = 9;

        var read = VersionedData.Decode<ConsumerProtocolSubscription>((byte[])[.. bytes, 1, 2, 3], allowNewer: true);

        Assert.Equal(["a"], read.Topics);
        Assert.Equal("r", read.RackId);
        Assert.Throws<WireFormatException>(() => VersionedData.Decode<ConsumerProtocolSubscription>(bytes));
    }

    [Fact]
    public void A_truncated_structure_is_refused()
    {
        var bytes = VersionedData.Encode(new GroupMetadataValue { ProtocolType = "consumer" }, 3);
        for (var length = 0; length < bytes.Length; length++)
        {
            var part = bytes.AsMemory(0, length);
            Assert.Throws<WireFormatException>(() => VersionedData.Decode<GroupMetadataValue>(part));
        }
    }
}
