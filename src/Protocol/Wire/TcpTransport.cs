using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Millrace.Protocol.Wire;

/// <summary>TCP over IPv4 and IPv6.</summary>
public sealed class TcpTransport : ITransport
{
    // What the kernel caps anyway (somaxconn is 4096 on Linux): a burst of reconnecting clients must not be refused.
    const int Backlog = 512;

    /// <summary>One for all: the transport holds no state.</summary>
    public static TcpTransport Instance { get; } = new();

    /// <summary>Connects to the first address of the host that answers, in the resolver's order.</summary>
    /// <exception cref="SocketException">The name is unknown, or no address answers; the last address's
    /// error.</exception>
    public async ValueTask<ITransportConnection> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        var addresses = await ResolveAsync(host, cancellation).ConfigureAwait(false);
        SocketException? last = null;
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(new IPEndPoint(address, port), cancellation).ConfigureAwait(false);
                return new TcpConnection(socket);
            }
            catch (SocketException e)
            {
                socket.Dispose();
                last = e;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        throw last ?? new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Listens on one address: the host's first. <c>0.0.0.0</c> and <c>::</c> mean all; <c>::</c> takes IPv4
    /// as well.</summary>
    /// <exception cref="SocketException">The address is in use or not this machine's.</exception>
    public async ValueTask<ITransportListener> ListenAsync(string host, int port, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, IPEndPoint.MaxPort);
        var addresses = await ResolveAsync(host, cancellation).ConfigureAwait(false);
        if (addresses.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        var socket = new Socket(addresses[0].AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (addresses[0].Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(addresses[0], port));
            socket.Listen(Backlog);
            return new TcpConnectionListener(socket, host);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    static async ValueTask<IPAddress[]> ResolveAsync(string host, CancellationToken cancellation) =>
        IPAddress.TryParse(host, out var address)
            ? [address]
            : await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);

    sealed class TcpConnectionListener(Socket socket, string host) : ITransportListener
    {
        public DnsEndPoint EndPoint { get; } = new(host, ((IPEndPoint)socket.LocalEndPoint!).Port);

        public async ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation)
        {
            while (true)
            {
                try
                {
                    return new TcpConnection(await socket.AcceptAsync(cancellation).ConfigureAwait(false));
                }
                catch (SocketException e)
                    when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
                {
                    // The peer gave up while it stood in the queue. The listener is fine.
                }
                catch (Exception e) when (e is ObjectDisposedException
                    or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.Interrupted })
                {
                    throw new IOException($"The listener on {host}:{EndPoint.Port} is closed.", e);
                }
            }
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return default;
        }
    }
}

/// <summary>One TCP connection.</summary>
sealed class TcpConnection : ITransportConnection
{
    // IOV_MAX is 1024 on Linux and macOS: more segments in one call would fail.
    const int MaxSegmentsPerCall = 512;

    readonly Socket _socket;
    readonly List<ArraySegment<byte>> _gathered = [];
    int _closed;

    public TcpConnection(Socket socket)
    {
        _socket = socket;
        _socket.NoDelay = true;
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        RemoteEndPoint = _socket.RemoteEndPoint?.ToString() ?? "unknown";
    }

    public string RemoteEndPoint { get; }

    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, SocketFlags.None, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw Failed("read from", e);
        }
    }

    public async ValueTask SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(segments);
        cancellation.ThrowIfCancellationRequested();
        try
        {
            if (segments.Count == 1)
            {
                await SendOneAsync(segments[0], cancellation).ConfigureAwait(false);
                return;
            }

            for (var next = 0; next < segments.Count;)
            {
                next = Gather(segments, next);
                if (_gathered.Count > 0)
                {
                    await SendGatheredAsync(cancellation).ConfigureAwait(false);
                }
                else if (next < segments.Count)
                {
                    // Memory that no array backs.
                    await SendOneAsync(segments[next++], cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // A part may have been sent: the stream is broken.
            Abort();
            throw;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            cancellation.ThrowIfCancellationRequested();
            throw Failed("write to", e);
        }
        finally
        {
            _gathered.Clear();
        }
    }

    public void Abort()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            // Zero linger: the peer sees a reset at once instead of a clean end.
            _socket.Close(0);
        }
    }

    public ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The peer was faster.
            }

            _socket.Dispose();
        }

        return default;
    }

    async ValueTask SendOneAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        while (!bytes.IsEmpty)
        {
            var sent = await _socket.SendAsync(bytes, SocketFlags.None, cancellation).ConfigureAwait(false);
            bytes = bytes[sent..];
        }
    }

    // The overload that gathers takes no token, so cancellation closes the connection at once.
    async ValueTask SendGatheredAsync(CancellationToken cancellation)
    {
        using var registration = cancellation.UnsafeRegister(static self => ((TcpConnection)self!).Abort(), this);
        while (_gathered.Count > 0)
        {
            var sent = await _socket.SendAsync(_gathered, SocketFlags.None).ConfigureAwait(false);
            DropSent(sent);
        }
    }

    int Gather(IReadOnlyList<ReadOnlyMemory<byte>> segments, int next)
    {
        _gathered.Clear();
        for (; next < segments.Count && _gathered.Count < MaxSegmentsPerCall; next++)
        {
            if (segments[next].IsEmpty)
            {
                continue;
            }

            if (!MemoryMarshal.TryGetArray(segments[next], out var array))
            {
                break;
            }

            _gathered.Add(array);
        }

        return next;
    }

    void DropSent(int sent)
    {
        var whole = 0;
        while (whole < _gathered.Count && sent >= _gathered[whole].Count)
        {
            sent -= _gathered[whole++].Count;
        }

        _gathered.RemoveRange(0, whole);
        if (sent > 0)
        {
            _gathered[0] = _gathered[0][sent..];
        }
    }

    IOException Failed(string what, Exception cause)
    {
        var reason = Volatile.Read(ref _closed) != 0 ? "the connection was closed here" : cause.Message;
        return new IOException($"Cannot {what} {RemoteEndPoint}: {reason}", cause);
    }
}
