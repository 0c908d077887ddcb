// A network that can be cut: what a process leaves behind that was killed, as seen by everybody else.
using Millrace.Protocol.Wire;

namespace Millrace.Scenarios.Processing;

/// <summary>Passes everything on until it is cut; then every connection is broken and none can be made.</summary>
sealed class CutNetwork(ITransport inner) : ITransport
{
    readonly Lock _lock = new();
    readonly List<ITransportConnection> _connections = []; // guarded by _lock
    bool _isCut;                                           // guarded by _lock

    public async ValueTask<ITransportConnection> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        var connection = await inner.ConnectAsync(host, port, cancellation);
        lock (_lock)
        {
            if (!_isCut)
            {
                _connections.Add(connection);
                return connection;
            }
        }

        await connection.DisposeAsync();
        throw new IOException("The network is cut.");
    }

    public ValueTask<ITransportListener> ListenAsync(string host, int port, CancellationToken cancellation) =>
        inner.ListenAsync(host, port, cancellation);

    public void Cut()
    {
        lock (_lock)
        {
            _isCut = true;
            _connections.ForEach(static connection => connection.Abort());
        }
    }
}
