using Millrace.Client.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Xunit;

namespace Millrace.Unit.Client.Groups;

public sealed class GroupMemberCoreTests
{
    static readonly GroupSettings Settings = new()
    {
        GroupId = "g",
        SessionTimeoutMs = 10_000,
        HeartbeatIntervalMs = 1_000,
        RebalanceTimeoutMs = 60_000,
    };

    [Fact]
    public void A_member_finds_its_coordinator_gets_an_id_joins_and_syncs()
    {
        var group = new MemberHarness(Settings);
        group.Core.Subscribe(["t"], group.Now);

        group.Core.OnCoordinator(group.Take<GroupRequest.FindCoordinator>(), ErrorCode.None, group.Now);
        var first = group.Take<GroupRequest.Join>();
        Assert.Equal("", first.Message.MemberId);
        Assert.Equal("cooperative-sticky", Assert.Single(first.Message.Protocols).Name);
        Assert.Equal(65_000, first.TimeoutMs);
        group.Core.OnJoin(first, new JoinGroupResponse { ErrorCode = ErrorCode.MemberIdRequired, MemberId = "m1" },
            group.Now);
        var second = group.Take<GroupRequest.Join>();
        Assert.Equal("m1", second.Message.MemberId);
        group.Core.OnJoin(second, MemberHarness.Follower("m1", 4), group.Now);
        var sync = group.Take<GroupRequest.Sync>();
        Assert.Equal(4, sync.Message.GenerationId);
        Assert.Empty(sync.Message.Assignments);
        group.Core.OnSync(sync, MemberHarness.Assignment(0, 1), group.Now);

        Assert.True(group.Core.IsStable);
        Assert.Equal([0, 1], group.Event(GroupEventKind.Assigned));
        group.NoMore();
    }

    [Fact]
    public void The_leader_counts_partitions_and_assigns()
    {
        var group = new MemberHarness(Settings);
        var join = group.ToJoin();
        var response = MemberHarness.Follower("m1", 1);
        response.Leader = "m1";
        foreach (var member in new[] { "m1", "m2" })
            response.Members.Add(MemberHarness.Subscriber(member));
        group.Core.OnJoin(join, response, group.Now);

        var count = group.Take<GroupRequest.CountPartitions>();
        Assert.Equal(["t"], count.Topics);
        group.Core.OnPartitionCounts(count, new Dictionary<string, int> { ["t"] = 4, ["other"] = 2 });

        var sync = group.Take<GroupRequest.Sync>();
        Assert.Equal(["m1", "m2"], sync.Message.Assignments.Select(a => a.MemberId));
        Assert.All(sync.Message.Assignments,
            a => Assert.Equal(2, ConsumerProtocol.DecodeAssignment(a.Assignment).Count));
    }

    [Fact]
    public void The_leader_rebalances_when_a_topic_grows()
    {
        var group = new MemberHarness(Settings);
        group.LeadAlone(2);

        group.Core.OnWatchedCounts(new Dictionary<string, int> { ["t"] = 2 }, group.Now);
        group.NoMore();
        group.Core.OnWatchedCounts(new Dictionary<string, int> { ["t"] = 3 }, group.Now);

        group.Take<GroupRequest.Join>();
    }

