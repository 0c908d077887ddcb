using Microsoft.Extensions.Logging;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Net;

/// <summary>
/// One connection to one broker. Requests are pipelined: written in the order of <see cref="Send"/>, answered in the
/// same
/// order (Kafka promises it), matched by correlation id. A request that is not answered in time closes the
/// connection, and
/// everything in flight on it fails as "maybe processed"; a cancelled caller only leaves his answer behind.
/// </summary>
/// <remarks>Whoever sends while nobody writes becomes the writer and takes along what others add meanwhile, so that
/// requests
/// queued together leave in one system call. One loop reads.</remarks>
sealed partial class BrokerConnection : IDisposable
{
    // As many frames leave with one system call at most: below the kernel's 1024 segments with room for borrowed ones.
    const int MaxFramesPerWrite = 64;

    readonly record struct OutgoingFrame(WireWriter Writer, PendingRequest Request);

    readonly ITransportConnection _transport;
    readonly ClientOptions _options;
    readonly ClientRuntime _runtime;
    readonly ILogger _logger;
    readonly Action _onSlow;
    readonly ITimer _timer;
    readonly CancellationTokenSource _closing = new();
    readonly Lock _gate = new();
    readonly Queue<PendingRequest> _inFlight = new();      // guarded by _gate; in the order of sending
    readonly Queue<OutgoingFrame> _outgoing = new();       // guarded by _gate
    readonly List<OutgoingFrame> _writing = [];            // the writer's own
    readonly List<ReadOnlyMemory<byte>> _segments = [];    // the writer's own
    bool _isWriting;                                       // guarded by _gate
    volatile bool _isSlow;                                 // written under _gate
    bool _isFailed;                                        // guarded by _gate; set once pending requests were told
    KafkaConnectionException? _closedBy;                   // guarded by _gate for writing
    long _lastUsedMs;                                      // guarded by _gate
    long _timerDueMs = long.MaxValue;                      // guarded by _gate
    long _holdUntilMs;                                     // guarded by _gate; throttle
    WireWriter? _spare;                                    // for the next request; taken and put back with one exchange
    int _correlationId;
    Task _reader = Task.CompletedTask;                     // set once, before anybody else knows the connection
    Task _writer = Task.CompletedTask;                     // guarded by _gate; the writer that runs, or the last one

