using Millrace.Client.Consume;
using Millrace.Client.Metadata;
using Millrace.Client.Net;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Groups;

/// <summary>Drives a <see cref="GroupMemberCore"/>: sends what it asks for, tells it the answers and the time, passes
/// its events on. Its loop does not depend on the application's polls. JoinGroup waits at the broker, so each member
/// has its own connection to the coordinator.</summary>
sealed class GroupMember : IAsyncDisposable
{
    const short JoinCap = 9;
    const short SyncCap = 5;
    const short HeartbeatCap = 4;
    const short LeaveCap = 5;
    const short FirstLeaveWithList = 3;
    static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(5);

    // Closing must end; the session timeout does the rest.
    static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    readonly ClientCore _core;
    readonly ConnectionPool _lanes;
    readonly GroupSettings _settings;
    readonly Action<GroupEvent> _onEvent;
    readonly Action<Exception> _onFailure;
    readonly MetadataInterest _interest;
    readonly GroupMemberCore _machine;   // guarded by _gate
    readonly Lock _gate = new();
    readonly AsyncSignal _wake = new();
    readonly CancellationTokenSource _stop = new();
    Task? _loop;                         // guarded by _gate
    int _coordinator = -1;

    /// <summary>Does nothing until <see cref="Subscribe"/>.</summary>
    /// <param name="core">For the coordinator and metadata.</param>
    /// <param name="lanes">The consumer's own connections.</param>
    /// <param name="settings">The member.</param>
    /// <param name="onEvent">Called in order, by one thread at a time, without locks.</param>
    /// <param name="onFailure">Called when the member works no more, which only a bug explains.</param>
    public GroupMember(
        ClientCore core, ConnectionPool lanes, GroupSettings settings, Action<GroupEvent> onEvent,
        Action<Exception> onFailure)
    {
        _onFailure = onFailure;
        _core = core;
        _lanes = lanes;
        _settings = settings;
        _onEvent = onEvent;
        _machine = new GroupMemberCore(settings);
        _interest = core.Metadata.Register(_ => _wake.Set());
    }

    /// <summary>The member id and generation that commits carry.</summary>
    public (string MemberId, int Generation) Identity
    {
        get
        {
            lock (_gate)
                return (_machine.MemberId, _machine.Generation);
        }
    }

    public void Subscribe(IReadOnlyCollection<string> topics)
    {
        lock (_gate)
        {
            _machine.Subscribe(topics, Now);
            if (!_stop.IsCancellationRequested)
                _loop ??= Loop.Start("group member", _core.Logger, RunAsync, _onFailure);
        }
        _interest.Set(topics);
        _wake.Set();
    }

    public void AcknowledgeRevocation(int id)
    {
        lock (_gate)
            _machine.AcknowledgeRevocation(id, Now);
        _wake.Set();
    }

    /// <inheritdoc cref="GroupMemberCore.OnCommitRefused"/>
    public ErrorCode OnCommitRefused((string MemberId, int Generation) sentBy, ErrorCode code)
    {
        ErrorCode result;
        lock (_gate)
            result = _machine.OnCommitRefused(sentBy.MemberId, sentBy.Generation, code, Now);
        _wake.Set();
        return result;
    }

    /// <summary>Leaves the group (a static member just stops) and ends the loop.</summary>
    public async ValueTask DisposeAsync()
    {
        Task? loop;
        lock (_gate)
        {
            _machine.Leave(Now);
            loop = _loop;
        }
        _wake.Set();
        if (loop is not null)
        {
            _stop.CancelAfter(LeaveTimeout);
            await loop.ConfigureAwait(false);
        }
        await _stop.CancelAsync().ConfigureAwait(false);
        _interest.Dispose();
    }

    long Now => _core.Runtime.NowMs();