    [Fact]
    public void Heartbeats_keep_their_schedule_without_any_poll()
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0);

        for (var i = 0; i < 5; i++)
        {
            group.NoMore();
            Assert.Equal(group.Now + 1_000, group.Core.NextWake(group.Now));
            group.Now += 1_000;
            var beat = group.Take<GroupRequest.Heartbeat>();
            Assert.Equal(("m1", 1), (beat.Message.MemberId, beat.Message.GenerationId));
            group.Core.OnHeartbeat(beat, ErrorCode.None, group.Now);
        }
    }

    [Fact]
    public void A_cooperative_member_keeps_everything_while_it_rejoins()
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0, 1);
        group.Beat(ErrorCode.RebalanceInProgress);

        var join = group.Take<GroupRequest.Join>();

        var told = ConsumerProtocol.DecodeSubscription("m1", null, join.Message.Protocols[0].Metadata);
        Assert.Equal([0, 1], told.Owned.Select(tp => tp.Partition));
        Assert.Equal(1, told.Generation);
        Assert.False(group.Core.TryTakeEvent(out _));
    }

    [Fact]
    public void A_cooperative_member_gives_up_only_what_moves_and_rejoins_when_that_is_acknowledged()
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0, 1);
        group.Beat(ErrorCode.RebalanceInProgress);
        group.Answer(2, 0, 2);

        var id = group.Revoking(1);
        Assert.Equal([2], group.Event(GroupEventKind.Assigned));
        group.Beat(ErrorCode.None);   // heartbeats go on, no join
        group.NoMore();
        group.Core.AcknowledgeRevocation(id, group.Now);

        var join = group.Take<GroupRequest.Join>();
        var told = ConsumerProtocol.DecodeSubscription("m1", null, join.Message.Protocols[0].Metadata);
        Assert.Equal([0, 2], told.Owned.Select(tp => tp.Partition));
    }

    [Fact]
    public void An_eager_member_gives_everything_up_before_it_joins()
    {
        var group = new MemberHarness(Settings with { Assignors = [PartitionAssignor.Range] });
        group.Join("m1", 1, 0, 1);
        group.Beat(ErrorCode.RebalanceInProgress);

        var id = group.Revoking(0, 1);
        group.NoMore();
        group.Core.AcknowledgeRevocation(id, group.Now);
        group.Answer(2, 1);

        Assert.Equal([1], group.Event(GroupEventKind.Assigned));
    }

    [Fact]
    public void One_eager_strategy_in_the_list_makes_the_member_eager()
    {
        var group = new MemberHarness(Settings with
        {
            Assignors = [PartitionAssignor.CooperativeSticky, PartitionAssignor.Range],
        });
        group.Join("m1", 1, 0);
        group.Beat(ErrorCode.RebalanceInProgress);

        group.Revoking(0);
    }

    [Fact]
    public void A_revocation_that_nobody_acknowledges_is_lost_after_the_rebalance_timeout()
    {
        var group = new MemberHarness(Settings with { Assignors = [PartitionAssignor.Range] });
        group.Join("m1", 1, 0);
        group.Beat(ErrorCode.RebalanceInProgress);
        var id = group.Revoking(0);

        for (var i = 0; i < 60; i++)
            group.Beat(ErrorCode.RebalanceInProgress);
        var join = group.Take<GroupRequest.Join>();

        Assert.Equal([0], group.Event(GroupEventKind.Lost));
        group.Core.AcknowledgeRevocation(id, group.Now);   // too late: means nothing
        Assert.NotNull(join);
    }

    [Theory]
    [InlineData(ErrorCode.UnknownMemberId, "")]
    [InlineData(ErrorCode.IllegalGeneration, "m1")]
    public void A_member_that_the_coordinator_forgot_loses_everything_and_joins_anew(ErrorCode code, string memberId)
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0, 1);
        group.Beat(code);

        Assert.Equal([0, 1], group.Event(GroupEventKind.Lost));
        Assert.Equal(-1, group.Core.Generation);
        Assert.Equal(memberId, group.Take<GroupRequest.Join>().Message.MemberId);
    }

    [Fact]
    public void Without_contact_for_a_session_everything_is_lost()
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0);
        var start = group.Now;
        while (group.Now - start < 9_900)
        {
            group.Now += 100;
            while (group.Core.NextRequest(group.Now) is { } request)
                group.Core.OnFailed(request, group.Now);
            Assert.False(group.Core.TryTakeEvent(out _));
        }
        group.Now += 100;
        group.Core.NextRequest(group.Now);

        Assert.Equal([0], group.Event(GroupEventKind.Lost));
    }

    [Fact]
    public void A_new_coordinator_is_found_without_losing_anything()
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0);
        group.Beat(ErrorCode.NotCoordinator);
        group.Now += 100;
        group.Core.OnCoordinator(group.Take<GroupRequest.FindCoordinator>(), ErrorCode.None, group.Now);

        Assert.Equal(1, group.Take<GroupRequest.Heartbeat>().Message.GenerationId);
        Assert.True(group.Core.IsStable);
    }

    [Fact]
    public void A_fenced_static_member_stops_for_good()
    {
        var group = new MemberHarness(Settings with { InstanceId = "i1" });
        group.Join("m1", 1, 0);
        group.Beat(ErrorCode.FencedInstanceId);

        Assert.Equal([0], group.Event(GroupEventKind.Lost));
        Assert.True(group.Core.TryTakeEvent(out var failed));
        Assert.Equal((GroupEventKind.Failed, ErrorCode.FencedInstanceId), (failed.Kind, failed.Code));
        Assert.Contains("i1", failed.Message);
        Assert.True(group.Core.IsEnded);
    }

    [Theory]
    [InlineData(ErrorCode.InconsistentGroupProtocol, "cooperative-sticky")]
    [InlineData(ErrorCode.InvalidSessionTimeout, "10000 ms")]
    [InlineData(ErrorCode.GroupAuthorizationFailed, "'g'")]
    public void A_refused_join_names_the_remedy(ErrorCode code, string says)
    {
        var group = new MemberHarness(Settings);
        group.Core.OnJoin(group.ToJoin(), new JoinGroupResponse { ErrorCode = code }, group.Now);

        Assert.True(group.Core.TryTakeEvent(out var failed));
        Assert.Equal((GroupEventKind.Failed, code), (failed.Kind, failed.Code));
        Assert.Contains(says, failed.Message);
    }

    [Fact]
    public void A_dynamic_member_leaves_and_a_static_one_does_not()
    {
        var dynamic = new MemberHarness(Settings);
        dynamic.Join("m1", 1, 0);
        dynamic.Core.Leave(dynamic.Now);
        Assert.Equal("m1", dynamic.Take<GroupRequest.Leave>().MemberId);

        var fixedMember = new MemberHarness(Settings with { InstanceId = "i" });
        fixedMember.Join("m1", 1, 0);
        fixedMember.Core.Leave(fixedMember.Now);
        fixedMember.NoMore();
        Assert.True(fixedMember.Core.IsEnded);
    }

    [Fact]
    public void A_refused_commit_of_an_older_generation_may_be_tried_again()
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0);
        group.Beat(ErrorCode.RebalanceInProgress);
        group.Answer(2, 0);

        Assert.Equal(ErrorCode.RebalanceInProgress,
            group.Core.OnCommitRefused("m1", 1, ErrorCode.IllegalGeneration, group.Now));
        Assert.True(group.Core.IsStable);
        Assert.Equal(ErrorCode.IllegalGeneration,
            group.Core.OnCommitRefused("m1", 2, ErrorCode.IllegalGeneration, group.Now));
        Assert.Equal([0], group.Event(GroupEventKind.Lost));
    }

    [Fact]
    public void New_topics_join_again_and_dropped_ones_are_given_up_first()
    {
        var group = new MemberHarness(Settings);
        group.Join("m1", 1, 0);
        group.Core.Subscribe(["u"], group.Now);

        var id = group.Revoking(0);
        group.Core.AcknowledgeRevocation(id, group.Now);

        var join = group.Take<GroupRequest.Join>();
        Assert.Equal(["u"], ConsumerProtocol.DecodeSubscription("m", null, join.Message.Protocols[0].Metadata).Topics);
    }

    [Fact]
    public void A_late_answer_to_a_request_that_was_given_up_changes_nothing()
    {
        var group = new MemberHarness(Settings);
        var join = group.ToJoin();
        group.Core.OnFailed(join, group.Now);
        group.Core.OnJoin(join, MemberHarness.Follower("old", 9), group.Now);

        Assert.Equal(-1, group.Core.Generation);
        Assert.Equal("", group.Core.MemberId);
    }
}
