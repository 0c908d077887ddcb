using Millrace.Client.Consume;
using Millrace.Client.Groups;
using Xunit;

namespace Millrace.Unit.Client.Consume;

public sealed class ConsumerOptionsTests
{
    public static TheoryData<ConsumerOptions, string> Wrong => new()
    {
        { new ConsumerOptions { GroupId = "" }, "GroupId is empty" },
        { new ConsumerOptions { GroupId = " " }, "GroupId is empty" },
        { new ConsumerOptions { GroupInstanceId = "a" }, "needs a GroupId" },
        { new ConsumerOptions { GroupId = "g", GroupInstanceId = "a b" }, "'a b'" },
        { new ConsumerOptions { HeartbeatInterval = TimeSpan.FromMinutes(1) }, "SessionTimeout" },
        { new ConsumerOptions { FetchMinBytes = 0 }, "FetchMinBytes" },
        { new ConsumerOptions { MaxBufferedBytes = 1 }, "MaxBufferedBytes" },
        { new ConsumerOptions { Assignors = [] }, "Assignors" },
        { new ConsumerOptions { Assignors = [PartitionAssignor.Range, PartitionAssignor.Range] }, "Assignors" },
        { new ConsumerOptions { FetchMaxWait = TimeSpan.FromMinutes(1) }, "FetchMaxWait" },
    };

    [Theory(DisableDiscoveryEnumeration = true)]
    [MemberData(nameof(Wrong))]
    public void A_wrong_option_is_refused_by_name(ConsumerOptions options, string says) =>
        Assert.Contains(says, Assert.ThrowsAny<ArgumentException>(options.Validate).Message);

    [Fact]
    public void The_defaults_are_valid() => new ConsumerOptions().Validate();
}
