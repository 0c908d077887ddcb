using Microsoft.Extensions.Logging;
using Millrace.Client.Metadata;
using Millrace.Client.Net;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Routing;

/// <summary>What producers, consumers and the admin client of one <see cref="KafkaClient"/> share: connections,
/// metadata,
/// coordinators, and the ways to send a request.</summary>
sealed class ClientCore : IAsyncDisposable
{
    public ClientCore(ClientOptions options, ClientRuntime runtime)
    {
        Options = options;
        Runtime = runtime;
        Pool = new ConnectionPool(options, runtime, options.Validate());
        Metadata = new MetadataLoop(options, runtime, Pool);
        Pool.OnSlow = () => Metadata.RequestRefresh();
        Coordinators = new CoordinatorCache(this);
        Logger = runtime.LoggerFactory.CreateLogger("Millrace.Client");
    }

    public ClientOptions Options { get; }

    public ClientRuntime Runtime { get; }

    public ConnectionPool Pool { get; }

    public MetadataLoop Metadata { get; }

    public CoordinatorCache Coordinators { get; }

    public ILogger Logger { get; }

    /// <summary>An open connection to a broker.</summary>
    /// <exception cref="KafkaConnectionException">It could not be opened, or the broker is not in the
    /// metadata.</exception>
    public async ValueTask<BrokerConnection> ConnectAsync(
        int nodeId, ConnectionKind kind, CancellationToken cancellation)
    {
        var peer = Pool.Find(nodeId);
        if (peer is null)
        {
            await Metadata.RefreshAsync(cancellation: cancellation).ConfigureAwait(false);
            peer = Pool.Find(nodeId)
                ?? throw new KafkaConnectionException($"Broker {nodeId} is not in the cluster's metadata.");
        }
        return await peer.GetAsync(kind, cancellation).ConfigureAwait(false);
    }

    /// <summary>One request to one broker, tried once. See <see cref="BrokerConnection.SendAsync"/>.</summary>
    public async ValueTask<TResponse> SendToAsync<TRequest, TResponse>(
        int nodeId, ConnectionKind kind, TRequest request, short versionCap = short.MaxValue, TimeSpan? timeout = null,
        CancellationToken cancellation = default)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var connection = await ConnectAsync(nodeId, kind, cancellation).ConfigureAwait(false);
        return await connection.SendAsync<TRequest, TResponse>(request, versionCap, timeout, cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>A request that any broker can answer, tried on one after the other until
    /// <see cref="ClientOptions.ApiTimeout"/>.</summary>
    /// <param name="request">The request; may be sent several times.</param>
    /// <param name="errorOf">The answer's own error; one that the classifier calls retriable is tried again.</param>
    /// <param name="versionCap">The highest version that the caller understands.</param>
    /// <param name="cancellation">Stops the call.</param>
    public ValueTask<TResponse> SendToAnyAsync<TRequest, TResponse>(
        TRequest request, Func<TResponse, ErrorCode> errorOf, short versionCap = short.MaxValue,
            CancellationToken cancellation = default)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var tried = 0;
        return RetryAsync(TRequest.ApiKey, async token =>
        {
            // A retry begins at the next candidate: the first is the one that just failed, unless its rank fell.
            var ranked = Pool.Candidates();
            var first = tried++ % ranked.Count;
            return await AskAnyAsync(
                [.. ranked[first..], .. ranked[..first]],
                async (peer, patience) =>
                {
                    var connection = await peer.GetAsync(ConnectionKind.General, patience).ConfigureAwait(false);
                    return await connection.SendAsync<TRequest, TResponse>(
                        request, versionCap, cancellation: patience).ConfigureAwait(false);
                }, token).ConfigureAwait(false);
        }, errorOf, static () => { }, cancellation);
    }

    /// <inheritdoc cref="AnyBroker.AskAsync"/>
    public Task<T> AskAnyAsync<T>(
        IReadOnlyList<BrokerPeer> candidates, Func<BrokerPeer, CancellationToken, Task<T>> ask,
        CancellationToken cancellation) => AnyBroker.AskAsync(candidates, Options, Runtime, ask, cancellation);

