using Microsoft.Extensions.Logging;
using Millrace.Client.Net;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Metadata;

/// <summary>
/// The one loop that asks for metadata and replaces the view. It runs when the view is too old, and when somebody calls
/// <see cref="RefreshAsync"/>; calls that come while a request is on its way share the next one, and calls after
/// failures
/// keep <see cref="ClientOptions.MetadataMinAge"/> between two requests.
/// </summary>
sealed class MetadataLoop : IAsyncDisposable
{
    // Versions up to this are understood; 13 lets a broker demand a rebootstrap (KIP-1102).
    const short VersionCap = 13;

    readonly ClientOptions _options;
    readonly ClientRuntime _runtime;
    readonly ConnectionPool _pool;
    readonly ILogger _logger;
    readonly CancellationTokenSource _shutdown = new();
    readonly Lock _gate = new();
    readonly AsyncSignal _wakeUp = new();
    MetadataInterest[] _interests = [];                      // replaced as a whole, under _gate
    TaskCompletionSource<ClusterView>? _waiting;             // guarded by _gate: the callers of the next round
    bool _isUrgent;                                          // guarded by _gate: somebody wants a topic never asked for
    Task? _loop;                                             // guarded by _gate
    ClusterView _view = ClusterView.Empty;                   // replaced under _gate
    long _lastRoundMs = long.MinValue / 2;                   // loop only

    public MetadataLoop(ClientOptions options, ClientRuntime runtime, ConnectionPool pool)
    {
        _options = options;
        _runtime = runtime;
        _pool = pool;
        _logger = runtime.LoggerFactory.CreateLogger("Millrace.Client.Metadata");
    }

    /// <summary>The last view; <see cref="ClusterView.Empty"/> before the first answer.</summary>
    public ClusterView View => Volatile.Read(ref _view);

    /// <summary>Registers an interest without topics.</summary>
    public MetadataInterest Register(Action<ClusterView>? onView = null)
    {
        var interest = new MetadataInterest(this, onView);
        lock (_gate)
        {
            _interests = [.. _interests, interest];
        }
        return interest;
    }

    internal void Unregister(MetadataInterest interest)
    {
        lock (_gate)
        {
            _interests = [.. _interests.Where(i => i != interest)];
        }
    }

