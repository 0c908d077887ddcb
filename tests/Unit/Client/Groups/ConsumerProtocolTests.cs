using Millrace.Client.Groups;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Client.Groups;

public sealed class ConsumerProtocolTests
{
    // version 3 | 1 topic "t" | user data, 4 bytes, generation 7 | 1 owned topic "t": 0, 2 | generation 7 | rack null
    const string Subscription =
        "0003 00000001 000174 00000004 00000007 00000001 000174 00000002 00000000 00000002 00000007 ffff";

    [Fact]
    public void A_subscription_has_the_bytes_that_other_clients_read()
    {
        var owned = new[] { new TopicPartition("t", 0), new TopicPartition("t", 2) };

        var userData = PartitionAssignor.CooperativeSticky.UserData(7);
        var bytes = ConsumerProtocol.EncodeSubscription(["t"], userData, owned, 7);

        Assert.Equal(Hex(Subscription), bytes);
    }

    [Fact]
    public void A_subscription_is_read_back()
    {
        var read = ConsumerProtocol.DecodeSubscription("m", "i", Hex(Subscription));

        Assert.Equal(["t"], read.Topics);
        Assert.Equal([new TopicPartition("t", 0), new TopicPartition("t", 2)], read.Owned);
        Assert.Equal(7, read.Generation);
    }

    [Fact]
    public void The_generation_of_an_old_member_is_found_in_its_user_data()
    {
        var read = ConsumerProtocol.DecodeSubscription("m", null,
            Hex("0001 00000001 000174 00000004 00000009 00000000"));

        Assert.Equal(9, read.Generation);
    }

    [Fact]
    public void A_newer_version_is_read_as_the_newest_known()
    {
        var read = ConsumerProtocol.DecodeSubscription("m", null, Hex(Subscription.Replace("0003 ", "0009 ") + "0102"));

        Assert.Equal(7, read.Generation);
    }

    [Fact]
    public void An_assignment_is_read_back_and_no_bytes_are_an_empty_one()
    {
        var partitions = new[] { new TopicPartition("t", 1), new TopicPartition("u", 0) };

        Assert.Equal(partitions, ConsumerProtocol.DecodeAssignment(ConsumerProtocol.EncodeAssignment(partitions)));
        Assert.Empty(ConsumerProtocol.DecodeAssignment(default));
    }

    static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", ""));
}
