using Millrace.Broker.Storage;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Log;

/// <summary>One file of batches with its two indexes. The last one of a log is active: appended to under the log's
/// append lock. All others are sealed. Readers need no lock.</summary>
sealed class Segment : IDisposable
{
    readonly LogContext _context;
    readonly string _directory;
    readonly Lock _loading = new();
    readonly ReadHint?[] _hints = new ReadHint?[4];
    Indexes? _indexes; // null: sealed, in files, not read yet
    int _size;
    int _isUsed; // 1: the indexes were used since the last look
    int _nextHint;
    int _sinceIndexEntry; // append lock
    long _maxTimestamp = -1; // append lock; of a segment that was found sealed: -1 until somebody asked
    long _maxTimestampOffset = -1;

    /// <summary>Opens the file; takes ownership of it.</summary>
    /// <param name="context">What all logs share.</param>
    /// <param name="directory">The partition's directory.</param>
    /// <param name="baseOffset">The first offset.</param>
    /// <param name="file">The .log file.</param>
    /// <param name="createdMs">When, for segment.ms of a segment without timestamps.</param>
    /// <param name="isNew">True for an empty one: its indexes start empty, in memory.</param>
    public Segment(LogContext context, string directory, long baseOffset, IFile file, long createdMs, bool isNew)
    {
        _context = context;
        _directory = directory;
        BaseOffset = baseOffset;
        File = file;
        CreatedMs = createdMs;
        _size = checked((int)file.Length);
        if (isNew)
            _indexes = new Indexes(new OffsetIndex(baseOffset), new TimeIndex(baseOffset));
    }

    public long BaseOffset { get; }

    public IFile File { get; }

    public long CreatedMs { get; }

    /// <summary>Bytes of whole batches in the file.</summary>
    public int Size => Volatile.Read(ref _size);

    /// <summary>Greatest timestamp of the first batch, or -1: what segment.ms counts from.</summary>
    public long FirstTimestamp { get; private set; } = -1;

    public bool IsSealed { get; private set; }

    /// <summary>Its index files and snapshot are written and flushed, or were found so.</summary>
    public bool IsSaved { get; set; }

    /// <summary>The producers' state at its end, taken when it was sealed, until it is saved.</summary>
    public byte[]? EndSnapshot { get; private set; }

    /// <summary>First offset of the next segment; set when sealed.</summary>
    public long EndOffset { get; private set; }

    public string PathOf(string suffix) => Path.Combine(_directory, LogFiles.Name(BaseOffset, suffix));

    /// <summary>The greatest timestamp and the last offset of the batch that has it; -1 and the base offset when
    /// empty.</summary>
    public (long Timestamp, long Offset) MaxTimestamp
    {
        get
        {
            var noted = Volatile.Read(ref _maxTimestamp);
            // Of a sealed segment it is final: its indexes need not stay in memory for that.
            if (IsSealed && noted >= 0)
                return (noted, Volatile.Read(ref _maxTimestampOffset));
            var last = Load().Time.Last;
            if (noted > last.Timestamp)
                return (noted, Volatile.Read(ref _maxTimestampOffset));
            if (IsSealed)
            {
                Volatile.Write(ref _maxTimestampOffset, last.Offset);
                Volatile.Write(ref _maxTimestamp, last.Timestamp);
            }
            return last;
        }
    }

    /// <summary>True when one more entry would make an index larger than segment.index.bytes.</summary>
    public bool IsIndexFull(LogConfig config)
    {
        var indexes = Load();
        return indexes.Offsets.Count >= config.SegmentIndexBytes / OffsetIndex.EntrySize
            || indexes.Time.Count >= config.SegmentIndexBytes / TimeIndex.EntrySize;
    }

    /// <summary>Notes a batch that stands at a position: indexes and timestamps. Append lock held, or while
    /// loading.</summary>
    public void Note(long lastOffset, long maxTimestamp, int position, int size, int indexIntervalBytes)
    {
        if (FirstTimestamp < 0)
            FirstTimestamp = maxTimestamp;
        if (maxTimestamp > _maxTimestamp)
        {
            Volatile.Write(ref _maxTimestampOffset, lastOffset);
            Volatile.Write(ref _maxTimestamp, maxTimestamp);
        }
        if (_sinceIndexEntry > indexIntervalBytes)
        {
            var indexes = Load();
            indexes.Offsets.Append(lastOffset, position);
            indexes.Time.Append(_maxTimestamp, _maxTimestampOffset);
            _sinceIndexEntry = 0;
        }
        _sinceIndexEntry += size;
    }

