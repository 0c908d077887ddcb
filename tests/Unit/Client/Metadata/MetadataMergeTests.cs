using Millrace.Client.Metadata;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Xunit;

namespace Millrace.Unit.Client.Metadata;

public sealed class MetadataMergeTests
{
    static readonly Guid First = new(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]);
    static readonly Guid Second = new(2, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]);

    [Theory]
    [InlineData(4, 1)]   // older than what is known: the known leader stays
    [InlineData(5, 2)]
    [InlineData(6, 2)]
    [InlineData(-1, 2)]  // a broker that does not tell epochs is believed
    public void A_leader_is_believed_only_with_an_epoch_not_below_the_known_one(int epoch, int expectedLeader)
    {
        var view = Apply(Apply(ClusterView.Empty, First, leader: 1, epoch: 5), First, leader: 2, epoch);
        Assert.Equal(expectedLeader, view.LeaderOf("t", 0));
    }

    [Fact]
    public void A_topic_that_was_made_again_starts_with_new_epochs()
    {
        var view = Apply(Apply(ClusterView.Empty, First, leader: 1, epoch: 5), Second, leader: 2, epoch: 0);
        Assert.Equal((2, 0), (view.LeaderOf("t", 0), view.Partition("t", 0)!.LeaderEpoch));
        Assert.True(view.TryTopic(Second, out _));
        Assert.False(view.TryTopic(First, out _));
    }

    [Fact]
    public void A_hint_moves_one_partition_and_only_forward()
    {
        var view = Apply(ClusterView.Empty, First, leader: 1, epoch: 5);
        Assert.Null(MetadataMerge.ApplyLeader(view, "t", 0, leader: 2, leaderEpoch: 5));
        Assert.Null(MetadataMerge.ApplyLeader(view, "t", 0, leader: 9, leaderEpoch: 6));   // a broker nobody knows
        Assert.Equal(2, MetadataMerge.ApplyLeader(view, "t", 0, leader: 2, leaderEpoch: 6)!.LeaderOf("t", 0));
    }

    [Fact]
    public void A_topic_that_an_answer_leaves_out_stays_while_somebody_wants_it()
    {
        var view = Apply(ClusterView.Empty, First, leader: 1, epoch: 5);
        var other = new MetadataResponse { Brokers = [new() { NodeId = 1, Host = "a", Port = 1 }] };
        Assert.NotNull(MetadataMerge.Apply(view, other, static _ => true).Topic("t"));
        Assert.Null(MetadataMerge.Apply(view, other, static _ => false).Topic("t"));
    }

    [Fact]
    public void A_passing_error_keeps_the_partitions_and_an_unknown_topic_loses_them()
    {
        var view = Apply(ClusterView.Empty, First, leader: 1, epoch: 5);
        Assert.True(Apply(view, First, ErrorCode.LeaderNotAvailable).Topic("t")!.IsUsable);
        Assert.False(Apply(view, First, ErrorCode.UnknownTopicOrPartition).Topic("t")!.IsUsable);
    }

    static ClusterView Apply(ClusterView old, Guid id, int leader, int epoch)
    {
        var partition = new MetadataResponse.MetadataResponsePartition { LeaderId = leader, LeaderEpoch = epoch };
        var response = new MetadataResponse
        {
            Brokers = [new() { NodeId = 1, Host = "a", Port = 1 }, new() { NodeId = 2, Host = "b", Port = 2 }],
            Topics = [new() { Name = "t", TopicId = id, Partitions = [partition] }],
        };
        return MetadataMerge.Apply(old, response, static _ => true);
    }

    static ClusterView Apply(ClusterView old, Guid id, ErrorCode error) => MetadataMerge.Apply(
        old, new MetadataResponse { Topics = [new() { Name = "t", TopicId = id, ErrorCode = error }] },
            static _ => true);
}