    /// <summary>A request for the controller, tried until <see cref="ClientOptions.ApiTimeout"/>. In a KRaft cluster
    /// any broker
    /// forwards it, and the metadata names one.</summary>
    public ValueTask<TResponse> SendToControllerAsync<TRequest, TResponse>(
        TRequest request, Func<TResponse, ErrorCode> errorOf, short versionCap = short.MaxValue,
            TimeSpan? timeout = null,
        CancellationToken cancellation = default)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        return RetryAsync(TRequest.ApiKey, async token =>
        {
            var view = Metadata.View;
            if (view.ControllerId < 0)
            {
                view = await Metadata.RefreshAsync(cancellation: token).ConfigureAwait(false);
            }
            if (view.ControllerId < 0)
            {
                throw new KafkaServerException(ErrorCode.NotController, "the cluster names no controller just now.");
            }
            return await SendToAsync<TRequest, TResponse>(
                view.ControllerId, ConnectionKind.General, request, versionCap, timeout, token).ConfigureAwait(false);
        }, errorOf, () => Metadata.RequestRefresh(), cancellation);
    }

    /// <summary>The node id of a group's coordinator, from the cache or asked for.</summary>
    public ValueTask<int> FindCoordinatorAsync(string group, CancellationToken cancellation = default) =>
        Coordinators.FindAsync(group, CoordinatorKind.Group, cancellation);

    /// <summary>A request for a group's coordinator, tried until <see cref="ClientOptions.ApiTimeout"/>; a
    /// coordinator that
    /// moved is looked for again.</summary>
    public ValueTask<TResponse> SendToCoordinatorAsync<TRequest, TResponse>(
        string group, TRequest request, Func<TResponse, ErrorCode> errorOf, short versionCap = short.MaxValue,
        CancellationToken cancellation = default)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var node = -1;
        return RetryAsync(TRequest.ApiKey, async token =>
        {
            node = await FindCoordinatorAsync(group, token).ConfigureAwait(false);
            return await SendToAsync<TRequest, TResponse>(
                node, ConnectionKind.Group, request, versionCap, cancellation: token).ConfigureAwait(false);
        }, errorOf, () => Coordinators.Invalidate(group, CoordinatorKind.Group, node), cancellation);
    }

    /// <summary>The retry loop of every call above: asks the classifier, pauses, refreshes what is outdated, and
    /// gives up at
    /// <see cref="ClientOptions.ApiTimeout"/> with the last error. An answer whose error is fatal is returned: the
    /// caller
    /// knows best how to report it.</summary>
    public async ValueTask<T> RetryAsync<T>(
        ApiKey what, Func<CancellationToken, ValueTask<T>> attempt, Func<T, ErrorCode> errorOf, Action refresh,
        CancellationToken cancellation)
    {
        var deadline = Runtime.NowMs() + (long)Options.ApiTimeout.TotalMilliseconds;
        for (var failures = 0; ; failures++)
        {
            var pause = Backoff.DelayMs(failures, Options.RetryBackoff, Options.RetryBackoffMax, Runtime);
            var isLast = Runtime.NowMs() + pause >= deadline;
            RetryDecision decision;
            try
            {
                var response = await attempt(cancellation).ConfigureAwait(false);
                decision = Retries.Decide(errorOf(response));
                if (isLast || decision is RetryDecision.Done or RetryDecision.Fatal)
                {
                    return response;
                }
            }
            catch (Exception e) when (e is KafkaConnectionException or KafkaServerException)
            {
                decision = Retries.Decide(e);
                if (decision == RetryDecision.Fatal)
                {
                    throw;
                }
                if (isLast)
                {
                    throw new KafkaConnectionException(
                        $"{what} did not succeed within {Options.ApiTimeout.TotalSeconds:0.#} s: {e.Message}", e,
                        maybeProcessed: e is KafkaConnectionException { MaybeProcessed: true });
                }
            }
            if (decision == RetryDecision.Refresh)
            {
                refresh();
            }
            await Task.Delay(TimeSpan.FromMilliseconds(pause), Runtime.TimeProvider, cancellation)
                .ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync().ConfigureAwait(false);
        await Metadata.DisposeAsync().ConfigureAwait(false);
    }
}