    async Task RunAsync()
    {
        var requests = new List<GroupRequest>();
        var events = new List<GroupEvent>();
        while (true)
        {
            long sleep;
            bool isEnded;
            bool isTopicMissing;
            lock (_gate)
            {
                isTopicMissing = Watch();
                while (_machine.NextRequest(Now) is { } request)
                    requests.Add(request);
                while (_machine.TryTakeEvent(out var groupEvent))
                    events.Add(groupEvent);
                sleep = Math.Clamp(_machine.NextWake(Now) - Now, 0, (long)LongestSleep.TotalMilliseconds);
                isEnded = _machine.IsEnded;
            }
            foreach (var groupEvent in events)
            {
                var (member, generation) = Identity;
                ConsumerLog.GroupEvent(_core.Logger, _settings.GroupId, groupEvent.Kind.ToString(),
                    groupEvent.Partitions.Count, member, generation);
                _onEvent(groupEvent);
            }
            foreach (var request in requests)
                _ = RunAsync(request);
            requests.Clear();
            events.Clear();
            if (isEnded)
                return;
            if (isTopicMissing && sleep >= (long)LongestSleep.TotalMilliseconds)
                _core.Metadata.RequestRefresh();
            if (sleep > 0)
                await _wake.WaitAsync(TimeSpan.FromMilliseconds(sleep), _core.Runtime.TimeProvider, _stop.Token)
                    .ConfigureAwait(false);
        }
    }

    /// <summary>Compares the leader's topics with the metadata. True if one of them does not exist.</summary>
    bool Watch()
    {
        if (!_machine.IsStable || _machine.WatchedTopics.Count == 0)
            return false;
        var counts = Count(_core.Metadata.View, _machine.WatchedTopics);
        _machine.OnWatchedCounts(counts, Now);
        return counts.Count < _machine.WatchedTopics.Count;
    }

