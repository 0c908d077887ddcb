using Microsoft.Extensions.Logging;
using Millrace.Client.Routing;

namespace Millrace.Client.Net;

/// <summary>What a connection is for. Each kind has its own connection to a broker, so that a long poll of one kind
/// never
/// holds up another: answers come in the order of requests.</summary>
enum ConnectionKind
{
    /// <summary>Metadata, coordinator lookups, admin calls.</summary>
    General,

    /// <summary>Produce.</summary>
    Produce,

    /// <summary>Fetch: waits at the broker for data.</summary>
    Fetch,

    /// <summary>Group membership and commits: a join waits for the other members.</summary>
    Group,
}

/// <summary>One broker as this client sees it: its address, up to one open connection per kind, and the pause after
/// failures.</summary>
sealed class BrokerPeer(
    int nodeId, string host, int port, ClientOptions options, ClientRuntime runtime, ILogger logger,
        Action onSlow, CancellationToken shutdown)
{
    sealed class Lane
    {
        public BrokerConnection? Current;
        public Task<BrokerConnection>? Opening;
    }

    readonly Lane[] _lanes = [new(), new(), new(), new()];
    readonly Lock _gate = new();
    int _failures;            // guarded by _gate
    long _notBeforeMs;        // guarded by _gate
    bool _isRetired;          // guarded by _gate

    public int NodeId { get; } = nodeId;

    public string Host { get; } = host;

    public int Port { get; } = port;

    /// <summary>For logs and errors: <c>broker 1 (host:port)</c>; bootstrap entries have no id yet.</summary>
    public string Name { get; } = nodeId >= 0 ? $"broker {nodeId} ({host}:{port})" : $"bootstrap server {host}:{port}";

    /// <summary>The last connection attempt failed, and the pause after it is not over.</summary>
    public bool IsBackingOff
    {
        get
        {
            lock (_gate)
            {
                return _failures > 0 && runtime.NowMs() < _notBeforeMs;
            }
        }
    }

    /// <summary>A request to it has waited longer than it should need.</summary>
    public bool IsSlow => Array.Exists(_lanes, static l => l.Current is { IsOpen: true, IsSlow: true });

    /// <summary>The open connection of the kind, or null. Never waits.</summary>
    public BrokerConnection? TryGet(ConnectionKind kind) => _lanes[(int)kind].Current is { IsOpen: true } open ? open
        : null;

    /// <summary>The open connection of the kind; opens one if there is none. Waits out the pause after a failure
    /// first.</summary>
    /// <exception cref="KafkaConnectionException">It could not be opened.</exception>
    public ValueTask<BrokerConnection> GetAsync(ConnectionKind kind, CancellationToken cancellation)
    {
        var lane = _lanes[(int)kind];
        if (lane.Current is { IsOpen: true } open)
        {
            return new ValueTask<BrokerConnection>(open);
        }
        Task<BrokerConnection> opening;
        lock (_gate)
        {
            if (lane.Current is { IsOpen: true } raced)
            {
                return new ValueTask<BrokerConnection>(raced);
            }
            if (_isRetired)
            {
                throw new KafkaConnectionException($"{Name} is no longer part of the cluster.");
            }
            lane.Opening ??= OpenAsync(lane, kind);
            opening = lane.Opening;
        }
        return new ValueTask<BrokerConnection>(opening.WaitAsync(cancellation));
    }

    /// <summary>Closes every connection; the broker is gone, has another address, or the client shuts down.</summary>
    /// <returns>Completes when nothing of them runs any more. Never fails.</returns>
    public Task Retire(string reason)
    {
        var ends = new List<Task>();
        lock (_gate)
        {
            _isRetired = true;
            ends.AddRange(
            _lanes.Select(static lane => lane.Opening).OfType<Task<BrokerConnection>>().Select(EndOfAsync));
        }
        foreach (var lane in _lanes)
        {
            if (lane.Current is { } connection)
            {
                connection.Close(new KafkaConnectionException($"The connection to {Name} was closed: {reason}"));
                ends.Add(connection.Ended);
            }
        }
        return Task.WhenAll(ends);
    }

    // A connection that is just being opened closes itself when it finds its peer retired.
    static async Task EndOfAsync(Task<BrokerConnection> opening)
    {
        await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (opening.IsCompletedSuccessfully)
        {
            await (await opening.ConfigureAwait(false)).Ended.ConfigureAwait(false);
        }
    }

    async Task<BrokerConnection> OpenAsync(Lane lane, ConnectionKind kind)
    {
        // The caller holds the lock: go on behind it.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        BrokerConnection? connection = null;
        try
        {
            connection = await ConnectAsync(kind).ConfigureAwait(false);
            return connection;
        }
        finally
        {
            bool isRetired;
            lock (_gate)
            {
                lane.Current = connection ?? lane.Current;
                lane.Opening = null;
                isRetired = _isRetired;
            }
            if (isRetired)
            {
                connection?.Close(new KafkaConnectionException($"{Name} is no longer part of the cluster."));
            }
        }
    }

    async Task<BrokerConnection> ConnectAsync(ConnectionKind kind)
    {
        long pause;
        lock (_gate)
        {
            pause = _failures == 0 ? 0 : _notBeforeMs - runtime.NowMs();
        }
        if (pause > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(pause), runtime.TimeProvider, shutdown).ConfigureAwait(false);
        }
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, runtime.TimeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, shutdown);
        try
        {
            var connection = await BrokerConnection.OpenAsync(
                Host, Port, Name, options, runtime, logger, onSlow, either.Token).ConfigureAwait(false);
            lock (_gate)
            {
                _failures = 0;
            }
            Metrics.Connects.Add(1);
            LogMessages.Connected(logger, Name, kind.ToString());
            return connection;
        }
        catch (Exception e)
        {
            if (shutdown.IsCancellationRequested)
            {
                throw new KafkaConnectionException("The client was disposed.", e, isTransient: false);
            }
            var reason = timeout.IsCancellationRequested
                ? $"no connection within {options.ConnectTimeout.TotalSeconds:0.#} s"
                : e.Message;
            throw Failed(kind, reason, e);
        }
    }

    KafkaConnectionException Failed(ConnectionKind kind, string reason, Exception cause)
    {
        int failures;
        lock (_gate)
        {
            failures = ++_failures;
            _notBeforeMs = runtime.NowMs()
                + Backoff.DelayMs(failures - 1, options.ReconnectBackoff, options.ReconnectBackoffMax, runtime);
        }
        Metrics.ConnectionFailures.Add(1);
        LogMessages.ConnectFailed(logger, Name, kind.ToString(), failures, reason);
        return new KafkaConnectionException(
            $"Could not connect to {Name}: {reason}", cause, (cause as KafkaConnectionException)?.IsTransient ?? true);
    }
}