    /// <summary>Publishes that batches up to here may be read.</summary>
    public void Publish(int size) => Volatile.Write(ref _size, size);

    /// <summary>No more appends: the time index gets its last entry. Append lock held.</summary>
    public void Seal(long endOffset, byte[]? snapshot)
    {
        CompleteTimeIndex();
        EndOffset = endOffset;
        EndSnapshot = snapshot;
        IsSealed = true;
    }

    /// <summary>Marks a segment that was found on disk as sealed.</summary>
    public void SealFound(long endOffset)
    {
        EndOffset = endOffset;
        IsSealed = true;
        IsSaved = true;
    }

    public void CompleteTimeIndex()
    {
        if (_maxTimestamp >= 0)
            Load().Time.Append(_maxTimestamp, _maxTimestampOffset);
    }

    /// <summary>Writes and flushes the index files. They are caches: when the disk is full they are left out.</summary>
    public void SaveIndexes()
    {
        var indexes = Load();
        try
        {
            Save(PathOf(LogFiles.IndexSuffix), indexes.Offsets.ToBytes());
            Save(PathOf(LogFiles.TimeIndexSuffix), indexes.Time.ToBytes());
        }
        catch (StorageException e) when (e.Error == StorageError.Full)
        {
            // Half an index is worse than none: the missing ones are made again from the log.
            _context.Files.DeleteFile(PathOf(LogFiles.IndexSuffix));
            _context.Files.DeleteFile(PathOf(LogFiles.TimeIndexSuffix));
        }
    }

    public void SnapshotSaved() => EndSnapshot = null;

    /// <summary>Finds the batch that contains the offset, or the first one after it.</summary>
    /// <returns>Position -1 when all batches end below the offset. Size 0: not known.</returns>
    public (int Position, int Size) Locate(long offset)
    {
        var size = Size;
        foreach (var hint in _hints)
        {
            if (hint is not null && hint.Offset == offset && hint.Position < size)
                return (hint.Position, 0);
        }
        using var scanner = new BatchScanner(
            File, _context.Pool, _context.Limits.LocateBufferBytes, Load().Offsets.Floor(offset), size);
        while (scanner.MoveNext())
        {
            if (scanner.Header.LastOffset >= offset)
                return (scanner.Position, scanner.NextPosition - scanner.Position);
        }
        return scanner.Fault == BatchFault.None
            ? (-1, 0)
            : throw Damaged(scanner.NextPosition, scanner.Fault);
    }

    /// <summary>Remembers where a batch starts: the next read of a consumer mostly begins where its last one
    /// ended.</summary>
    public void Hint(long offset, int position) =>
        _hints[Interlocked.Increment(ref _nextHint) & 3] = new ReadHint(offset, position);

    /// <summary>Where to start looking for a timestamp: every batch that ends below this position is older.</summary>
    public int FloorOfTimestamp(long timestamp)
    {
        var indexes = Load();
        return indexes.Offsets.Floor(indexes.Time.Floor(timestamp));
    }

    /// <summary>Sets the indexes of a segment that was found on disk: from its files if they can be right, else from
    /// the log.</summary>
    /// <param name="rebuild">Do not look at the files.</param>
    /// <param name="indexIntervalBytes">For rebuilding.</param>
    public void LoadIndexes(bool rebuild, int indexIntervalBytes)
    {
        lock (_loading)
        {
            if (!rebuild && TryReadIndexes() is { } found)
                Volatile.Write(ref _indexes, found);
            else
                Rebuild(indexIntervalBytes);
        }
    }

    /// <summary>Starts the indexes anew, for a caller that scans the segment and calls <see cref="Note"/>.</summary>
    public void ResetIndexes()
    {
        Volatile.Write(ref _indexes, new Indexes(new OffsetIndex(BaseOffset), new TimeIndex(BaseOffset)));
        _sinceIndexEntry = 0;
        _maxTimestamp = _maxTimestampOffset = FirstTimestamp = -1;
    }

    /// <summary>Position of the last index entry: where to look for the end of a segment whose indexes are
    /// trusted.</summary>
    public int LastIndexedPosition(long offset) => Load().Offsets.Floor(offset);

