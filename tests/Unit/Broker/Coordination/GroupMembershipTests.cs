using Millrace.Broker.Coordination.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Xunit;
using static Millrace.Unit.Broker.Coordination.GroupHarness;

namespace Millrace.Unit.Broker.Coordination;

public sealed class GroupMembershipTests
{
    [Fact]
    public void A_new_member_gets_an_id_first_and_joins_with_it()
    {
        var h = new GroupHarness();
        var first = Done(h.Join());
        Assert.Equal(ErrorCode.MemberIdRequired, first.ErrorCode);
        Assert.StartsWith("client-", first.MemberId, StringComparison.Ordinal);
        Assert.Equal(-1, first.GenerationId);

        var joined = Done(h.Join(first.MemberId));
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        Assert.Equal(1, joined.GenerationId);
        Assert.Equal("range", joined.ProtocolName);
        Assert.Equal("consumer", joined.ProtocolType);
        Assert.Equal(first.MemberId, joined.Leader);
        Assert.Equal([first.MemberId], joined.Members.Select(m => m.MemberId));
        Assert.Equal([1], joined.Members[0].Metadata.ToArray());
        Assert.Empty(h.Log);
    }

    [Fact]
    public void Before_version_4_a_member_joins_at_once() =>
        Assert.Equal(1, Done(new GroupHarness().Join(version: 3)).GenerationId);

