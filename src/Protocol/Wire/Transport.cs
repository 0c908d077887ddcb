using System.Net;

namespace Millrace.Protocol.Wire;

/// <summary>The transport seam: how bytes reach the other side. TCP in production, memory in tests and in
/// process.</summary>
public interface ITransport
{
    /// <summary>Connects. Throws <see cref="IOException"/> or <see cref="System.Net.Sockets.SocketException"/> when the
    /// other side cannot be reached.</summary>
    ValueTask<ITransportConnection> ConnectAsync(string host, int port, CancellationToken cancellation);

    /// <summary>Listens. Port 0 takes a free one, see <see cref="ITransportListener.EndPoint"/>.</summary>
    ValueTask<ITransportListener> ListenAsync(string host, int port, CancellationToken cancellation);
}

/// <summary>A listening end.</summary>
public interface ITransportListener : IAsyncDisposable
{
    /// <summary>Where it listens; the port is the real one.</summary>
    DnsEndPoint EndPoint { get; }

    /// <summary>Waits for the next connection.</summary>
    ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation);
}

/// <summary>One ordered stream of bytes each way. One reader and one writer at a time.</summary>
public interface ITransportConnection : IAsyncDisposable
{
    /// <summary>The other side's address, for logs and errors.</summary>
    string RemoteEndPoint { get; }

    /// <summary>Reads what there is, at least one byte; 0 means that the other side closed.</summary>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>Sends all segments, in order, with as few system calls as possible. They are borrowed until it
    /// completes. Cancelled in the middle it closes the connection, because a part may have been sent.</summary>
    ValueTask SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, CancellationToken cancellation);

    /// <summary>Closes at once; pending reads and writes fail with <see cref="IOException"/>. May be called from
    /// any thread, more than once.</summary>
    void Abort();
}
