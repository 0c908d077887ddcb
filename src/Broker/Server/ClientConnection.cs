using System.Buffers.Binary;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Server;

/// <summary>
/// One client. Requests are started in the order in which they arrive, as soon as they arrive, and answered in that
/// order, however long one of them waits (a fetch for records, a produce for its flush):
/// <code>
/// bytes ─► frame ─► handler up to its first await ─► queue in request order ─► all answers at the head that are ready,
/// in one send
/// </code>
/// </summary>
sealed class ClientConnection : IDisposable
{
    // api key, version, correlation id: no request is shorter.
    const int SmallestRequest = 8;

    // A frame that announces more than this gets a buffer that doubles as its bytes come in: a length alone costs no
    // memory.
    const int TrustedFrameBytes = 1024 * 1024;

    readonly ServerContext _context;
    readonly ITransportConnection _transport;
    readonly Endpoint _advertised;
    readonly string _clientHost;
    readonly CancellationTokenSource _closed = new();
    readonly WireWriter _writer;
    readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    readonly Lock _gate = new();
    readonly Queue<Exchange> _queue = new(); // guarded by _gate, in request order
    readonly List<Exchange> _batch = []; // owned by the sender
    int _active; // guarded by _gate: exchanges that are not released yet
    long _activeBytes; // guarded by _gate: their requests, and what their answers hold
    bool _isSending; // guarded by _gate
    bool _isReading = true; // guarded by _gate
    TaskCompletionSource? _room; // guarded by _gate: the reader waits for it
    string? _abortReason; // guarded by _gate; first one wins
    long _lastActivity;

    public ClientConnection(ServerContext context, ITransportConnection transport, Endpoint advertised)
    {
        _context = context;
        _transport = transport;
        _advertised = advertised;
        _writer = new WireWriter(context.Pool);
        var remote = transport.RemoteEndPoint;
        var colon = remote.LastIndexOf(':');
        _clientHost = "/" + (colon > 0 ? remote[..colon] : remote);
        _lastActivity = context.Time.GetTimestamp();
    }

    /// <summary>When bytes last came or went, a timestamp of the time provider.</summary>
    public long LastActivity => Volatile.Read(ref _lastActivity);

    /// <summary>Serves until either side ends it. Never throws.</summary>
    public async Task RunAsync()
    {
        _context.Logger.Connected(_transport.RemoteEndPoint);
        string reason;
        try
        {
            reason = await ReadAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is WireFormatException or CloseConnectionException)
        {
            _context.Logger.BadRequest(_transport.RemoteEndPoint, e.Message);
            reason = e.Message;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or System.Net.Sockets.SocketException)
        {
            reason = _closed.IsCancellationRequested ? "stopped" : e.Message;
        }
        catch (Exception e)
        {
            // A mistake of the transport or of ours: what was begun still has to be answered or given back.
            _context.Logger.ConnectionFailed(e, _transport.RemoteEndPoint);
            reason = e.Message;
        }

        await EndAsync(reason).ConfigureAwait(false);
    }

    /// <summary>Stops reading; completes once what was begun is answered and every buffer is given
    /// back.</summary>
    public async Task StopAsync()
    {
        try
        {
            await _closed.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // It has ended by itself meanwhile.
        }

        await _ended.Task.ConfigureAwait(false);
    }

    /// <summary>Closes unless something is being worked on. An answer that the client does not take is not
    /// work.</summary>
    public void CloseIfIdle()
    {
        lock (_gate)
        {
            if (_active > 0 && !_isSending) return;
        }

        Abort("idle");
    }

    /// <summary>The one place that breaks the connection: nothing is sent any more.</summary>
    public void Abort(string reason)
    {
        lock (_gate) _abortReason ??= reason;
        _transport.Abort();
    }

    /// <summary>After <see cref="RunAsync"/> has ended, however it did: its buffers are back, and <see
    /// cref="StopAsync"/>
    /// returns.</summary>
    public void Dispose()
    {
        // _closed is left to the collector, it holds no timer and no handle: StopAsync may cancel it at this moment.
        _writer.Dispose();
        _ended.TrySetResult();
    }

    async Task EndAsync(string reason)
    {
        await _closed.CancelAsync().ConfigureAwait(false);
        await DrainAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _isReading = false;
            if (_active == 0) _drained.TrySetResult();
        }

