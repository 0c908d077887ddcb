using System.Text;
using Millrace.Broker.Coordination.Groups;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Xunit;

namespace Millrace.Unit.Broker.Coordination;

/// <summary>One group, a handful of clients that behave, crash, forget and repeat themselves, and the rules that must
/// hold whatever they do:
/// <list type="bullet">
/// <item>a generation has one leader, who is a member and who alone is told the members, each once;</item>
/// <item>the generation never goes back;</item>
/// <item>a static name belongs to one member;</item>
/// <item>every call is answered, at the latest when the longest timeout is over;</item>
/// <item>in a generation, every partition that the leader gave away is with exactly one member;</item>
/// <item>a fresh coordinator that replays the records knows what this one does.</item>
/// </list></summary>
sealed class GroupWorld
{
    const int Partitions = 8;
    const int SessionMs = 1_000;
    const int RebalanceMs = 3_000;

    readonly Random _random;
    readonly GroupHarness _h;
    readonly GroupOptions _options;
    readonly List<Client> _clients;
    readonly List<(Task Task, string Call)> _abandoned = [];
    readonly Dictionary<int, string> _leaders = [];
    readonly Dictionary<int, Dictionary<string, int>> _given = [];
    readonly StringBuilder _trace = new();
    int _generation;
    long _committed = -1;

    public GroupWorld(int seed, GroupOptions options)
    {
        _random = new Random(seed);
        _options = options;
        _h = new GroupHarness(options);
        _clients = [.. Enumerable.Range(0, 6).Select(i => new Client(i, i >= 4 ? $"static-{i}" : null))];
    }

    /// <summary>What happened, one line an event, the last ones.</summary>
    public string Trace => _trace.Length > 4000 ? _trace.ToString(_trace.Length - 4000, 4000) : _trace.ToString();

    Group? Group => _h.Coordinator.Groups.GetValueOrDefault("g");

    public void Step()
    {
        var client = _clients[_random.Next(_clients.Count)];
        switch (_random.Next(20))
        {
            case 0:
                Crash(client);
                break;
            case 1:
                Leave(client);
                break;
            case 2:
                Pass(_random.Next(1, SessionMs * 2));
                break;
            case 3:
                Repeat(client);
                break;
            case 4:
                Stray(client);
                break;
            case 5 or 6:
                Pass(_random.Next(1, 50));
                break;
            case 7 or 8:
                Commit(client);
                break;
            default:
                Act(client);
                break;
        }

        Collect();
        Check();
    }

    /// <summary>Everybody falls silent: no call may stay open, and the group ends empty.</summary>
    public void Settle()
    {
        foreach (var client in _clients) Crash(client);
        // New members without an id are let go last; sessions of static members count from their last sign.
        Pass(Math.Max(_options.NewMemberJoinTimeoutMs, RebalanceMs + SessionMs) * 3L);
        Collect();
        Check();
        foreach (var (task, call) in _abandoned) Assert.True(task.IsCompleted, $"{call} was never answered.");
        if (Group is { } group)
        {
            Assert.Equal(GroupState.Empty, group.State);
            Assert.Empty(group.Members);
            Assert.Empty(group.StaticMembers);
            Assert.Empty(group.PendingMembers);
        }

        Assert.Equal(_committed, _h.Committed());
    }

    // What a client that follows the protocol does next.
    void Act(Client client)
    {
        if (client.Join is not null || client.Sync is not null) return;
        if (client.Generation < 0) Join(client);
        else if (!client.IsSynced) Sync(client);
        else Heartbeat(client);
    }

    void Join(Client client)
    {
        var version = (short)(client.Instance is null ? _random.Next(2) == 0 ? 9 : 3 : 9);
        if (_random.Next(10) == 0) client.Metadata++;
        client.Join = _h.Join(client.MemberId, client.Instance, version, metadata: client.Metadata,
            sessionMs: SessionMs, rebalanceMs: RebalanceMs);
        Note($"{client} joins as '{client.MemberId}' v{version}");
    }

    void Sync(Client client)
    {
        (string, byte)[] assignments = [];
        if (client.Members is { } members)
        {
            var given = members.ToDictionary(static m => m, static _ => new List<byte>());
            for (byte p = 0; p < Partitions; p++) given[members[p % members.Count]].Add(p);
            // One byte a member is what the harness sends: a bit per partition.
            assignments = [.. given.Select(static g => (g.Key, (byte)g.Value.Sum(static p => 1 << p)))];
        }

        client.Sync = _h.Sync(client.MemberId, client.Generation, client.Instance, assignments);
        Note($"{client} syncs generation {client.Generation}, {assignments.Length} assignments");
    }

