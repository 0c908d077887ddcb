using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Millrace.Protocol.Wire;

/// <summary>A network inside the process: whoever shares the instance can connect to whoever listens on it. No sockets,
/// no threads; each direction holds a bounded number of bytes, then the sender waits.</summary>
/// <param name="pool">Where the bytes on their way are kept; null = <see cref="BufferPool.Default"/>.</param>
/// <param name="capacity">Bytes that each direction of a connection holds before a send waits. As a socket's buffer:
/// large enough for small frames to cross each other, while large ones are copied straight from sender to
/// receiver.</param>
public sealed class MemoryTransport(BufferPool? pool = null, int capacity = 64 * 1024) : ITransport
{
    // The range that operating systems give out.
    const int FirstFreePort = 49152;
    const int Backlog = 512;

    readonly BufferPool _pool = pool ?? BufferPool.Default;
    readonly int _capacity = capacity > 0 ? capacity : throw new ArgumentOutOfRangeException(nameof(capacity));
    readonly Lock _gate = new();
    readonly Dictionary<(string Host, int Port), MemoryListener> _listeners = [];   // guarded by _gate
    int _nextPort = FirstFreePort;                                                  // guarded by _gate
    int _nextClientPort;

    /// <summary>Connects to a listener of this instance.</summary>
    /// <exception cref="SocketException">Nobody listens there, or too many connections wait to be accepted.</exception>
    public ValueTask<ITransportConnection> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        cancellation.ThrowIfCancellationRequested();
        MemoryListener? listener;
        lock (_gate)
        {
            if (!_listeners.TryGetValue((Normal(host), port), out listener))
            {
                _listeners.TryGetValue((Any, port), out listener);
            }
        }

        var number = Interlocked.Increment(ref _nextClientPort);
        var client = string.Create(CultureInfo.InvariantCulture, $"memory:{number}");
        var server = string.Create(CultureInfo.InvariantCulture, $"{host}:{port}");
        var toServer = new MemoryPipe(_pool, _capacity);
        var toClient = new MemoryPipe(_pool, _capacity);
        var here = new MemoryConnection(toClient, toServer, server);
        if (listener is null || !listener.Offer(new MemoryConnection(toServer, toClient, client)))
        {
            throw new SocketException((int)SocketError.ConnectionRefused);
        }

        return new ValueTask<ITransportConnection>(here);
    }

    /// <summary>Listens. <c>0.0.0.0</c> and <c>::</c> take connections to any host name.</summary>
    /// <exception cref="SocketException">Somebody listens there already, or the host has no free port left.</exception>
    public ValueTask<ITransportListener> ListenAsync(string host, int port, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            port = port == 0 ? FindFreePort(Normal(host)) : port;
            var key = (Normal(host), port);
            var listener = new MemoryListener(this, key, new DnsEndPoint(host, port));
            return _listeners.TryAdd(key, listener)
                ? new ValueTask<ITransportListener>(listener)
                : throw new SocketException((int)SocketError.AddressAlreadyInUse);
        }
    }

    const string Any = "0.0.0.0";

    static string Normal(string host) => host switch
    {
        "::" => Any,
        "::1" => "127.0.0.1",
        _ when host.Equals("localhost", StringComparison.OrdinalIgnoreCase) => "127.0.0.1",
        _ => host.ToLowerInvariant(),
    };

    // Goes round, so that a port that was given back stays unused for as long as possible. Call it under the lock.
    int FindFreePort(string host)
    {
        for (var tries = FirstFreePort; tries <= IPEndPoint.MaxPort; tries++)
        {
            var port = _nextPort;
            _nextPort = port == IPEndPoint.MaxPort ? FirstFreePort : port + 1;
            if (!_listeners.ContainsKey((host, port)))
            {
                return port;
            }
        }

        throw new SocketException((int)SocketError.AddressAlreadyInUse);
    }

    void Remove((string Host, int Port) key)
    {
        lock (_gate)
        {
            _listeners.Remove(key);
        }
    }

    sealed class MemoryListener(MemoryTransport owner, (string Host, int Port) key, DnsEndPoint endPoint)
        : ITransportListener
    {
        readonly Channel<MemoryConnection> _waiting = Channel.CreateBounded<MemoryConnection>(Backlog);

        public DnsEndPoint EndPoint { get; } = endPoint;

        public bool Offer(MemoryConnection connection) => _waiting.Writer.TryWrite(connection);

        public async ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation)
        {
            try
            {
                return await _waiting.Reader.ReadAsync(cancellation).ConfigureAwait(false);
            }
            catch (ChannelClosedException e)
            {
                throw new IOException($"The listener on {EndPoint.Host}:{EndPoint.Port} is closed.", e);
            }
        }

        public ValueTask DisposeAsync()
        {
            owner.Remove(key);
            _waiting.Writer.TryComplete();
            while (_waiting.Reader.TryRead(out var connection))
            {
                connection.Abort();
            }

            return default;
        }
    }

    sealed class MemoryConnection(MemoryPipe incoming, MemoryPipe outgoing, string remote) : ITransportConnection
    {
        public string RemoteEndPoint { get; } = remote;

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation) =>
            incoming.ReadAsync(buffer, cancellation);

        public ValueTask SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, CancellationToken cancellation)
        {
            ArgumentNullException.ThrowIfNull(segments);
            return outgoing.WriteAsync(segments, cancellation);
        }

        public void Abort()
        {
            incoming.Abort();
            outgoing.Abort();
        }

        public ValueTask DisposeAsync()
        {
            outgoing.CloseWriter();
            incoming.CloseReader();
            return default;
        }
    }
}
