using Millrace.Broker.Coordination.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Xunit;
using static Millrace.Unit.Broker.Coordination.GroupHarness;

namespace Millrace.Unit.Broker.Coordination;

public sealed class GroupOffsetTests
{
    const long Week = 7L * 24 * 60 * 60 * 1000;

    [Fact]
    public void A_commit_is_one_record_and_is_read_back()
    {
        var h = new GroupHarness();
        Assert.Equal(-1, h.Committed());
        Assert.Equal(ErrorCode.None, h.Commit(12, metadata: "note"));
        var record = Assert.Single(h.Log);
        var key = Assert.IsType<OffsetCommitKey>(record.Key);
        var value = Assert.IsType<OffsetCommitValue>(record.Value);
        Assert.Equal((GroupRecords.OffsetType, 3), (record.Type, record.ValueVersion));
        Assert.Equal(("g", "t", 0), (key.Group, key.Topic, key.Partition));
        Assert.Equal(
            (12L, 7, "note", h.UnixMs), (value.Offset, value.LeaderEpoch, value.Metadata, value.CommitTimestamp));
        Assert.Equal(12, h.Committed());

        var all = h.Coordinator.FetchOffsets("g", null).Topics;
        Assert.Equal((12L, 7, "note"), (all[0].Partitions[0].CommittedOffset, all[0].Partitions[0].CommittedLeaderEpoch,
            all[0].Partitions[0].Metadata));
        Assert.Empty(h.Coordinator.FetchOffsets("unknown", null).Topics);
    }

    [Fact]
    public void Without_a_generation_only_a_group_without_members_commits()
    {
        var h = new GroupHarness();
        Assert.Equal(ErrorCode.None, h.Commit(1));
        h.Stable();
        Assert.Equal(ErrorCode.UnknownMemberId, h.Commit(2));
        Assert.Equal(1, h.Committed());
    }

    [Fact]
    public void A_member_commits_in_its_generation_only()
    {
        var h = new GroupHarness();
        Assert.Equal(ErrorCode.IllegalGeneration, h.Commit(1, "m", 1, version: 8));
        Assert.Equal(ErrorCode.GroupIdNotFound, h.Commit(1, "m", 1, version: 9));
        var (member, generation) = h.Stable();
        Assert.Equal(ErrorCode.None, h.Commit(5, member, generation));
        Assert.Equal(ErrorCode.IllegalGeneration, h.Commit(6, member, generation - 1));
        Assert.Equal(ErrorCode.UnknownMemberId, h.Commit(6, "nobody", generation));

        // While members join the last generation may still commit; once they have, the assignment decides.
        var two = h.JoinNew();
        Assert.Equal(ErrorCode.None, h.Commit(7, member, generation));
        Done(h.Join(member));
        Assert.Equal(ErrorCode.RebalanceInProgress, h.Commit(8, member, generation + 1));
        Assert.True(two.IsCompleted);
        Assert.Equal(7, h.Committed());
    }

    [Fact]
    public void A_commit_counts_as_a_heartbeat()
    {
        var h = new GroupHarness();
        var (member, generation) = h.Stable(sessionMs: 10_000);
        h.Pass(9_000);
        h.Commit(1, member, generation);
        h.Pass(9_000);
        Assert.Equal(GroupState.Stable, h.Group.State);
    }

    [Fact]
    public void Metadata_has_a_limit()
    {
        var h = new GroupHarness();
        Assert.Equal(ErrorCode.OffsetMetadataTooLarge, h.Commit(1, metadata: new string('x', 4097)));
        Assert.Empty(h.Log);
        Assert.Equal(ErrorCode.None, h.Commit(1, metadata: new string('x', 4096)));
        Assert.Equal(ErrorCode.None, h.Commit(2, metadata: null));
    }

    [Fact]
    public void Offsets_of_a_simple_group_expire_after_the_commit_and_the_group_goes_with_them()
    {
        var h = new GroupHarness();
        h.Commit(1);
        h.Pass(Week - 1_000_000);
        h.Commit(2, topic: "u");
        h.Log.Clear();
        h.Pass(1_200_000);
        var tombstone = Assert.Single(h.Log);
        Assert.Equal("t", Assert.IsType<OffsetCommitKey>(tombstone.Key).Topic);
        Assert.Null(tombstone.Value);
        Assert.Equal((-1L, 2L), (h.Committed(), h.Committed("u")));
        h.Pass(Week);
        Assert.IsType<GroupMetadataKey>(h.Log[^1].Key);
        Assert.Empty(h.Coordinator.Groups);
    }

    [Fact]
    public void Offsets_of_a_consumer_group_expire_after_it_became_empty()
    {
        var h = new GroupHarness();
        var (member, generation) = h.Stable(sessionMs: 1_800_000);
        h.Commit(1, member, generation);
        for (var i = 0; i < 2 * (Week / 1_200_000); i++)
        {
            h.Pass(1_200_000);
            Assert.Equal(ErrorCode.None, h.Heartbeat(member, generation));
        }

        Assert.Equal(1, h.Committed());
        h.Leave((member, null));
        h.Pass(Week - 1_000_000);
        Assert.Equal(1, h.Committed());
        h.Pass(1_700_000);
        Assert.Equal(-1, h.Committed());
    }

    [Fact]
    public void An_expiry_of_the_committer_is_kept_in_a_record_of_version_1()
    {
        var h = new GroupHarness();
        h.Commit(1, version: 4, retentionMs: 1_000_000);
        Assert.Equal(1, h.Log[0].ValueVersion);
        Assert.Equal(h.UnixMs + 1_000_000, Assert.IsType<OffsetCommitValue>(h.Log[0].Value).ExpireTimestamp);
        h.Pass(600_000);
        Assert.Equal(1, h.Committed());
        h.Pass(600_000);
        Assert.Equal(-1, h.Committed());
    }

    [Fact]
    public void A_deleted_topic_takes_its_offsets_along()
    {
        var h = new GroupHarness();
        h.Commit(1);
        h.Commit(2, topic: "u");
        h.Run((c, _, step) => c.OnTopicDeleted("t", step));
        Assert.Equal((-1L, 2L), (h.Committed(), h.Committed("u")));
    }

    [Fact]
    public void Only_a_group_without_members_is_deleted()
    {
        var h = new GroupHarness();
        var (member, generation) = h.Stable();
        h.Commit(1, member, generation);
        h.Run((c, _, step) => Assert.Equal(ErrorCode.NonEmptyGroup, c.Delete("g", step)));
        h.Leave((member, null));
        h.Run((c, _, step) => Assert.Equal(ErrorCode.None, c.Delete("g", step)));
        Assert.Empty(h.Coordinator.Groups);
        h.Run((c, _, step) => Assert.Equal(ErrorCode.GroupIdNotFound, c.Delete("g", step)));
    }

    [Fact]
    public void Replaying_the_log_gives_the_same_state()
    {
        var h = new GroupHarness();
        h.Commit(1);
        h.Commit(3);
        h.Commit(2, topic: "u");
        h.Run((c, _, step) => c.OnTopicDeleted("u", step));
        var again = new GroupHarness(loaded: h.Log);
        Assert.Equal(h.Group.Offsets, again.Group.Offsets);
    }
}