    void Heartbeat(Client client)
    {
        var error = _h.Heartbeat(client.MemberId, client.Generation, client.Instance);
        Note($"{client} heartbeats: {error}");
        OnError(client, error);
        Assert.True(error is ErrorCode.None or ErrorCode.RebalanceInProgress or ErrorCode.UnknownMemberId
            or ErrorCode.IllegalGeneration or ErrorCode.FencedInstanceId, $"A heartbeat was answered {error}.");
    }

    void Commit(Client client)
    {
        if (client.Generation < 0 || client.Join is not null) return;
        var offset = _random.Next(1_000_000);
        var error = _h.Commit(offset, client.MemberId, client.Generation);
        Note($"{client} commits {offset}: {error}");
        if (error == ErrorCode.None) _committed = offset;
        Assert.Equal(_committed, _h.Committed());
    }

    void Leave(Client client)
    {
        if (client.MemberId.Length == 0) return;
        var left = _h.Leave((client.MemberId, client.Instance));
        Note($"{client} leaves: {left.Members[0].ErrorCode}");
        Forget(client);
        client.MemberId = "";
    }

    // The process is gone: nobody reads its answers, a new one knows its static name only.
    void Crash(Client client)
    {
        Note($"{client} crashes");
        Forget(client);
        client.MemberId = "";
    }

    // A client that timed out sends the same again on a new connection.
    void Repeat(Client client)
    {
        if (client.Join is { } join)
        {
            _abandoned.Add((join, $"the join of {client}"));
            Join(client);
        }
        else if (client.Sync is { } sync)
        {
            _abandoned.Add((sync, $"the sync of {client}"));
            Sync(client);
        }
    }

    // Calls that no client should make.
    void Stray(Client client)
    {
        switch (_random.Next(4))
        {
            case 0:
                Assert.Equal(ErrorCode.UnknownMemberId, _h.Heartbeat("nobody", _generation));
                break;
            case 1 when client.MemberId.Length > 0:
                var error = _h.Heartbeat(client.MemberId, _generation + 1, client.Instance);
                Assert.NotEqual(ErrorCode.None, error);
                break;
            case 2 when Group is { State: not GroupState.Empty }:
                Assert.Equal(ErrorCode.UnknownMemberId, _h.Commit(1));
                break;
            default:
                var late = _h.Sync(client.MemberId, _generation - 1, client.Instance, ("nobody", 1));
                Assert.NotEqual(ErrorCode.None, GroupHarness.Done(late).ErrorCode);
                break;
        }
    }

    void Pass(int milliseconds) => Pass((long)milliseconds);

    void Pass(long milliseconds)
    {
        Note($"{milliseconds} ms pass");
        _h.Pass(milliseconds);
    }

    void Forget(Client client)
    {
        if (client.Join is { } join) _abandoned.Add((join, $"the join of {client}"));
        if (client.Sync is { } sync) _abandoned.Add((sync, $"the sync of {client}"));
        client.Reset();
    }

    // Clients take their answers.
    void Collect()
    {
        foreach (var client in _clients)
        {
            if (client.Join is { IsCompleted: true } join)
            {
                client.Join = null;
                Joined(client, GroupHarness.Done(join));
            }

            if (client.Sync is { IsCompleted: true } sync)
            {
                client.Sync = null;
                Synced(client, GroupHarness.Done(sync));
            }
        }
    }

    void Joined(Client client, JoinGroupResponse answer)
    {
        Note($"{client} joined: {answer.ErrorCode}, generation {answer.GenerationId}");
        if (answer.ErrorCode == ErrorCode.MemberIdRequired)
        {
            Assert.NotEmpty(answer.MemberId);
            client.MemberId = answer.MemberId;
            return;
        }

        OnError(client, answer.ErrorCode);
        if (answer.ErrorCode != ErrorCode.None)
        {
            Assert.True(answer.ErrorCode is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId
                or ErrorCode.RebalanceInProgress or ErrorCode.GroupMaxSizeReached,
                $"A join was answered {answer.ErrorCode}.");
            return;
        }

        client.MemberId = answer.MemberId;
        client.Generation = answer.GenerationId;
        client.IsSynced = false;
        client.Members = null;
        // A static leader that came back leads, with the assignment as it is (SkipAssignment).
        if (answer.Members.Count > 0 && !answer.SkipAssignment)
        {
            Assert.Equal(answer.Leader, answer.MemberId);
            client.Members = [.. answer.Members.Select(static m => m.MemberId)];
            Assert.Equal(client.Members.Count, client.Members.Distinct().Count());
            Assert.Contains(answer.MemberId, client.Members);
            if (answer.Leader == answer.MemberId && _leaders.TryGetValue(answer.GenerationId, out var other))
                Assert.Equal(other, answer.Leader);
            _leaders[answer.GenerationId] = answer.Leader;
        }
    }

