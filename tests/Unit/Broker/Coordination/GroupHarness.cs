using Millrace.Broker.Coordination;
using Millrace.Broker.Coordination.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Coordination;

/// <summary>Drives the coordinator as its runtime does, with a clock that moves only when the test says.</summary>
sealed class GroupHarness
{
    readonly CoordinatorStep _step = new();
    Now _now = new(1_000, 1_700_000_000_000);

    public GroupHarness(GroupOptions? options = null, IEnumerable<CoordinatorRecord>? loaded = null)
    {
        Coordinator = new GroupCoordinator(options ?? new GroupOptions(), new Random(42));
        foreach (var record in loaded ?? []) Coordinator.Replay(record);
        Coordinator.Start(_now);
    }

    public GroupCoordinator Coordinator { get; }

    /// <summary>Everything that was appended.</summary>
    public List<CoordinatorRecord> Log { get; } = [];

    public long UnixMs => _now.UnixMs;

    public Group Group => Coordinator.Groups["g"];

    public Task<T> Call<T>(Action<GroupCoordinator, Now, CoordinatorStep, ReplyTo<T>> call)
        where T : class, IMessage, new()
    {
        var reply = new ReplyTo<T>(_ => throw new InvalidOperationException("Nothing fails here."));
        _step.Clear();
        call(Coordinator, _now, _step, reply);
        Finish();
        return reply.Task;
    }

    public void Run(Action<GroupCoordinator, Now, CoordinatorStep> call)
    {
        _step.Clear();
        call(Coordinator, _now, _step);
        Finish();
    }

    /// <summary>Lets time pass, firing timers one by one at their own time.</summary>
    public void Pass(long milliseconds)
    {
        var end = _now.TickMs + milliseconds;
        while (Coordinator.NextDueMs is { } due && due <= end)
        {
            MoveTo(Math.Max(due, _now.TickMs));
            _step.Clear();
            Assert.True(Coordinator.FireOne(_now, _step));
            Finish();
        }

        MoveTo(end);
    }

    void MoveTo(long tick) => _now = new Now(tick, _now.UnixMs + tick - _now.TickMs);

    void Finish()
    {
        foreach (var record in _step.Records)
        {
            // Through the bytes, so that what is tested is what a restart reads.
            var value = GroupRecords.EncodeValue(record) is { } bytes ? bytes : (ReadOnlyMemory<byte>?)null;
            var decoded = GroupRecords.Decode(GroupRecords.EncodeKey(record), value)!;
            Log.Add(decoded);
            Coordinator.Replay(decoded);
        }

        foreach (var (to, message) in _step.Replies) to.Complete(message);
    }

    public Task<JoinGroupResponse> Join(
        string memberId = "", string? instance = null, short version = 9, string[]? protocols = null, byte metadata = 1,
        int sessionMs = 10_000, int rebalanceMs = 60_000, string group = "g", string type = "consumer")
    {
        var request = new JoinGroupRequest
        {
            GroupId = group,
            MemberId = memberId,
            GroupInstanceId = instance,
            ProtocolType = type,
            SessionTimeoutMs = sessionMs,
            RebalanceTimeoutMs = rebalanceMs,
        };
        foreach (var name in protocols ?? ["range"])
            request.Protocols.Add(new JoinGroupRequest.JoinGroupRequestProtocol
            {
                Name = name,
                Metadata = new[] { metadata },
            });
        return Call<JoinGroupResponse>((c, now, step, reply) =>
            c.Join(request, new GroupCaller("client", "/host", version), reply, now, step));
    }

    /// <summary>Both steps of a dynamic member's first join.</summary>
    public Task<JoinGroupResponse> JoinNew(int sessionMs = 10_000, int rebalanceMs = 60_000, string[]? protocols = null)
    {
        var first = Done(Join(sessionMs: sessionMs, rebalanceMs: rebalanceMs, protocols: protocols));
        Assert.Equal(ErrorCode.MemberIdRequired, first.ErrorCode);
        return Join(first.MemberId, sessionMs: sessionMs, rebalanceMs: rebalanceMs, protocols: protocols);
    }

    public Task<SyncGroupResponse> Sync(
        string memberId, int generation, string? instance = null, params (string Member, byte Assignment)[] assignments)
    {
        var request = new SyncGroupRequest
        {
            GroupId = "g",
            MemberId = memberId,
            GenerationId = generation,
            GroupInstanceId = instance,
        };
        foreach (var (member, assignment) in assignments)
        {
            request.Assignments.Add(new SyncGroupRequest.SyncGroupRequestAssignment
            {
                MemberId = member,
                Assignment = new[] { assignment },
            });
        }

        return Call<SyncGroupResponse>((c, now, step, reply) => c.Sync(request, reply, now, step));
    }

    public ErrorCode Heartbeat(string memberId, int generation, string? instance = null) =>
        Done(Call<HeartbeatResponse>((c, now, step, reply) => c.Heartbeat(
            new HeartbeatRequest
            {
                GroupId = "g",
                MemberId = memberId,
                GenerationId = generation,
                GroupInstanceId = instance,
            },
            reply, now, step))).ErrorCode;

    public LeaveGroupResponse Leave(params (string Member, string? Instance)[] members)
    {
        var request = new LeaveGroupRequest { GroupId = "g" };
        foreach (var (member, instance) in members)
            request.Members.Add(new LeaveGroupRequest.MemberIdentity { MemberId = member, GroupInstanceId = instance });
        return Done(Call<LeaveGroupResponse>((c, now, step, reply) =>
            c.Leave(request, new GroupCaller("client", "/host", 5), reply, now, step)));
    }

    public ErrorCode Commit(
        long offset, string memberId = "", int generation = -1, string? metadata = "", short version =
            9, string topic = "t", long retentionMs = -1)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = "g",
            MemberId = memberId,
            GenerationIdOrMemberEpoch = generation,
            RetentionTimeMs = retentionMs,
        };
        var topics = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = topic };
        topics.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
        {
            PartitionIndex = 0,
            CommittedOffset = offset,
            CommittedLeaderEpoch = 7,
            CommittedMetadata = metadata,
        });
        request.Topics.Add(topics);
        var response = Done(Call<OffsetCommitResponse>((c, now, step, reply) =>
            c.Commit(request, new GroupCaller("client", "/host", version), reply, now, step)));
        return response.Topics[0].Partitions[0].ErrorCode;
    }

    public long Committed(string topic = "t", string group = "g")
    {
        List<OffsetFetchRequest.OffsetFetchRequestTopics> topics = [new() { Name = topic, PartitionIndexes = [0] }];
        return Coordinator.FetchOffsets(group, topics).Topics[0].Partitions[0].CommittedOffset;
    }

    /// <summary>A stable group of one dynamic member with assignment 9.</summary>
    public (string MemberId, int Generation) Stable(int sessionMs = 10_000, int rebalanceMs = 60_000)
    {
        var joined = Done(JoinNew(sessionMs, rebalanceMs));
        var synced = Done(Sync(joined.MemberId, joined.GenerationId, null, (joined.MemberId, 9)));
        Assert.Equal(ErrorCode.None, synced.ErrorCode);
        return (joined.MemberId, joined.GenerationId);
    }

    public static T Done<T>(Task<T> task)
    {
        Assert.True(task.IsCompleted, "The call is still parked.");
#pragma warning disable xUnit1031 // It is completed.
        return task.Result;
#pragma warning restore xUnit1031
    }
}
