using Millrace.Protocol.Wire;

namespace Millrace.Broker.Server;

/// <summary>Accepts connections on any number of transport listeners and knows all that are open.</summary>
sealed class Listener : IAsyncDisposable
{
    // Between two attempts to accept: long enough to cost nothing, short enough for nobody to notice.
    static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    readonly ServerContext _context;
    readonly CancellationTokenSource _stopping = new();
    readonly Lock _gate = new();
    readonly HashSet<ClientConnection> _connections = []; // guarded by _gate
    readonly List<(ITransportListener Transport, Task Loop)> _listeners = [];
    readonly ITimer _idleTimer;

    public Listener(ServerContext context)
    {
        _context = context;
        var period = context.Limits.ConnectionIdleTimeout / 4;
        _idleTimer = context.Time.CreateTimer(static state => ((Listener)state!).CloseIdle(), this, period, period);
    }

    public int ConnectionCount
    {
        get
        {
            lock (_gate) return _connections.Count;
        }
    }

    /// <summary>Starts to accept. The listener is owned from now on.</summary>
    public void Add(ITransportListener transport, Endpoint advertised) =>
        _listeners.Add((transport, Loop.Start(() => AcceptAsync(transport, advertised))));

    async Task AcceptAsync(ITransportListener transport, Endpoint advertised)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                Take(await transport.AcceptAsync(_stopping.Token).ConfigureAwait(false), advertised);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (Exception e)
            {
                if (_stopping.IsCancellationRequested) return;
                // Out of file handles, most likely: it passes, and a busy loop would not help.
                _context.Logger.AcceptFailed(e, advertised.ToString());
                if (!await PauseAsync().ConfigureAwait(false)) return;
            }
        }
    }

    // False when the listener stops.
    async Task<bool> PauseAsync()
    {
        try
        {
            await Task.Delay(AcceptPause, _context.Time, _stopping.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    void Take(ITransportConnection accepted, Endpoint advertised)
    {
        var connection = new ClientConnection(_context, accepted, advertised);
        int open;
        lock (_gate)
        {
            open = _connections.Count;
            if (open < _context.Limits.MaxConnections
                && !_stopping.IsCancellationRequested) _connections.Add(connection);
            else open = -1;
        }

        if (open < 0)
        {
            _context.Logger.TooManyConnections(accepted.RemoteEndPoint, _context.Limits.MaxConnections);
            accepted.Abort();
            connection.Dispose();
            _ = accepted.DisposeAsync().AsTask();
            return;
        }

        _context.Metrics.Connected();
        _ = Loop.Start(() => ServeAsync(connection));
    }

    async Task ServeAsync(ClientConnection connection)
    {
        try
        {
            await connection.RunAsync().ConfigureAwait(false);
        }
        finally
        {
            // First: whoever stops the listener waits for the connections that it finds in the list.
            connection.Dispose();
            lock (_gate) _connections.Remove(connection);
            _context.Metrics.Disconnected();
        }
    }

    void CloseIdle()
    {
        ClientConnection[] open;
        lock (_gate) open = [.. _connections];
        var now = _context.Time.GetTimestamp();
        foreach (var connection in open)
        {
            if (_context.Time.GetElapsedTime(connection.LastActivity, now) >= _context.Limits.ConnectionIdleTimeout)
                connection.CloseIfIdle();
        }
    }

    /// <summary>Accepts nobody any more, lets running requests finish for a while, then cuts.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _idleTimer.DisposeAsync().ConfigureAwait(false);
        foreach (var (transport, loop) in _listeners)
        {
            await transport.DisposeAsync().ConfigureAwait(false);
            await loop.ConfigureAwait(false);
        }

        Task[] ends;
        lock (_gate) ends = [.. _connections.Select(static c => c.StopAsync())];
        try
        {
            await Task.WhenAll(ends).WaitAsync(_context.Limits.StopTimeout, _context.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            lock (_gate)
            {
                foreach (var connection in _connections) connection.Abort("the broker stops");
            }

            await Task.WhenAll(ends).ConfigureAwait(false);
        }

        _stopping.Dispose();
    }
}