    [Fact]
    public void A_static_member_returns_to_a_full_group()
    {
        var h = new GroupHarness(new GroupOptions { MaxSize = 1 });
        var joined = Done(h.Join(instance: "s"));
        Assert.Equal(ErrorCode.None, Done(h.Sync(joined.MemberId, 1, "s", (joined.MemberId, 9))).ErrorCode);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Done(h.Join(instance: "other")).ErrorCode);
        var back = Done(h.Join(instance: "s"));
        Assert.Equal((ErrorCode.None, 1), (back.ErrorCode, back.GenerationId));
        Assert.NotEqual(joined.MemberId, back.MemberId);
    }

    [Fact]
    public void Ids_that_are_handed_out_while_members_join_count_against_the_limit()
    {
        var h = new GroupHarness(new GroupOptions { MaxSize = 3 });
        h.Stable();
        _ = h.JoinNew();
        Assert.Equal(GroupState.PreparingRebalance, h.Group.State);
        Assert.Equal(ErrorCode.MemberIdRequired, Done(h.Join()).ErrorCode);
        Assert.Equal(ErrorCode.MemberIdRequired, Done(h.Join()).ErrorCode);
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Done(h.Join()).ErrorCode);
        Assert.Equal(2, h.Group.PendingMembers.Count);
    }

    [Fact]
    public void Names_that_no_record_could_hold_and_endless_lists_are_refused()
    {
        var h = new GroupHarness();
        // 60,000 bytes in UTF-8; a string of the protocol has at most 32,767.
        var tooLong = new string('\uFFFD', 20_000);
        Assert.Equal(ErrorCode.InvalidGroupId, Done(h.Join(group: tooLong)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, Done(h.Join(instance: tooLong)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, Done(h.Join(type: tooLong)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, Done(h.Join(protocols: [tooLong])).ErrorCode);
        var many = Enumerable.Range(0, 101).Select(static i => $"p{i}").ToArray();
        Assert.Equal(ErrorCode.InvalidRequest, Done(h.Join(protocols: many)).ErrorCode);
        Assert.Empty(h.Coordinator.Groups);
        Assert.Equal(ErrorCode.MemberIdRequired, Done(h.Join(protocols: many[..100])).ErrorCode);
    }

    [Fact]
    public void The_leader_distributes_the_assignment_and_one_record_is_written()
    {
        var h = new GroupHarness();
        var (one, two) = Pair(h);
        var follower = h.Sync(two.MemberId, 2);
        Assert.False(follower.IsCompleted);
        Assert.Empty(h.Log);

        var leader = Done(h.Sync(one.MemberId, 2, null, (one.MemberId, 10), (two.MemberId, 20)));
        Assert.Equal([10], leader.Assignment.ToArray());
        Assert.Equal([20], Done(follower).Assignment.ToArray());
        Assert.Equal(GroupState.Stable, h.Group.State);

        var record = Assert.Single(h.Log);
        Assert.Equal(GroupRecords.GroupType, record.Type);
        Assert.Equal("g", Assert.IsType<GroupMetadataKey>(record.Key).Group);
        var value = Assert.IsType<GroupMetadataValue>(record.Value);
        Assert.Equal(3, record.ValueVersion);
        Assert.Equal(("consumer", 2, "range", one.MemberId, h.UnixMs),
            (value.ProtocolType, value.Generation, value.Protocol, value.Leader, value.CurrentStateTimestamp));
        Assert.Equal([one.MemberId, two.MemberId], value.Members.Select(m => m.MemberId));
        Assert.Equal([10, 20], value.Members.Select(m => (int)m.Assignment.Span[0]));
        Assert.Equal(("client", "/host", 60_000, 10_000), (value.Members[0].ClientId, value.Members[0].ClientHost,
            value.Members[0].RebalanceTimeout, value.Members[0].SessionTimeout));
    }

    [Fact]
    public void A_second_member_starts_a_rebalance_that_the_first_hears_of_by_heartbeat()
    {
        var h = new GroupHarness();
        var (one, generation) = h.Stable();
        var two = h.JoinNew();
        Assert.False(two.IsCompleted);
        Assert.Equal(ErrorCode.RebalanceInProgress, h.Heartbeat(one, generation));
        Assert.Equal(ErrorCode.RebalanceInProgress, Done(h.Sync(one, generation)).ErrorCode);
        var again = Done(h.Join(one));
        Assert.Equal((2, one), (again.GenerationId, again.Leader));
        Assert.Equal(2, again.Members.Count);
        Assert.Empty(Done(two).Members);
        Assert.Equal(ErrorCode.None, h.Heartbeat(one, 2));
        Assert.Equal(ErrorCode.IllegalGeneration, h.Heartbeat(one, 1));
        Assert.Equal(ErrorCode.UnknownMemberId, h.Heartbeat("nobody", 2));
    }

    [Fact]
    public void A_follower_that_asks_again_learns_where_the_group_stands_a_leader_starts_a_rebalance()
    {
        var h = new GroupHarness();
        var (one, two) = Pair(h);
        h.Sync(two.MemberId, 2);
        h.Sync(one.MemberId, 2);
        var follower = Done(h.Join(two.MemberId));
        Assert.Equal((2, one.MemberId), (follower.GenerationId, follower.Leader));
        Assert.Empty(follower.Members);
        Assert.Equal(GroupState.Stable, h.Group.State);

        Assert.False(h.Join(one.MemberId).IsCompleted);
        Assert.Equal(GroupState.PreparingRebalance, h.Group.State);
    }

    [Fact]
    public void A_follower_with_other_metadata_starts_a_rebalance()
    {
        var h = new GroupHarness();
        var (one, two) = Pair(h);
        h.Sync(two.MemberId, 2);
        h.Sync(one.MemberId, 2);
        Assert.False(h.Join(two.MemberId, metadata: 5).IsCompleted);
        Assert.Equal(GroupState.PreparingRebalance, h.Group.State);
    }

    [Fact]
    public void A_lost_join_answer_is_given_again()
    {
        var h = new GroupHarness();
        var joined = Done(h.JoinNew());
        var again = Done(h.Join(joined.MemberId));
        Assert.Equal((1, 1), (again.GenerationId, again.Members.Count));
    }

    [Fact]
    public void The_protocol_is_one_that_all_support_and_most_prefer()
    {
        var h = new GroupHarness();
        var one = Done(h.JoinNew(protocols: ["sticky", "range"]));
        var two = h.JoinNew(protocols: ["range", "roundrobin"]);
        Assert.Equal("sticky", one.ProtocolName);
        Assert.Equal("range", Done(h.Join(one.MemberId, protocols: ["sticky", "range"])).ProtocolName);
        Assert.Equal("range", Done(two).ProtocolName);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Done(h.Join(protocols: ["cooperative-sticky"])).ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Done(h.Join(type: "connect")).ErrorCode);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Done(h.Join(group: "other", protocols: [])).ErrorCode);
    }

    [Fact]
    public void A_member_that_is_silent_in_a_rebalance_is_left_out()
    {
        var h = new GroupHarness();
        var (one, _) = h.Stable(sessionMs: 30_000, rebalanceMs: 5_000);
        var two = h.JoinNew(sessionMs: 30_000, rebalanceMs: 5_000);
        h.Pass(4_999);
        Assert.False(two.IsCompleted);
        h.Pass(1);
        var joined = Done(two);
        Assert.Equal((2, joined.MemberId), (joined.GenerationId, joined.Leader));
        Assert.Equal(ErrorCode.UnknownMemberId, h.Heartbeat(one, 2));
    }

    [Fact]
    public void A_leader_that_never_syncs_is_removed()
    {
        var h = new GroupHarness();
        var (one, two) = Pair(h, rebalanceMs: 5_000, sessionMs: 30_000);
        var follower = h.Sync(two.MemberId, 2);
        h.Pass(5_000);
        Assert.Equal(ErrorCode.RebalanceInProgress, Done(follower).ErrorCode);
        Assert.Equal(two.MemberId, Done(h.Join(two.MemberId)).Leader);
        Assert.Equal(ErrorCode.UnknownMemberId, h.Heartbeat(one.MemberId, 3));
    }

    [Fact]
    public void A_session_ends_without_heartbeats_and_lasts_with_them()
    {
        var h = new GroupHarness();
        var (one, generation) = h.Stable(sessionMs: 10_000);
        for (var i = 0; i < 5; i++)
        {
            h.Pass(9_999);
            Assert.Equal(ErrorCode.None, h.Heartbeat(one, generation));
        }

        h.Log.Clear();
        h.Pass(9_999);
        Assert.Empty(h.Log);
        h.Pass(1);
        var value = Assert.IsType<GroupMetadataValue>(Assert.Single(h.Log).Value);
        Assert.Empty(value.Members);
        Assert.Equal((2, null, null), (value.Generation, value.Protocol, value.Leader));
        Assert.Equal(GroupState.Empty, h.Group.State);
    }

    [Fact]
    public void Whoever_is_parked_does_not_expire()
    {
        var h = new GroupHarness();
        var (one, generation) = h.Stable(sessionMs: 6_000, rebalanceMs: 60_000);
        var first = Done(h.Join(sessionMs: 6_000));
        var two = h.Join(first.MemberId, sessionMs: 6_000);
        for (var i = 0; i < 6; i++)
        {
            h.Pass(5_000);
            Assert.Equal(ErrorCode.RebalanceInProgress, h.Heartbeat(one, generation));
        }

        Assert.False(two.IsCompleted);
        Done(h.Join(one, sessionMs: 6_000));
        Assert.Equal(2, Done(two).GenerationId);
    }

    [Fact]
    public void An_id_that_is_not_used_in_time_is_forgotten()
    {
        var h = new GroupHarness();
        var first = Done(h.Join(sessionMs: 10_000));
        h.Pass(10_000);
        Assert.Empty(h.Coordinator.Groups);
        Assert.Equal(ErrorCode.UnknownMemberId, Done(h.Join(first.MemberId)).ErrorCode);
    }

    [Fact]
    public void Leaving_answers_each_member_and_rebalances_once()
    {
        var h = new GroupHarness();
        var (one, two) = Pair(h);
        h.Sync(two.MemberId, 2);
        h.Sync(one.MemberId, 2);
        h.Log.Clear();
        var left = h.Leave((one.MemberId, null), ("nobody", null), (two.MemberId, null));
        Assert.Equal(
            [ErrorCode.None, ErrorCode.UnknownMemberId, ErrorCode.None], left.Members.Select(m => m.ErrorCode));
        Assert.Equal(3, Assert.IsType<GroupMetadataValue>(Assert.Single(h.Log).Value).Generation);
        Assert.Equal(GroupState.Empty, h.Group.State);
    }

    [Fact]
    public void The_initial_delay_gathers_members_into_one_generation()
    {
        var h = new GroupHarness(new GroupOptions { InitialRebalanceDelayMs = 3_000 });
        var one = h.JoinNew();
        h.Pass(2_000);
        var two = h.JoinNew();
        h.Pass(1_000);
        Assert.False(one.IsCompleted);
        h.Pass(3_000);
        Assert.Equal((1, 1), (Done(one).GenerationId, Done(two).GenerationId));
        Assert.Equal(2, Done(one).Members.Count);
    }

    [Fact]
    public void Group_size_and_session_bounds_hold()
    {
        var h = new GroupHarness(new GroupOptions
        {
            MaxSize = 1,
            MinSessionTimeoutMs = 6_000,
            MaxSessionTimeoutMs = 20_000,
        });
        h.Stable();
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Done(h.Join()).ErrorCode);
        Assert.Equal(ErrorCode.InvalidSessionTimeout, Done(h.Join(sessionMs: 5_999)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidSessionTimeout, Done(h.Join(sessionMs: 20_001)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, Done(h.Join(group: "")).ErrorCode);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(8)]
    public void A_static_member_that_comes_back_keeps_its_assignment_without_a_rebalance(short version)
    {
        var h = new GroupHarness();
        var old = Done(h.Join(instance: "i"));
        Done(h.Sync(old.MemberId, 1, "i", (old.MemberId, 9)));
        h.Log.Clear();

        var back = Done(h.Join(instance: "i", version: version));
        Assert.Equal((ErrorCode.None, 1), (back.ErrorCode, back.GenerationId));
        Assert.NotEqual(old.MemberId, back.MemberId);
        Assert.Equal(version >= 9, back.SkipAssignment);
        // Below 9 the leader must not know that it leads, or it would assign (KIP-814).
        Assert.Equal(version >= 9 ? back.MemberId : old.MemberId, back.Leader);
        Assert.Equal(version >= 9 ? 1 : 0, back.Members.Count);
        var value = Assert.IsType<GroupMetadataValue>(Assert.Single(h.Log).Value);
        Assert.Equal((back.MemberId, "i", 9), (value.Members[0].MemberId, value.Members[0].GroupInstanceId,
            (int)value.Members[0].Assignment.Span[0]));

        Assert.Equal([9], Done(h.Sync(back.MemberId, 1, "i")).Assignment.ToArray());
        Assert.Equal(ErrorCode.FencedInstanceId, h.Heartbeat(old.MemberId, 1, "i"));
        Assert.Equal(ErrorCode.FencedInstanceId, Done(h.Sync(old.MemberId, 1, "i")).ErrorCode);
        Assert.Equal(ErrorCode.FencedInstanceId, Done(h.Join(old.MemberId, "i")).ErrorCode);
        Assert.Equal(ErrorCode.None, h.Heartbeat(back.MemberId, 1, "i"));
    }

    [Fact]
    public void A_parked_static_member_is_fenced_by_its_successor()
    {
        var h = new GroupHarness();
        h.Stable();
        var old = h.Join(instance: "i");
        Assert.False(old.IsCompleted);
        var next = h.Join(instance: "i");
        Assert.Equal(ErrorCode.FencedInstanceId, Done(old).ErrorCode);
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public void A_static_member_is_removed_by_its_instance_id()
    {
        var h = new GroupHarness();
        var one = Done(h.Join(instance: "i"));
        Done(h.Sync(one.MemberId, 1, "i"));
        Assert.Equal(ErrorCode.UnknownMemberId, h.Leave(("", "other")).Members[0].ErrorCode);
        Assert.Equal(ErrorCode.None, h.Leave(("", "i")).Members[0].ErrorCode);
        Assert.Equal(GroupState.Empty, h.Group.State);
    }

    [Fact]
    public void A_restart_brings_the_group_back_with_its_members_and_their_sessions()
    {
        var before = new GroupHarness();
        var (member, generation) = before.Stable(sessionMs: 10_000);
        var h = new GroupHarness(loaded: before.Log);
        Assert.Equal(GroupState.Stable, h.Group.State);
        Assert.Equal(ErrorCode.None, h.Heartbeat(member, generation));
        Assert.Equal([9], Done(h.Sync(member, generation)).Assignment.ToArray());
        h.Pass(10_000);
        Assert.Equal(GroupState.Empty, h.Group.State);
    }

    [Fact]
    public void Groups_are_described_and_listed()
    {
        var h = new GroupHarness();
        var (member, _) = h.Stable();
        var group = h.Coordinator.Describe("g", 6);
        Assert.Equal(("Stable", "consumer", "range"), (group.GroupState, group.ProtocolType, group.ProtocolData));
        Assert.Equal((member, "client", "/host"),
            (group.Members[0].MemberId, group.Members[0].ClientId, group.Members[0].ClientHost));
        Assert.Equal([9], group.Members[0].MemberAssignment.ToArray());
        Assert.Equal([1], group.Members[0].MemberMetadata.ToArray());
        Assert.Equal(("Dead", ErrorCode.None),
            (h.Coordinator.Describe("x", 5).GroupState, h.Coordinator.Describe("x", 5).ErrorCode));
        Assert.Equal(ErrorCode.GroupIdNotFound, h.Coordinator.Describe("x", 6).ErrorCode);

        Assert.Equal("g", Assert.Single(h.Coordinator.List([], [], 5).Groups).GroupId);
        Assert.Single(h.Coordinator.List(["stable"], ["Classic"], 5).Groups);
        Assert.Empty(h.Coordinator.List(["Empty"], [], 5).Groups);
        Assert.Empty(h.Coordinator.List([], ["share"], 5).Groups);
    }

    static (JoinGroupResponse One, JoinGroupResponse Two) Pair(GroupHarness h, int sessionMs =
        10_000, int rebalanceMs = 60_000)
    {
        var one = Done(h.JoinNew(sessionMs, rebalanceMs));
        var two = h.JoinNew(sessionMs, rebalanceMs);
        var again = Done(h.Join(one.MemberId, sessionMs: sessionMs, rebalanceMs: rebalanceMs));
        return (again, Done(two));
    }
}
