using Microsoft.Extensions.Logging;
using Millrace.Client.Metadata;

namespace Millrace.Client.Net;

/// <summary>The brokers of the cluster, by id, and the bootstrap servers.</summary>
sealed class ConnectionPool : IAsyncDisposable
{
    // An aborted connection ends at once; this only keeps a broken transport from holding up a shutdown.
    static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(5);

    readonly ClientOptions _options;
    readonly ClientRuntime _runtime;
    readonly ILogger _logger;
    readonly CancellationTokenSource _shutdown = new();
    readonly Lock _gate = new();
    readonly BrokerPeer[] _bootstrap;
    Dictionary<int, BrokerPeer> _peers = [];   // replaced as a whole, under _gate; read without it

    public ConnectionPool(
        ClientOptions options, ClientRuntime runtime, IReadOnlyList<(string Host, int Port)> bootstrap)
    {
        _options = options;
        _runtime = runtime;
        _logger = runtime.LoggerFactory.CreateLogger("Millrace.Client.Net");
        // Bootstrap entries have negative ids, as in Kafka's own clients.
        _bootstrap = [.. bootstrap.Select((b, i) => NewPeer(-1 - i, b.Host, b.Port))];
    }

    /// <summary>Called when a broker has been silent for too long, and again while it is.</summary>
    public Action? OnSlow { get; set; }

    /// <summary>The servers named in the options.</summary>
    public IReadOnlyList<BrokerPeer> Bootstrap => _bootstrap;

    /// <summary>The brokers of the last metadata, in no order.</summary>
    public IReadOnlyCollection<BrokerPeer> Known => Volatile.Read(ref _peers).Values;

    /// <summary>The peer of a broker, or null if the last metadata does not have it.</summary>
    public BrokerPeer? Find(int nodeId) => Volatile.Read(ref _peers).GetValueOrDefault(nodeId);

    /// <summary>Takes over the brokers of new metadata. One with another address gets new connections, one that is
    /// gone loses his.</summary>
    public void Update(ClusterView view)
    {
        var retired = new List<BrokerPeer>();
        lock (_gate)
        {
            var next = new Dictionary<int, BrokerPeer>();
            foreach (var broker in view.Brokers.Values)
            {
                var known = _peers.GetValueOrDefault(broker.NodeId);
                next[broker.NodeId] = known is not null && known.Host == broker.Host && known.Port == broker.Port
                    ? known
                    : NewPeer(broker.NodeId, broker.Host, broker.Port);
            }
            retired.AddRange(_peers.Values.Where(p => next.GetValueOrDefault(p.NodeId) != p));
            Volatile.Write(ref _peers, next);
        }
        foreach (var peer in retired)
        {
            _ = peer.Retire("the metadata no longer lists it under this address.");
        }
    }

    /// <summary>Brokers to ask something that any can answer: those with an open idle connection first, those that
    /// keep a request waiting and those whose last connection failed last, otherwise in random order; the bootstrap
    /// servers when no broker is known.</summary>
    public List<BrokerPeer> Candidates()
    {
        var known = Known;
        var candidates = new List<(BrokerPeer Peer, int Rank, double Tie)>();
        foreach (var peer in known.Count > 0 ? known : _bootstrap)
        {
            var open = peer.TryGet(ConnectionKind.General);
            var rank = peer.IsSlow || peer.IsBackingOff ? 1000 : open is not null ? Math.Min(open.InFlight, 100) : 500;
            candidates.Add((peer, rank, _runtime.NextDouble()));
        }
        candidates.Sort(static (a, b) => a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : a.Tie.CompareTo(b.Tie));
        return candidates.ConvertAll(static c => c.Peer);
    }

    /// <summary>Closes every connection and waits until nothing of them runs any more: whoever disposed the client may
    /// count its buffers, or close the transport.</summary>
    public async ValueTask DisposeAsync()
    {
        await _shutdown.CancelAsync().ConfigureAwait(false);
        var ends = Task.WhenAll(((IEnumerable<BrokerPeer>)[.. Known, .. _bootstrap])
            .Select(static peer => peer.Retire("the client was disposed.")));
        try
        {
            await ends.WaitAsync(EndTimeout, _runtime.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // A transport that does not let go of a call after Abort keeps its buffers, not the application.
        }
    }

    BrokerPeer NewPeer(int nodeId, string host, int port) =>
        new(nodeId, host, port, _options, _runtime, _logger, () => OnSlow?.Invoke(), _shutdown.Token);
}