    BrokerConnection(ITransportConnection transport, string broker, ClientOptions options, ClientRuntime runtime,
        ILogger logger, Action onSlow)
    {
        _onSlow = onSlow;
        _transport = transport;
        Broker = broker;
        _options = options;
        _runtime = runtime;
        _logger = logger;
        _lastUsedMs = runtime.NowMs();
        _timer = runtime.TimeProvider.CreateTimer(
            static state => ((BrokerConnection)state!).OnTimer(), this, Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
    }

    /// <summary>The broker's address and id, for logs and errors.</summary>
    public string Broker { get; }

    /// <summary>What the other end speaks.</summary>
    public ApiVersionTable Versions { get; private set; } = new(null);

    public bool IsOpen => Volatile.Read(ref _closedBy) is null;

    /// <summary>The oldest request has waited longer than the broker should need. It may hang, or its host may be gone
    /// without closing the connection.</summary>
    public bool IsSlow => _isSlow;

    /// <summary>Requests written or waiting to be written.</summary>
    public int InFlight
    {
        get
        {
            lock (_gate)
            {
                return _inFlight.Count;
            }
        }
    }

    /// <summary>After <see cref="Close"/>: completes when nothing of this connection runs any more and its buffers are
    /// back in the pool. Never fails.</summary>
    public Task Ended
    {
        get
        {
            lock (_gate)
            {
                return Task.WhenAll(_reader, _writer);
            }
        }
    }

    /// <summary>Queues a request. Its callbacks tell how it went.</summary>
    /// <exception cref="KafkaConnectionException">The connection is closed already; nothing was sent, and no callback
    /// will come.</exception>
    /// <exception cref="InvalidOperationException">The version cannot carry a field that is set.</exception>
    public void Send<TRequest, TResponse>(TRequest request, PendingRequest pending, TimeSpan timeout)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        pending.CorrelationId = Interlocked.Increment(ref _correlationId) & int.MaxValue;
        var writer = Interlocked.Exchange(ref _spare, null) ?? new WireWriter(_runtime.BufferPool);
        try
        {
            Frame.WriteRequest<TRequest, TResponse>(
                writer, request, pending.Version, pending.CorrelationId, _options.ClientId);
            Enqueue(new OutgoingFrame(writer, pending), (long)timeout.TotalMilliseconds);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Closes. Everything in flight fails, as soon as the network no longer reads what it borrowed.</summary>
    public void Close(KafkaConnectionException reason)
    {
        lock (_gate)
        {
            if (_closedBy is not null)
            {
                return;
            }
            Volatile.Write(ref _closedBy, reason);
        }
        _transport.Abort();
        _timer.Dispose();
        _closing.Cancel();
        FailPending();
    }

    public void Dispose() =>
        Close(new KafkaConnectionException($"The connection to {Broker} was closed by this client."));

    /// <summary>Obeys a throttle time: nothing is written until it is over, and deadlines move by as much.</summary>
    public void HoldFor(int throttleMs)
    {
        if (throttleMs <= 0)
        {
            return;
        }
        LogMessages.Throttled(_logger, Broker, throttleMs);
        lock (_gate)
        {
            _holdUntilMs = Math.Max(_holdUntilMs, _runtime.NowMs() + throttleMs);
            foreach (var request in _inFlight)
            {
                request.DeadlineMs += throttleMs;
                request.SlowAtMs += throttleMs;
            }
        }
    }

    void Enqueue(OutgoingFrame frame, long timeoutMs)
    {
        var now = _runtime.NowMs();
        lock (_gate)
        {
            if (_closedBy is { } closed)
            {
                throw new KafkaConnectionException(closed.Message, closed, closed.IsTransient);
            }
            frame.Request.DeadlineMs = Math.Max(now, _holdUntilMs) + timeoutMs;
            // What a request may take beyond the usual is what the broker may hold it: a long poll, a waiting join.
            var heldMs = Math.Max(0, timeoutMs - (long)_options.RequestTimeout.TotalMilliseconds);
            frame.Request.SlowAtMs = Math.Max(now, _holdUntilMs) + heldMs + (long)_options.SlowAfter.TotalMilliseconds;
            _lastUsedMs = now;
            if (frame.Request.ExpectsResponse)
            {
                _inFlight.Enqueue(frame.Request);
                ArmTimer(now, Math.Min(frame.Request.SlowAtMs, frame.Request.DeadlineMs));
            }
            _outgoing.Enqueue(frame);
            if (_isWriting)
            {
                return;
            }
            _isWriting = true;
        }
        var writer = WriteAllAsync();
        lock (_gate)
        {
            // A writer that came after this one and still runs is the one to wait for.
            _writer = _writer.IsCompleted ? writer : Task.WhenAll(_writer, writer);
        }
    }

    async Task WriteAllAsync()
    {
        while (TakeOutgoing(out var hold))
        {
            try
            {
                if (hold > 0)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(hold), _runtime.TimeProvider, _closing.Token)
                        .ConfigureAwait(false);
                }
                await _transport.SendAsync(_segments, _closing.Token).ConfigureAwait(false);
                AfterWrite();
            }
            catch (Exception e)
            {
                AfterWrite(e);
            }
        }
        FailPending();
    }

    /// <summary>Takes the next frames to write; false, and this writer is done, when there are none.</summary>
    bool TakeOutgoing(out long holdMs)
    {
        lock (_gate)
        {
            holdMs = Math.Max(0, _holdUntilMs - (_holdUntilMs == 0 ? 0 : _runtime.NowMs()));
            if (_closedBy is not null || _outgoing.Count == 0)
            {
                _isWriting = false;
                return false;
            }
            while (_writing.Count < MaxFramesPerWrite && _outgoing.TryDequeue(out var frame))
            {
                frame.Request.IsWritten = true;
                _writing.Add(frame);
                _segments.AddRange(frame.Writer.Segments);
            }
            return true;
        }
    }