        await _drained.Task.ConfigureAwait(false);
        // Closed, not cut: a reset would take the last answers out of the client's hands, and is an error to clients
        // that have just said good-bye themselves.
        lock (_gate) _abortReason ??= reason;
        await _transport.DisposeAsync().ConfigureAwait(false);
        _context.Logger.Disconnected(_transport.RemoteEndPoint, _abortReason!);
    }

    async Task<string> ReadAsync()
    {
        var buffer = new SharedBuffer(_context.Pool, _context.Limits.ReceiveBufferBytes);
        try
        {
            var (start, end) = (0, 0);
            while (true)
            {
                var needed = 0;
                while (TryFrame(buffer.Memory.Span[start..end], out var length, out needed))
                {
                    if (!HasRoom(length)) await WaitForRoomAsync(length).ConfigureAwait(false);
                    var gate = Begin(buffer, buffer.Memory.Slice(start + Frame.SizePrefix, length - Frame.SizePrefix));
                    if (gate is not null) await gate.ConfigureAwait(false);
                    start += length;
                }

                await DrainAsync().ConfigureAwait(false);
                if (buffer.Length - start < needed || end == buffer.Length)
                {
                    var rest = end - start;
                    var size = Math.Max(
                        _context.Limits.ReceiveBufferBytes, Math.Min(needed, Math.Max(TrustedFrameBytes, rest * 2)));
                    var next = new SharedBuffer(_context.Pool, size);
                    buffer.Memory.Span[start..end].CopyTo(next.Memory.Span);
                    buffer.Release();
                    (buffer, start, end) = (next, 0, rest);
                }

                var received = await _transport.ReceiveAsync(buffer.Memory[end..], _closed.Token).ConfigureAwait(false);
                if (received == 0) return "the client closed it";
                Volatile.Write(ref _lastActivity, _context.Time.GetTimestamp());
                _context.Metrics.Received(received);
                end += received;
            }
        }
        finally
        {
            buffer.Release();
        }
    }

    // True when a whole frame is there. Else needed tells how long it is, or how much is needed to know.
    bool TryFrame(ReadOnlySpan<byte> bytes, out int length, out int needed)
    {
        length = 0;
        needed = Frame.SizePrefix;
        if (bytes.Length < Frame.SizePrefix) return false;
        var size = BinaryPrimitives.ReadInt32BigEndian(bytes);
        if (size < SmallestRequest || size > _context.Limits.MaxRequestBytes)
        {
            throw new CloseConnectionException(
                $"a request of {size} bytes is not between {SmallestRequest} and "
                + $"{_context.Limits.MaxRequestBytes} (Limits.MaxRequestBytes)");
        }

        length = needed = Frame.SizePrefix + size;
        return bytes.Length >= length;
    }

    bool HasRoom(int length)
    {
        lock (_gate)
        {
            return _active == 0
                || (_active < _context.Limits.MaxInFlightPerConnection
                    && _activeBytes + length <= _context.Limits.MaxInFlightBytesPerConnection);
        }
    }

    async Task WaitForRoomAsync(int length)
    {
        while (true)
        {
            await DrainAsync().ConfigureAwait(false);
            Task room;
            lock (_gate)
            {
                if (HasRoom(length)) return;
                _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                room = _room.Task;
            }

            await room.WaitAsync(_closed.Token).ConfigureAwait(false);
        }
    }

    // What has to complete before the next request may begin, or null.
    Task? Begin(SharedBuffer buffer, ReadOnlyMemory<byte> frame)
    {
        var reader = new WireReader(frame);
        var handler = _context.Router.Route(ref reader, out var header);
        // The tags of an ApiVersions that is not known may be anything.
        if (RequestRouter.AnswerVersion(handler, header.ApiVersion) == header.ApiVersion)
            Frame.ReadRequestTags(ref reader, handler.IsFlexible(header.ApiVersion));
        reader.ThrowIfBad("request header");

        var exchange = new Exchange(handler, buffer, frame.Length, new RequestContext
        {
            Header = header,
            ClientHost = _clientHost,
            Advertised = _advertised,
            Closed = _closed.Token,
        });
        if (_context.Metrics.WantsDuration) exchange.BeganAt = _context.Time.GetTimestamp();
        buffer.Retain();
        lock (_gate)
        {
            _queue.Enqueue(exchange);
            _active++;
            _activeBytes += exchange.Bytes;
        }

        ValueTask<IMessage?> answer;
        Task? gate;
        try
        {
            answer = _context.Router.HandleAsync(handler, frame[reader.Position..], exchange.Context, out gate);
        }
        catch (Exception e)
        {
            Fail(exchange, e);
            return null;
        }

        if (answer.IsCompletedSuccessfully) Complete(exchange, answer.Result);
        else _ = FinishAsync(exchange, answer);
        return gate;
    }

    async Task FinishAsync(Exchange exchange, ValueTask<IMessage?> pending)
    {
        try
        {
            Complete(exchange, await pending.ConfigureAwait(false));
        }
        catch (Exception e)
        {
            Fail(exchange, e);
        }

        await DrainAsync().ConfigureAwait(false);
    }

    void Complete(Exchange exchange, IMessage? answer)
    {
        _context.Metrics.Answered(
            exchange.Handler.Key, exchange.BeganAt == 0 ? default : _context.Time.GetElapsedTime(exchange.BeganAt));
        lock (_gate)
        {
            exchange.Answer = answer;
            exchange.IsDone = true;
            // An answer that waits to be taken is work, too: a client that only asks must not fill the memory.
            exchange.Bytes += exchange.Context.KeptBytes;
            _activeBytes += exchange.Context.KeptBytes;
        }
    }

    // What cannot be answered ends the connection, after the answers before it.
    void Fail(Exchange exchange, Exception error)
    {
        var reason = error.Message;
        switch (error)
        {
            case OperationCanceledException when _closed.IsCancellationRequested:
                reason = "stopped while a request waited";
                break;
            case WireFormatException or CloseConnectionException:
                _context.Logger.BadRequest(_transport.RemoteEndPoint, reason);
                break;
            default:
                _context.Logger.HandlerFailed(
                    error, _transport.RemoteEndPoint, exchange.Handler.Key, exchange.Context.Version);
                break;
        }

        lock (_gate)
        {
            exchange.FailReason = reason;
            exchange.IsDone = true;
        }
    }

    /// <summary>Sends every answer that is ready and whose turn it is. Whoever finds one first sends for all.</summary>
    async ValueTask DrainAsync()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_isSending || !_queue.TryPeek(out var head) || !head.IsDone) return;
                _isSending = true;
                while (_queue.TryPeek(out head) && head.IsDone) _batch.Add(_queue.Dequeue());
            }

            try
            {
                await SendBatchAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or System.Net.Sockets.SocketException)
            {
                Abort(e.Message);
            }
            catch (InvalidOperationException e)
            {
                // An answer that its version cannot carry: a mistake of ours.
                var head = _batch[0];
                _context.Logger.HandlerFailed(e, _transport.RemoteEndPoint, head.Handler.Key, head.Context.Version);
                Abort(e.Message);
            }
            catch (Exception e)
            {
                _context.Logger.ConnectionFailed(e, _transport.RemoteEndPoint);
                Abort(e.Message);
            }

            Release();
        }
    }

    async ValueTask SendBatchAsync()
    {
        if (Volatile.Read(ref _abortReason) is not null) return;
        string? fail = null;
        _writer.Reset();
        foreach (var exchange in _batch)
        {
            fail = exchange.FailReason;
            if (fail is not null) break;
            if (exchange.Answer is null) continue;
            var version = RequestRouter.AnswerVersion(exchange.Handler, exchange.Context.Version);
            Frame.WriteResponse(
                _writer,
                exchange.Handler.Key,
                exchange.Answer,
                version,
                exchange.Context.Header.CorrelationId,
                exchange.Handler.IsFlexible(version));
        }

        if (_writer.Length > 0)
        {
            // Answers that are ready are sent also while the broker stops: no token.
            await _transport.SendAsync(_writer.Segments, CancellationToken.None).ConfigureAwait(false);
            Volatile.Write(ref _lastActivity, _context.Time.GetTimestamp());
            _context.Metrics.Sent(_writer.Length);
        }

        // Nothing more is sent, and the reader stops: the connection ends once all is accounted for.
        if (fail is null) return;
        lock (_gate) _abortReason ??= fail;
        await _closed.CancelAsync().ConfigureAwait(false);
    }

    void Release()
    {
        foreach (var exchange in _batch)
        {
            exchange.Frame.Release();
            exchange.Context.ReleaseKept();
        }

        TaskCompletionSource? room;
        bool isDrained;
        lock (_gate)
        {
            foreach (var exchange in _batch) _activeBytes -= exchange.Bytes;
            _active -= _batch.Count;
            _batch.Clear();
            _isSending = false;
            room = _room;
            _room = null;
            isDrained = _active == 0 && !_isReading;
        }

        room?.TrySetResult();
        if (isDrained) _drained.TrySetResult();
    }

    sealed class Exchange(RequestHandler handler, SharedBuffer frame, int bytes, RequestContext context)
    {
        public RequestHandler Handler { get; } = handler;

        public SharedBuffer Frame { get; } = frame;

        public long Bytes { get; set; } = bytes; // guarded by _gate

        public RequestContext Context { get; } = context;

        public long BeganAt { get; set; }

        public IMessage? Answer { get; set; }

        public string? FailReason { get; set; }

        public bool IsDone { get; set; }
    }
}