    static Dictionary<string, int> Count(ClusterView view, IEnumerable<string> topics)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var name in topics)
        {
            if (view.Topic(name) is { IsUsable: true } topic)
                counts[name] = topic.Partitions.Count;
        }
        return counts;
    }

    async Task RunAsync(GroupRequest request)
    {
        try
        {
            await SendAsync(request).ConfigureAwait(false);
        }
        catch (Exception e) when (e is KafkaConnectionException or KafkaServerException or InvalidOperationException)
        {
            ConsumerLog.GroupRequestFailed(_core.Logger, _settings.GroupId, request.GetType().Name, e.Message);
            if (request is GroupRequest.Leave)
                ConsumerLog.LeaveFailed(_core.Logger, _settings.GroupId, e.Message);
            if (_coordinator >= 0)
                _core.Coordinators.Invalidate(_settings.GroupId, CoordinatorKind.Group, _coordinator);
            lock (_gate)
            {
                if (request is GroupRequest.FindCoordinator && e is KafkaServerException server)
                    _machine.OnCoordinator(request, server.Code, Now);
                else
                    _machine.OnFailed(request, Now);
            }
        }
        catch (OperationCanceledException)
        {
            return;   // stopping
        }
#pragma warning disable CA1031 // Nobody awaits this: a bug would leave the request under way for ever.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogMessages.LoopFailed(_core.Logger, e, "group member");
            _onFailure(e);
            lock (_gate)
                _machine.OnFailed(request, Now);
        }
        _wake.Set();
    }

    async ValueTask SendAsync(GroupRequest request)
    {
        switch (request)
        {
            case GroupRequest.FindCoordinator find:
                _coordinator = await _core.FindCoordinatorAsync(_settings.GroupId, _stop.Token).ConfigureAwait(false);
                lock (_gate)
                    _machine.OnCoordinator(find, ErrorCode.None, Now);
                break;
            case GroupRequest.Join join:
                var joined = await CallAsync<JoinGroupRequest, JoinGroupResponse>(join.Message, JoinCap, join.TimeoutMs)
                    .ConfigureAwait(false);
                Check(joined.ErrorCode);
                lock (_gate)
                    _machine.OnJoin(join, joined, Now);
                break;
            case GroupRequest.CountPartitions count:
                var counts = await CountAsync(count.Topics).ConfigureAwait(false);
                lock (_gate)
                    _machine.OnPartitionCounts(count, counts);
                break;
            case GroupRequest.Sync sync:
                var synced = await CallAsync<SyncGroupRequest, SyncGroupResponse>(sync.Message, SyncCap, sync.TimeoutMs)
                    .ConfigureAwait(false);
                Check(synced.ErrorCode);
                lock (_gate)
                    _machine.OnSync(sync, synced, Now);
                break;
            case GroupRequest.Heartbeat heartbeat:
                // Brokers answer it at once: one that takes its time may hang, and then half a session is left to
                // find the next coordinator.
                var patience = Math.Min(
                    _settings.SessionTimeoutMs / 2, (int)_core.Options.RequestTimeout.TotalMilliseconds);
                var beat = await CallAsync<HeartbeatRequest, HeartbeatResponse>(
                    heartbeat.Message, HeartbeatCap, patience).ConfigureAwait(false);
                Check(beat.ErrorCode);
                lock (_gate)
                    _machine.OnHeartbeat(heartbeat, beat.ErrorCode, Now);
                break;
            case GroupRequest.Leave leave:
                await LeaveAsync(leave.MemberId).ConfigureAwait(false);
                lock (_gate)
                    _machine.OnLeave(leave);
                break;
        }
    }

    async ValueTask<BrokerConnection> ConnectAsync()
    {
        var peer = _lanes.Find(_coordinator);
        if (peer is null)
        {
            // The pool of this consumer follows the metadata; the coordinator may be newer than that.
            _lanes.Update(await _core.Metadata.RefreshAsync(cancellation: _stop.Token).ConfigureAwait(false));
            peer = _lanes.Find(_coordinator)
                ?? throw new KafkaConnectionException($"Broker {_coordinator} is not in the cluster's metadata.");
        }
        return await peer.GetAsync(ConnectionKind.Group, _stop.Token).ConfigureAwait(false);
    }

    async ValueTask<TResponse> CallAsync<TRequest, TResponse>(TRequest request, short cap, int timeoutMs)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var connection = await ConnectAsync().ConfigureAwait(false);
        return await connection.SendAsync<TRequest, TResponse>(
            request, cap, TimeSpan.FromMilliseconds(timeoutMs), _stop.Token).ConfigureAwait(false);
    }

    async ValueTask LeaveAsync(string memberId)
    {
        var connection = await ConnectAsync().ConfigureAwait(false);
        var version = connection.Versions.Choose<LeaveGroupRequest, LeaveGroupResponse>(LeaveCap, connection.Broker);
        var request = new LeaveGroupRequest { GroupId = _settings.GroupId };
        if (version >= FirstLeaveWithList)
            request.Members.Add(new LeaveGroupRequest.MemberIdentity { MemberId = memberId });
        else
            request.MemberId = memberId;
        var response = await connection.SendAsync<LeaveGroupRequest, LeaveGroupResponse>(
            request, version, LeaveTimeout, _stop.Token).ConfigureAwait(false);
        if (response.ErrorCode != ErrorCode.None)
            ConsumerLog.LeaveFailed(_core.Logger, _settings.GroupId, response.ErrorCode.Name());
    }

    /// <summary>Makes the cache forget a broker that says it is not the coordinator.</summary>
    void Check(ErrorCode code)
    {
        if (code is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable)
            _core.Coordinators.Invalidate(_settings.GroupId, CoordinatorKind.Group, _coordinator);
    }

    async ValueTask<Dictionary<string, int>> CountAsync(IReadOnlyCollection<string> topics)
    {
        _interest.Set(_interest.Topics.Union(topics, StringComparer.Ordinal));
        var view = _core.Metadata.View;
        if (topics.Any(t => view.Topic(t) is not { IsUsable: true }))
            view = await _core.Metadata.RefreshAsync(isUrgent: true, _stop.Token).ConfigureAwait(false);
        return Count(view, topics);
    }
}