    /// <summary>A view that was asked for after this call.</summary>
    /// <param name="isUrgent">True when a topic is wanted that was never asked for: the minimum age does not
    /// apply.</param>
    /// <param name="cancellation">Stops waiting, not the refresh.</param>
    /// <exception cref="KafkaConnectionException">No broker answered. The caller may try again.</exception>
    public ValueTask<ClusterView> RefreshAsync(bool isUrgent = false, CancellationToken cancellation = default)
    {
        Task<ClusterView> round;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_shutdown.IsCancellationRequested, typeof(KafkaClient));
            _waiting ??= new TaskCompletionSource<ClusterView>(TaskCreationOptions.RunContinuationsAsynchronously);
            _isUrgent |= isUrgent;
            round = _waiting.Task;
            _loop ??= Loop.Start("metadata", _logger, RunAsync);
            _wakeUp.Set();
        }
        return new ValueTask<ClusterView>(round.WaitAsync(cancellation));
    }

    /// <summary>Asks for a refresh without waiting for it.</summary>
    /// <param name="isUrgent">See <see cref="RefreshAsync"/>.</param>
    public void RequestRefresh(bool isUrgent = false)
    {
        if (!_shutdown.IsCancellationRequested)
        {
            _ = IgnoreAsync(RefreshAsync(isUrgent));
        }

        static async Task IgnoreAsync(ValueTask<ClusterView> refresh)
        {
            try
            {
                await refresh.ConfigureAwait(false);
            }
            catch (Exception e) when (e is KafkaConnectionException or KafkaServerException or ObjectDisposedException)
            {
                // The loop has logged it; whoever needs the view asks again.
            }
        }
    }

    /// <summary>Takes over a leader that an error answer told of (KIP-951). True if it was news.</summary>
    public bool TryApplyLeader(string topic, int partition, int leader, int leaderEpoch)
    {
        ClusterView? next;
        lock (_gate)
        {
            next = MetadataMerge.ApplyLeader(_view, topic, partition, leader, leaderEpoch);
            if (next is null)
            {
                return false;
            }
            Volatile.Write(ref _view, next);
        }
        Notify(next);
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        Task? loop;
        lock (_gate)
        {
            _shutdown.Cancel();
            loop = _loop;
            _waiting?.TrySetException(new ObjectDisposedException(nameof(KafkaClient)));
            _waiting = null;
        }
        if (loop is not null)
        {
            await loop.ConfigureAwait(false);
        }
    }

    async Task RunAsync()
    {
        while (!_shutdown.IsCancellationRequested)
        {
            await _wakeUp.WaitAsync(_options.MetadataMaxAge, _runtime.TimeProvider, _shutdown.Token)
                .ConfigureAwait(false);
            await WaitForMinAgeAsync().ConfigureAwait(false);
            TaskCompletionSource<ClusterView>? round;
            lock (_gate)
            {
                round = _waiting;
                _waiting = null;
                _isUrgent = false;
            }
            try
            {
                var view = await AskAnyAsync().ConfigureAwait(false);
                round?.TrySetResult(view);
            }
            catch (Exception e) when (e is KafkaConnectionException or KafkaServerException)
            {
                LogMessages.MetadataFailed(_logger, e.Message);
                round?.TrySetException(e);
            }
            catch (Exception) when (_shutdown.IsCancellationRequested)
            {
                round?.TrySetException(new ObjectDisposedException(nameof(KafkaClient)));
                throw;
            }
#pragma warning disable CA1031 // Without this loop the client waits for ever, so not even a bug may end it.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogMessages.LoopFailed(_logger, e, "metadata");
                round?.TrySetException(e);
            }
            finally
            {
                _lastRoundMs = _runtime.NowMs();
            }
        }
    }

    async Task WaitForMinAgeAsync()
    {
        while (true)
        {
            var wait = _lastRoundMs + (long)_options.MetadataMinAge.TotalMilliseconds - _runtime.NowMs();
            lock (_gate)
            {
                wait = _isUrgent ? 0 : wait;
            }
            if (wait <= 0)
            {
                return;
            }
            // An urgent wish ends the pause.
            await _wakeUp.WaitAsync(TimeSpan.FromMilliseconds(wait), _runtime.TimeProvider, _shutdown.Token)
                .ConfigureAwait(false);
        }
    }

    /// <summary>Asks one broker after the other until one answers; when no known one does, the bootstrap servers
    /// (KIP-899).</summary>
    async Task<ClusterView> AskAnyAsync()
    {
        if (_pool.Known.Count > 0)
        {
            try
            {
                return await AskAnyAsync(_pool.Candidates()).ConfigureAwait(false);
            }
            catch (Exception e) when (e is KafkaConnectionException
                or KafkaServerException { Code: ErrorCode.RebootstrapRequired })
            {
                LogMessages.Rebootstrap(_logger, e.Message);
            }
        }
        return await AskAnyAsync(_pool.Bootstrap).ConfigureAwait(false);
    }

    Task<ClusterView> AskAnyAsync(IReadOnlyList<BrokerPeer> candidates) =>
        AnyBroker.AskAsync(candidates, _options, _runtime, AskAsync, _shutdown.Token);

    async Task<ClusterView> AskAsync(BrokerPeer peer, CancellationToken cancellation)
    {
        var connection = await peer.GetAsync(ConnectionKind.General, cancellation).ConfigureAwait(false);
        var response = await connection.SendAsync<MetadataRequest, MetadataResponse>(
            BuildRequest(), VersionCap, cancellation: cancellation).ConfigureAwait(false);
        if (response.ErrorCode != ErrorCode.None)
        {
            throw new KafkaServerException(response.ErrorCode, $"{peer.Name} refused the metadata request.");
        }
        ClusterView next;
        lock (_gate)
        {
            if (_view.ClusterId is { } before && response.ClusterId is { } after && before != after)
            {
                LogMessages.ClusterChanged(_logger, after, before);
                _view = ClusterView.Empty;
            }
            next = MetadataMerge.Apply(_view, response, IsInteresting);
            Volatile.Write(ref _view, next);
        }
        _pool.Update(next);
        Notify(next);
        return next;
    }

    MetadataRequest BuildRequest()
    {
        var interests = Volatile.Read(ref _interests);
        var request = new MetadataRequest { AllowAutoTopicCreation = _options.AllowAutoTopicCreation };
        if (interests.Any(static i => i.AllTopics))
        {
            request.Topics = null;
            return request;
        }
        request.Topics = [];
        foreach (var topic in interests.SelectMany(static i => i.Topics).Distinct())
        {
            request.Topics.Add(new MetadataRequest.MetadataRequestTopic { Name = topic });
        }
        return request;
    }

    bool IsInteresting(string topic)
    {
        foreach (var interest in Volatile.Read(ref _interests))
        {
            if (interest.AllTopics || interest.Topics.Contains(topic))
            {
                return true;
            }
        }
        return false;
    }

    void Notify(ClusterView view)
    {
        foreach (var interest in Volatile.Read(ref _interests))
        {
            interest.Notify(view);
        }
    }
}
