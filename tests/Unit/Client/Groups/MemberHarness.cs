using Millrace.Client.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Xunit;

namespace Millrace.Unit.Client.Groups;

/// <summary>Plays the coordinator for one member, on a clock that only moves when a test says so.</summary>
sealed class MemberHarness(GroupSettings settings)
{
    public GroupMemberCore Core { get; } = new(settings);

    public long Now { get; set; } = 1_000_000;

    public T Take<T>()
        where T : GroupRequest => Assert.IsType<T>(Core.NextRequest(Now));

    public void NoMore()
    {
        Assert.Null(Core.NextRequest(Now));
        Assert.False(Core.TryTakeEvent(out _));
    }

    public IEnumerable<int> Event(GroupEventKind kind)
    {
        Assert.True(Core.TryTakeEvent(out var e), $"no event, expected {kind}");
        Assert.Equal(kind, e.Kind);
        return e.Partitions.Select(tp => tp.Partition);
    }

    public int Revoking(params int[] partitions)
    {
        Assert.True(Core.TryTakeEvent(out var e), "no event, expected a revocation");
        Assert.Equal(GroupEventKind.Revoking, e.Kind);
        Assert.Equal(partitions, e.Partitions.Select(tp => tp.Partition));
        return e.RevocationId;
    }

    public GroupRequest.Join ToJoin()
    {
        Core.Subscribe(["t"], Now);
        Core.OnCoordinator(Take<GroupRequest.FindCoordinator>(), ErrorCode.None, Now);
        return Take<GroupRequest.Join>();
    }

    /// <summary>The first join, as a follower, with its event taken.</summary>
    public void Join(string memberId, int generation, params int[] partitions)
    {
        Core.OnJoin(ToJoin(), Follower(memberId, generation), Now);
        Core.OnSync(Take<GroupRequest.Sync>(), Assignment(partitions), Now);
        Assert.Equal(partitions, Event(GroupEventKind.Assigned));
    }

    /// <summary>A later join and sync.</summary>
    public void Answer(int generation, params int[] partitions)
    {
        Core.OnJoin(Take<GroupRequest.Join>(), Follower(Core.MemberId, generation), Now);
        Core.OnSync(Take<GroupRequest.Sync>(), Assignment(partitions), Now);
    }

    public void LeadAlone(int partitions)
    {
        var response = Follower("m1", 1);
        response.Leader = "m1";
        response.Members.Add(Subscriber("m1"));
        Core.OnJoin(ToJoin(), response, Now);
        var counts = new Dictionary<string, int> { ["t"] = partitions };
        Core.OnPartitionCounts(Take<GroupRequest.CountPartitions>(), counts);
        Core.OnSync(Take<GroupRequest.Sync>(), Assignment([.. Enumerable.Range(0, partitions)]), Now);
        Event(GroupEventKind.Assigned);
    }

    /// <summary>Lets the interval pass and answers the heartbeat.</summary>
    public void Beat(ErrorCode code)
    {
        Now += settings.HeartbeatIntervalMs;
        Core.OnHeartbeat(Take<GroupRequest.Heartbeat>(), code, Now);
    }

    public static JoinGroupResponse Follower(string memberId, int generation) => new()
    {
        MemberId = memberId,
        Leader = "somebody",
        GenerationId = generation,
        ProtocolName = "cooperative-sticky",
    };

    public static JoinGroupResponse.JoinGroupResponseMember Subscriber(string memberId) => new()
    {
        MemberId = memberId,
        Metadata = ConsumerProtocol.EncodeSubscription(["t"], null, [], -1),
    };

    public static SyncGroupResponse Assignment(params int[] partitions) => new()
    {
        Assignment = ConsumerProtocol.EncodeAssignment(partitions.Select(p => new TopicPartition("t", p))),
    };
}