    void Synced(Client client, SyncGroupResponse answer)
    {
        Note($"{client} synced: {answer.ErrorCode}");
        OnError(client, answer.ErrorCode);
        if (answer.ErrorCode != ErrorCode.None) return;
        client.IsSynced = true;
        if (!_given.TryGetValue(client.Generation, out var given)) _given[client.Generation] = given = [];
        var partitions = answer.Assignment.IsEmpty ? 0 : answer.Assignment.Span[0];
        foreach (var (other, theirs) in given)
            Assert.True(other == client.Name || (theirs & partitions) == 0, $"{other} has partitions of {client}.");
        given[client.Name] = partitions;
    }

    static void OnError(Client client, ErrorCode error)
    {
        switch (error)
        {
            case ErrorCode.RebalanceInProgress:
            case ErrorCode.IllegalGeneration:
                client.Generation = -1;
                break;
            case ErrorCode.UnknownMemberId:
            case ErrorCode.FencedInstanceId:
                client.Generation = -1;
                client.MemberId = "";
                break;
        }
    }

    void Check()
    {
        if (Group is not { } group) return;
        Assert.True(group.Generation >= _generation, $"The generation fell from {_generation} to {group.Generation}.");
        _generation = group.Generation;
        // Static members that are away stay beyond the limit, as do those of the last generation until it is complete.
        var counted = group.State == GroupState.PreparingRebalance
            ? group.CountJoining
            : group.Members.Values.Count(static m => m.InstanceId is null);
        Assert.True(counted <= _options.MaxSize, $"{counted} members.");
        if (group.State is GroupState.Stable or GroupState.CompletingRebalance)
        {
            Assert.NotNull(group.LeaderId);
            Assert.True(group.Members.ContainsKey(group.LeaderId), "The leader is no member.");
        }

        if (group.State == GroupState.Empty) Assert.Empty(group.Members);
        var named = group.Members.Values.Where(static m => m.InstanceId is not null)
            .ToDictionary(static m => m.InstanceId!, static m => m.MemberId);
        Assert.Equal(named.OrderBy(static n => n.Key), group.StaticMembers.OrderBy(static n => n.Key));
        foreach (var member in group.Members.Values)
        {
            Assert.True(member.ParkedJoin is null || group.State == GroupState.PreparingRebalance,
                $"A join waits in state {group.State}.");
            Assert.True(member.ParkedSync is null || group.State == GroupState.CompletingRebalance,
                $"A sync waits in state {group.State}.");
        }

        if (group.State == GroupState.Stable) CheckAssignments(group);
        CheckReplay(group);
    }

    static void CheckAssignments(Group group)
    {
        var bits = 0;
        foreach (var member in group.Members.Values)
        {
            if (member.Assignment.Length == 0) continue;
            Assert.Equal(0, bits & member.Assignment[0]);
            bits |= member.Assignment[0];
        }
    }

    // The records of so far in a fresh coordinator: offsets are always the same; members when the group rests.
    void CheckReplay(Group group)
    {
        var copy = new GroupHarness(_options, _h.Log).Coordinator.Groups.GetValueOrDefault("g");
        if (copy is null)
        {
            Assert.Empty(group.Offsets);
            return;
        }

        Assert.Equal(
            group.Offsets.OrderBy(static o => o.Key.Partition), copy.Offsets.OrderBy(static o => o.Key.Partition));
        if (group.State is not (GroupState.Stable or GroupState.Empty) || group.StateTimestampMs < 0) return;
        Assert.Equal((group.State, group.Generation, group.ProtocolType, group.ProtocolName, group.LeaderId),
            (copy.State, copy.Generation, copy.ProtocolType, copy.ProtocolName, copy.LeaderId));
        Assert.Equal(group.Members.Values.Select(Durable), copy.Members.Values.Select(Durable));
        Assert.Equal(group.StaticMembers.OrderBy(static s => s.Key), copy.StaticMembers.OrderBy(static s => s.Key));

        string Durable(GroupMember m) =>
            $"{m.MemberId} {m.InstanceId} {m.SessionTimeoutMs} {m.RebalanceTimeoutMs} "
            + $"{Convert.ToHexString(m.MetadataOf(group.ProtocolName) ?? [])} {Convert.ToHexString(m.Assignment)}";
    }

    void Note(string line) => _trace.Append("  ").AppendLine(line);

    sealed class Client(int number, string? instance)
    {
        public string Name { get; } = $"client-{number}";

        public string? Instance { get; } = instance;

        public string MemberId { get; set; } = "";

        public int Generation { get; set; } = -1;

        public bool IsSynced { get; set; }

        public byte Metadata { get; set; } = (byte)(number + 1);

        public List<string>? Members { get; set; }

        public Task<JoinGroupResponse>? Join { get; set; }

        public Task<SyncGroupResponse>? Sync { get; set; }

        public void Reset()
        {
            Generation = -1;
            IsSynced = false;
            Members = null;
            Join = null;
            Sync = null;
        }

        public override string ToString() => Instance is null ? Name : $"{Name} ({Instance})";
    }
}