    void AfterWrite(Exception? error = null)
    {
        var failure = error is null ? null : Wrap(error);
        if (failure is not null)
        {
            Close(failure);
        }
        foreach (var (writer, request) in _writing)
        {
            Keep(writer);
            if (request.ExpectsResponse)
            {
                continue;
            }
            if (failure is null)
            {
                request.OnWritten();
            }
            else
            {
                request.OnFailed(Failure());
            }
        }
        _writing.Clear();
        _segments.Clear();
    }

    // One writer is kept with its chunk: a request at a time then allocates none.
    void Keep(WireWriter writer)
    {
        writer.Reset();
        Interlocked.Exchange(ref _spare, writer)?.Dispose();
        if (!IsOpen)
        {
            Interlocked.Exchange(ref _spare, null)?.Dispose();
        }
    }

    /// <summary>Tells every pending request that no answer will come. Waits for the writer, because requests lend it
    /// their bytes.</summary>
    void FailPending()
    {
        PendingRequest[] pending;
        lock (_gate)
        {
            if (_closedBy is null || _isWriting || _isFailed)
            {
                return;
            }
            _isFailed = true;
            Interlocked.Exchange(ref _spare, null)?.Dispose();
            pending = [.. _inFlight,
                .. _outgoing.Where(static f => !f.Request.ExpectsResponse).Select(static f => f.Request)];
            _inFlight.Clear();
            while (_outgoing.TryDequeue(out var frame))
            {
                frame.Writer.Dispose();
            }
        }
        LogMessages.ConnectionClosed(_logger, Broker, pending.Length, _closedBy!.Message);
        foreach (var request in pending)
        {
            request.OnFailed(new KafkaConnectionException(
                _closedBy.Message, _closedBy.InnerException, _closedBy.IsTransient, request.IsWritten));
        }
    }

    KafkaConnectionException Failure() =>
        new(_closedBy!.Message, _closedBy.InnerException, _closedBy.IsTransient, maybeProcessed: true);

    KafkaConnectionException Wrap(Exception error) => error as KafkaConnectionException
        ?? new KafkaConnectionException($"The connection to {Broker} broke: {error.Message}", error);

    // Under _gate. One timer per connection: it is moved only when something is due earlier than it stands.
    void ArmTimer(long now, long dueMs)
    {
        if (dueMs < _timerDueMs)
        {
            _timerDueMs = dueMs;
            _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, dueMs - now)), Timeout.InfiniteTimeSpan);
        }
    }

    void OnTimer()
    {
        var now = _runtime.NowMs();
        KafkaConnectionException? reason = null;
        PendingRequest? slow = null;
        lock (_gate)
        {
            _timerDueMs = long.MaxValue;
            if (_closedBy is not null)
            {
                return;
            }
            var due = _lastUsedMs + (long)_options.ConnectionMaxIdle.TotalMilliseconds;
            PendingRequest? late = null;
            if (_inFlight.TryPeek(out var oldest))
            {
                slow = NoteSlow(oldest, now);
                due = oldest.SlowAtMs;
                foreach (var request in _inFlight)
                {
                    due = Math.Min(due, request.DeadlineMs);
                    late ??= request.DeadlineMs <= now ? request : null;
                }
            }
            if (due > now)
            {
                ArmTimer(now, due);
            }
            else
            {
                reason = late is null
                    ? new KafkaConnectionException($"The connection to {Broker} was closed because it was idle.")
                    : new KafkaConnectionException(
                        $"{Broker} did not answer {late.ApiKey} in time; the connection was closed.");
            }
        }
        if (reason is not null)
        {
            Close(reason);
        }
        else if (slow is not null)
        {
            LogMessages.Slow(_logger, Broker, slow.ApiKey);
            _onSlow();
        }
    }

    // Under _gate. The oldest request alone: those behind it wait for its answer. Said again and again while it waits,
    // because the cluster may take longer than this client to find that the broker is gone.
    PendingRequest? NoteSlow(PendingRequest oldest, long now)
    {
        if (oldest.SlowAtMs > now)
        {
            return null;
        }
        oldest.SlowAtMs = now + (long)_options.SlowAfter.TotalMilliseconds;
        _isSlow = true;
        return oldest;
    }
}
