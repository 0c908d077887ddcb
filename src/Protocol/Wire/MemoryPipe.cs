using System.Threading.Tasks.Sources;

namespace Millrace.Protocol.Wire;

/// <summary>One direction of an in-process connection: a bounded ring of bytes with one reader and one writer. A
/// waiting reader is served straight from the writer's segments; a writer that finds the ring full leaves its segments
/// parked, and the reader takes from them. So a large send is copied once, and a small one never waits for a
/// reader.</summary>
sealed class MemoryPipe(BufferPool pool, int capacity)
{
    readonly Lock _gate = new();
    readonly Completion _read = new();
    readonly Completion _write = new();

    // All of the following: guarded by _gate.
    byte[]? _ring;
    int _head;
    int _count;
    Memory<byte> _wanted;
    bool _isReading;
    IReadOnlyList<ReadOnlyMemory<byte>>? _parked;
    int _parkedIndex;
    int _parkedStart;
    CancellationToken _readToken;
    CancellationToken _writeToken;
    CancellationTokenRegistration _readRegistration;
    CancellationTokenRegistration _writeRegistration;
    bool _writerClosed;
    bool _readerClosed;
    bool _aborted;

    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_aborted || _readerClosed)
            {
                throw Closed();
            }

            if (_isReading)
            {
                throw new InvalidOperationException("A connection has one reader at a time.");
            }

            if (_count > 0 || _parked is not null)
            {
                var taken = TakeBuffered(buffer.Span);
                FinishParkedIfItFits();
                return new ValueTask<int>(taken);
            }

            if (_writerClosed)
            {
                return new ValueTask<int>(0);
            }

            _wanted = buffer;
            _isReading = true;
            var pending = _read.StartWithResult();
            if (cancellation.CanBeCanceled)
            {
                _readToken = cancellation;
                _readRegistration = cancellation.UnsafeRegister(static pipe => ((MemoryPipe)pipe!).CancelRead(), this);
            }

            return pending;
        }
    }

    public ValueTask WriteAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_aborted || _writerClosed || _readerClosed)
            {
                throw Closed();
            }

            if (_parked is not null)
            {
                throw new InvalidOperationException("A connection has one writer at a time.");
            }

            _parked = segments;
            _parkedIndex = 0;
            _parkedStart = 0;
            SkipEmpty();
            if (_isReading && _parked is not null)
            {
                FinishRead(TakeParked(_wanted.Span), null);
            }

            if (_parked is null || TryBufferParked())
            {
                return default;
            }

            var pending = _write.Start();
            if (cancellation.CanBeCanceled)
            {
                _writeToken = cancellation;
                _writeRegistration = cancellation.UnsafeRegister(
                    static pipe => ((MemoryPipe)pipe!).CancelWrite(), this);
            }

            return pending;
        }
    }

    /// <summary>The writer's end is done: the reader gets what is there, then 0.</summary>
    public void CloseWriter()
    {
        lock (_gate)
        {
            _writerClosed = true;
            FailWrite(Closed());
            if (_isReading)
            {
                FinishRead(0, null);
            }

            ReleaseRingIfDone();
        }
    }

    /// <summary>The reader's end is gone: what is there is dropped, writes fail.</summary>
    public void CloseReader()
    {
        lock (_gate)
        {
            _readerClosed = true;
            _count = 0;
            FailWrite(Closed());
            FinishRead(0, Closed());
            ReleaseRingIfDone();
        }
    }

    /// <summary>Both ends fail from now on.</summary>
    public void Abort()
    {
        lock (_gate)
        {
            _aborted = true;
            _count = 0;
            FailWrite(Closed());
            FinishRead(0, Closed());
            ReleaseRingIfDone();
        }
    }

    static IOException Closed() => new("The in-process connection is closed.");

    void CancelRead()
    {
        lock (_gate)
        {
            // A late call of an earlier read's token finds another token here.
            if (_isReading && _readToken.IsCancellationRequested)
            {
                FinishRead(0, new OperationCanceledException(_readToken));
            }
        }
    }

    void CancelWrite()
    {
        lock (_gate)
        {
            // A part may have been read: the stream is broken, as with a socket. A late call of an earlier write's
            // token finds another token here, or none.
            if (_parked is not null && _writeToken.IsCancellationRequested)
            {
                FailWrite(new OperationCanceledException(_writeToken));
                Abort();
            }
        }
    }

    int TakeBuffered(Span<byte> destination)
    {
        var taken = 0;
        while (_count > 0 && taken < destination.Length)
        {
            var piece = Math.Min(Math.Min(_count, _ring!.Length - _head), destination.Length - taken);
            _ring.AsSpan(_head, piece).CopyTo(destination[taken..]);
            taken += piece;
            _count -= piece;
            _head = _head + piece == _ring.Length ? 0 : _head + piece;
        }

        if (_count == 0)
        {
            _head = 0;
            ReleaseRingIfDone();
            if (_parked is not null)
            {
                taken += TakeParked(destination[taken..]);
                if (_parked is null)
                {
                    FinishWrite(null);
                }
            }
        }

        return taken;
    }

    int TakeParked(Span<byte> destination)
    {
        var taken = 0;
        while (_parked is not null && taken < destination.Length)
        {
            var segment = _parked[_parkedIndex].Span[_parkedStart..];
            var piece = Math.Min(segment.Length, destination.Length - taken);
            segment[..piece].CopyTo(destination[taken..]);
            taken += piece;
            _parkedStart += piece;
            SkipEmpty();
        }

        return taken;
    }

    // Leaves _parked null once nothing is left of it.
    void SkipEmpty()
    {
        while (_parkedIndex < _parked!.Count && _parkedStart == _parked[_parkedIndex].Length)
        {
            _parkedIndex++;
            _parkedStart = 0;
        }

        if (_parkedIndex == _parked.Count)
        {
            _parked = null;
        }
    }

    void FinishParkedIfItFits()
    {
        if (_parked is not null && TryBufferParked())
        {
            FinishWrite(null);
        }
    }

    // All or nothing: what does not fit stays with the writer and is copied once, by the reader.
    bool TryBufferParked()
    {
        var size = -(long)_parkedStart;
        for (var i = _parkedIndex; i < _parked!.Count; i++)
        {
            size += _parked[i].Length;
        }

        if (size > capacity - _count)
        {
            return false;
        }

        _ring ??= pool.Rent(capacity);
        while (_parked is not null)
        {
            var tail = _head + _count;
            tail = tail >= _ring.Length ? tail - _ring.Length : tail;
            var room = _ring.AsSpan(tail, Math.Min(_ring.Length - tail, _ring.Length - _count));
            _count += TakeParked(room);
        }

        return true;
    }

    void FinishRead(int result, Exception? error)
    {
        if (_isReading)
        {
            _isReading = false;
            _wanted = default;
            _readRegistration.Unregister();
            _readToken = default;
            _read.Finish(result, error);
        }
    }

    void FailWrite(Exception error)
    {
        if (_parked is not null)
        {
            _parked = null;
            FinishWrite(error);
        }
    }

    void FinishWrite(Exception? error)
    {
        _writeRegistration.Unregister();
        _writeToken = default;
        _write.Finish(0, error);
    }

    void ReleaseRingIfDone()
    {
        if (_ring is not null && _count == 0 && (_writerClosed || _readerClosed || _aborted))
        {
            pool.Return(_ring);
            _ring = null;
        }
    }

    /// <summary>What a waiting caller awaits; used again for each operation. Continuations never run inside the pipe's
    /// lock.</summary>
    sealed class Completion : IValueTaskSource<int>, IValueTaskSource
    {
        ManualResetValueTaskSourceCore<int> _core = new() { RunContinuationsAsynchronously = true };

        public ValueTask<int> StartWithResult()
        {
            _core.Reset();
            return new ValueTask<int>(this, _core.Version);
        }

        public ValueTask Start()
        {
            _core.Reset();
            return new ValueTask(this, _core.Version);
        }

        public void Finish(int result, Exception? error)
        {
            if (error is null)
            {
                _core.SetResult(result);
            }
            else
            {
                _core.SetException(error);
            }
        }

        public int GetResult(short token) => _core.GetResult(token);

        void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);
    }
}
