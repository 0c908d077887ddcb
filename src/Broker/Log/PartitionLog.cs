using Millrace.Protocol;

namespace Millrace.Broker.Log;

/// <summary>The log of one partition: segments, indexes, producers' state, offsets. Knows nothing of requests.
/// Appends run one at a time under a short lock; reads need none. Opened by <see cref="LogLoader"/>.
/// PartitionLog.Append.cs, .Read.cs and .Maintenance.cs hold the verbs.</summary>
/// <remarks>Lock order: _flushLock, then _appendLock. Waiters are woken with no lock held.</remarks>
sealed partial class PartitionLog
{
    readonly LogContext _context;
    readonly string _directory;
    readonly Lock _appendLock = new();
    readonly Lock _flushLock = new();
    readonly LogSignal _signal;
    readonly ProducerStates _producers; // _appendLock
    readonly LeaderEpochs _epochs; // its own lock
    readonly List<RetiredSegment> _retired = []; // _appendLock

    Segment[] _segments; // replaced as a whole under _appendLock; never empty
    long _startOffset; // written under _appendLock, read without
    long _endOffset;
    long _highWatermark;
    long _lastStableOffset;
    long _flushedOffset; // below it all is on the medium, indexes included; _appendLock
    long _size; // bytes of all segments but the active one; _appendLock
    LogConfig _config;
    int _fault;
    int _isQueued; // 1: waits for the committer
    bool _isDirectoryDirty; // a file was created or renamed since the directory was flushed; _appendLock
    bool _isClosed; // _appendLock

    public PartitionLog(LogContext context, in LoadedLog loaded)
    {
        _context = context;
        Partition = loaded.Partition;
        TopicId = loaded.TopicId;
        _directory = loaded.Directory;
        _config = loaded.Config;
        _segments = loaded.Segments;
        _producers = loaded.Producers;
        _epochs = loaded.Epochs;
        _signal = new LogSignal(this);
        _startOffset = loaded.StartOffset;
        _endOffset = loaded.EndOffset;
        _flushedOffset = loaded.FlushedOffset;
        _size = loaded.Segments.Sum(static s => (long)s.Size) - loaded.Segments[^1].Size;
        _isDirectoryDirty = loaded.IsDirectoryDirty;
        lock (_appendLock)
            Advance(IsGroup ? loaded.FlushedOffset : loaded.EndOffset);
    }

    public TopicPartition Partition { get; }

    public Guid TopicId { get; }

    /// <summary>None while the log works; KafkaStorageError after a failure that put it offline (it stays so until the
    /// broker is started again), UnknownTopicOrPartition after it was deleted or closed.</summary>
    public ErrorCode Fault => (ErrorCode)Volatile.Read(ref _fault);

    public LogConfig Config
    {
        get => Volatile.Read(ref _config);
        set => Volatile.Write(ref _config, value);
    }

    public long StartOffset => Volatile.Read(ref _startOffset);

    public long EndOffset => Volatile.Read(ref _endOffset);

    /// <summary>With <see cref="FlushMode.Group"/> what is flushed, else the end offset.</summary>
    public long HighWatermark => Volatile.Read(ref _highWatermark);

    /// <summary>Below it every transaction is decided: the first offset of the oldest open one, or the high
    /// watermark.</summary>
    public long LastStableOffset => Volatile.Read(ref _lastStableOffset);

    /// <summary>Below it everything is on the medium, indexes included; recovery after a crash starts here. At most the
    /// high watermark.</summary>
    public long FlushedOffset
    {
        get
        {
            lock (_appendLock)
                return _flushedOffset;
        }
    }

    /// <summary>Epoch stamped into appended batches. Rises when a crash may have cost data that was served, so that
    /// clients notice (KIP-320).</summary>
    public int LeaderEpoch => _epochs.Latest;

    /// <summary>Bytes of all segments.</summary>
    public long Size
    {
        get
        {
            lock (_appendLock)
                return _size + _segments[^1].Size;
        }
    }

    public int SegmentCount => Volatile.Read(ref _segments).Length;