    /// <summary>Takes over what the time index knows, before the rest is scanned.</summary>
    public void ContinueFromIndexes(long firstTimestamp)
    {
        (_maxTimestamp, _maxTimestampOffset) = Load().Time.Last;
        FirstTimestamp = firstTimestamp;
    }

    /// <summary>Reads the timestamp of the first batch from the file.</summary>
    public long ReadFirstTimestamp()
    {
        using var scanner = new BatchScanner(File, _context.Pool, RecordBatchHeader.Size, 0, Size);
        return scanner.MoveNext() ? scanner.Header.MaxTimestamp : -1;
    }

    /// <summary>Drops the indexes of a sealed, saved segment from memory when nobody has used them since the last call;
    /// they are read again when needed. Without it a broker would end up holding the indexes of everything ever
    /// read.</summary>
    public void UnloadIdleIndexes()
    {
        if (!IsSealed || !IsSaved || Interlocked.Exchange(ref _isUsed, 0) == 1)
            return;
        lock (_loading)
            Volatile.Write(ref _indexes, null);
    }

    public void Dispose() => File.Dispose();

    public StorageException Damaged(int position, BatchFault fault) =>
        new(StorageError.Damaged, PathOf(LogFiles.LogSuffix),
        $"'{PathOf(LogFiles.LogSuffix)}' is damaged at byte {position}: {fault.Text()}.");

    Indexes Load()
    {
        if (_isUsed == 0)
            Volatile.Write(ref _isUsed, 1);
        if (Volatile.Read(ref _indexes) is { } present)
            return present;
        lock (_loading)
        {
            if (_indexes is null)
            {
                if (TryReadIndexes() is { } found)
                    Volatile.Write(ref _indexes, found);
                else
                    Rebuild(LogConfig.Default.IndexIntervalBytes);
            }
            return _indexes!;
        }
    }

    Indexes? TryReadIndexes()
    {
        try
        {
            return ReadIndexes();
        }
        catch (StorageException e) when (e.Error == StorageError.NotFound)
        {
            // Retention renamed them between two looks.
            return null;
        }
    }

    Indexes? ReadIndexes()
    {
        var limit = _context.Limits.MaxSmallFileBytes;
        return LogFiles.ReadAll(_context.Files, PathOf(LogFiles.IndexSuffix), limit) is { } offsets
            && LogFiles.ReadAll(_context.Files, PathOf(LogFiles.TimeIndexSuffix), limit) is { } times
            && OffsetIndex.TryParse(BaseOffset, offsets, Size) is { } offsetIndex
            && TimeIndex.TryParse(BaseOffset, times) is { } timeIndex
            // A segment with batches has at least the last entry, which sealing writes.
            && (timeIndex.Count > 0 || Size == 0)
            ? new Indexes(offsetIndex, timeIndex)
            : null;
    }

    // Both are made in full before they are published: a reader may be looking.
    void Rebuild(int indexIntervalBytes)
    {
        var offsets = new OffsetIndex(BaseOffset);
        var times = new TimeIndex(BaseOffset);
        var (maxTimestamp, maxOffset, since) = (-1L, -1L, 0);
        using var scanner = new BatchScanner(File, _context.Pool, _context.Limits.ScanBufferBytes, 0, Size);
        while (scanner.MoveNext())
        {
            ref readonly var header = ref scanner.Header;
            if (header.MaxTimestamp > maxTimestamp)
                (maxTimestamp, maxOffset) = (header.MaxTimestamp, header.LastOffset);
            if (since > indexIntervalBytes)
            {
                offsets.Append(header.LastOffset, scanner.Position);
                times.Append(maxTimestamp, maxOffset);
                since = 0;
            }
            since += scanner.NextPosition - scanner.Position;
        }
        if (maxTimestamp >= 0)
            times.Append(maxTimestamp, maxOffset);
        Volatile.Write(ref _indexes, new Indexes(offsets, times));
    }

    void Save(string path, byte[] content)
    {
        using var file = _context.Files.Open(path, FileOpening.Any);
        file.SetLength(0);
        file.Write(content, 0);
        file.Flush();
    }

    sealed record Indexes(OffsetIndex Offsets, TimeIndex Time);

    sealed record ReadHint(long Offset, int Position);
}