    bool IsGroup => _context.Flush.Mode == FlushMode.Group;

    Segment Active => _segments[^1];

    /// <summary>All offsets of one moment, in an order that keeps them consistent: each is read before what bounds
    /// it.</summary>
    public LogBounds Bounds()
    {
        var lastStable = LastStableOffset;
        var highWatermark = HighWatermark;
        var end = EndOffset;
        return new LogBounds(StartOffset, lastStable, highWatermark, end);
    }

    public long Bound(ReadIsolation isolation) => isolation switch
    {
        ReadIsolation.EndOffset => EndOffset,
        ReadIsolation.HighWatermark => HighWatermark,
        _ => LastStableOffset,
    };

    /// <summary>Registers a waiter. False when its offset is passed already (or the log is offline): it is not
    /// registered and will not be woken.</summary>
    public bool AddWaiter(LogWaiter waiter) => _signal.Add(waiter);

    /// <summary>True if the waiter was registered: it will not be woken any more. False: it was woken, or is
    /// being.</summary>
    public bool RemoveWaiter(LogWaiter waiter) => _signal.Remove(waiter);

    /// <summary>Completes when everything below an offset is as safe as the flush policy promises: at once unless the
    /// policy is
    /// <see cref="FlushMode.Group"/>. The result is None or the log's <see cref="Fault"/>.</summary>
    /// <param name="endOffset"><see cref="AppendResult.EndOffset"/>.</param>
    public ValueTask<ErrorCode> WhenDurable(long endOffset)
    {
        if (HighWatermark >= endOffset)
            return new ValueTask<ErrorCode>(ErrorCode.None);
        var waiter = new AwaitableWaiter { Bound = ReadIsolation.HighWatermark, Beyond = endOffset - 1 };
        return _signal.Add(waiter) ? new ValueTask<ErrorCode>(waiter.Task) : new ValueTask<ErrorCode>(Fault);
    }

    /// <summary>End offset of the greatest epoch that is at most the given one (OffsetForLeaderEpoch); -1, -1 when
    /// unknown.</summary>
    public (int Epoch, long EndOffset) EndOffsetOfEpoch(int epoch) => _epochs.EndOffsetOf(epoch, EndOffset);

    /// <summary>The producers known here, for DescribeProducers.</summary>
    public List<ProducerInfo> Producers()
    {
        lock (_appendLock)
        {
            return
            [
                .. _producers.All.OrderBy(static p => p.ProducerId)
                    .Select(static p => new ProducerInfo(p.ProducerId, p.Epoch,
                    p.LastSequence, p.LastTimestampMs, p.CoordinatorEpoch, p.TransactionStart)),
            ];
        }
    }

    public override string ToString() => $"{Partition} [{StartOffset}, {EndOffset})";

    // Publishes a high watermark and what follows from it. Append lock held.
    void Advance(long highWatermark)
    {
        if (highWatermark > _highWatermark)
        {
            _producers.HighWatermarkIs(highWatermark);
            Volatile.Write(ref _highWatermark, highWatermark);
        }
        var stable = Math.Min(_producers.FirstUnstableOffset, _highWatermark);
        if (stable != _lastStableOffset)
            Volatile.Write(ref _lastStableOffset, stable);
    }

    // The one place where a log goes offline: nothing is retried, because after a failed write or flush nobody knows
    // what the medium holds.
    void Fail(Exception e)
    {
        if (Interlocked.CompareExchange(ref _fault, (int)ErrorCode.KafkaStorageError, 0) == 0)
            LogMessages.LogOffline(_context.Logger, e, Partition.Topic, Partition.Partition);
        _signal.Publish();
    }

    // Asks the committer for a pass over this log.
    void RequestFlush(bool now)
    {
        if (Interlocked.Exchange(ref _isQueued, 1) == 0)
            _context.Committer.Enqueue(this, now);
        else if (now && _context.Flush.Mode == FlushMode.Interval)
            _context.Committer.Wake();
    }

    readonly record struct RetiredSegment(Segment Segment, long DeleteAtMs);
}
