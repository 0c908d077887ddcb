using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Log;

/// <summary>What <see cref="LogLoader"/> found in a partition's directory.</summary>
readonly record struct LoadedLog(
    TopicPartition Partition,
    Guid TopicId,
    string Directory,
    LogConfig Config,
    Segment[] Segments,
    ProducerStates Producers,
    LeaderEpochs Epochs,
    long StartOffset,
    long EndOffset,
    long FlushedOffset,
    bool IsDirectoryDirty);

/// <summary>What the start of a data directory knows of a partition before it is opened.</summary>
/// <param name="IsClean">The last stop was clean: nothing needs to be read again.</param>
/// <param name="RecoveryPoint">Below it everything was flushed.</param>
/// <param name="StartOffset">The log starts there, or later.</param>
/// <param name="NowMs">The time.</param>
readonly record struct LoadHints(bool IsClean, long RecoveryPoint, long StartOffset, long NowMs);

/// <summary>Opens a partition's log, repairing it after a crash. The .log bytes are the truth; everything else is a
/// cache or has a checksum. Whatever a torn write left behind is cut off, never refused.</summary>
sealed class LogLoader
{
    readonly LogContext _context;
    readonly TopicPartition _partition;
    readonly string _directory;
    readonly LogConfig _config;
    readonly LoadHints _hints;
    readonly List<Segment> _segments = [];
    readonly ProducerStates _producers = new();
    LeaderEpochs _epochs = new();
    long _endOffset;
    bool _isClean;
    bool _isChanged; // files were cut, removed or made
    long _scannedBytes;

    LogLoader(LogContext context, TopicPartition partition, string directory, LogConfig config, LoadHints hints)
    {
        _context = context;
        _partition = partition;
        _directory = directory;
        _config = config;
        _hints = hints;
        _isClean = hints.IsClean;
    }

    /// <summary>Opens the log in a directory, which must be there (it may be empty).</summary>
    /// <exception cref="StorageException">The directory cannot be read or written.</exception>
    public static PartitionLog Open(LogContext context, TopicPartition partition, Guid topicId, string directory,
        LogConfig config, LoadHints hints)
    {
        var loader = new LogLoader(context, partition, directory, config, hints);
        try
        {
            return new PartitionLog(context, loader.Load(topicId));
        }
        catch
        {
            foreach (var segment in loader._segments)
                segment.Dispose();
            throw;
        }
    }

    LoadedLog Load(Guid topicId)
    {
        CleanUp();
        OpenSegments();
        _epochs = LeaderEpochs.Load(_context.Files, _directory, _context.Limits);
        if (_isClean)
            TrustLast();
        else
            Recover();
        var startOffset = Math.Max(_hints.StartOffset, _segments.Count == 0 ? 0 : _segments[0].BaseOffset);
        if (_segments.Count == 0 || startOffset > _endOffset)
            StartEmpty(Math.Max(startOffset, 0));
        RebuildProducers();
        if (_epochs.IsEmpty)
            RebuildEpochs();
        _epochs.Truncate(_endOffset);
        var isNews = _epochs.IsEmpty
            ? _epochs.Begin(0, _endOffset)
            : !_isClean && _epochs.Begin(_epochs.Latest + 1, _endOffset);
        if (isNews)
            _epochs.Save(_context.Files, _directory, _context.IsDurable);
        FlushRecovered();
        return new LoadedLog(_partition, topicId, _directory, _config, [.. _segments], _producers, _epochs,
            Math.Min(startOffset, _endOffset), _endOffset, _endOffset, IsDirectoryDirty: false);
    }

    // Deletes what a deletion or a compaction left half done; finishes a swap (Kafka's order: .cleaned, .swap, plain).
    void CleanUp()
    {
        foreach (var (name, isDirectory, _) in _context.Files.List(_directory))
        {
            if (isDirectory)
                continue;
            var path = Path.Combine(_directory, name);
            if (name.EndsWith(LogFiles.DeletedSuffix, StringComparison.Ordinal)
                || name.EndsWith(LogFiles.CleanedSuffix, StringComparison.Ordinal)
                || name.EndsWith(".tmp", StringComparison.Ordinal))
            {
                _context.Files.DeleteFile(path);
                _isChanged = true;
            }
        }
        foreach (var (name, _, _) in _context.Files.List(_directory))
        {
            if (name.EndsWith(LogFiles.LogSuffix + LogFiles.SwapSuffix, StringComparison.Ordinal))
                FinishSwap(name[..^LogFiles.SwapSuffix.Length]);
        }
        foreach (var (name, _, _) in _context.Files.List(_directory))
        {
            // Indexes of a swap whose log was renamed already: they are made again.
            if (name.EndsWith(LogFiles.SwapSuffix, StringComparison.Ordinal))
                _context.Files.DeleteFile(Path.Combine(_directory, name));
        }
    }

    // A .swap is complete by construction (it was flushed before it got its name). It replaces every segment whose
    // offsets it covers, some of which may be gone already.
    void FinishSwap(string logName)
    {
        _isChanged = true;
        var swap = Path.Combine(_directory, logName + LogFiles.SwapSuffix);
        if (!LogFiles.TryParse(logName, LogFiles.LogSuffix, out var baseOffset))
        {
            _context.Files.DeleteFile(swap);
            return;
        }
        var lastOffset = baseOffset;
        using (var file = _context.Files.Open(swap, FileOpening.Existing))
        using (var scanner = new BatchScanner(
            file, _context.Pool, _context.Limits.ScanBufferBytes, 0, checked((int)file.Length)))
        {
            while (scanner.MoveNext())
                lastOffset = scanner.Header.LastOffset;
        }
        foreach (var (name, _, _) in _context.Files.List(_directory))
        {
            if (LogFiles.TryParse(name, LogFiles.LogSuffix, out var covered) && covered >= baseOffset
                && covered <= lastOffset)
                DeleteSegmentFiles(covered);
        }
        _context.Files.Rename(swap, Path.Combine(_directory, logName));
    }

    void OpenSegments()
    {
        foreach (var (name, isDirectory, length) in _context.Files.List(_directory))
        {
            if (isDirectory || !LogFiles.TryParse(name, LogFiles.LogSuffix, out var baseOffset))
                continue;
            if (length > int.MaxValue)
            {
                throw new StorageException(StorageError.Damaged, name,
                    $"'{Path.Combine(_directory, name)}' has {length} bytes, more than a segment can have.");
            }
            var file = _context.Files.Open(Path.Combine(_directory, name), FileOpening.Existing);
            _segments.Add(new Segment(_context, _directory, baseOffset, file, _hints.NowMs, isNew: false));
        }
        // Wholly below the start: DeleteRecords or retention released them, only the deletion did not come to pass.
        while (_segments.Count > 1 && _segments[1].BaseOffset <= _hints.StartOffset)
            Drop(0);
        DeleteOrphans();
    }

    // Indexes whose log is gone.
    void DeleteOrphans()
    {
        foreach (var (name, _, _) in _context.Files.List(_directory))
        {
            var isIndex = LogFiles.TryParse(name, LogFiles.IndexSuffix, out var offset)
                || LogFiles.TryParse(name, LogFiles.TimeIndexSuffix, out offset)
                || LogFiles.TryParse(name, LogFiles.TransactionIndexSuffix, out offset);
            if (isIndex && !_segments.Exists(s => s.BaseOffset == offset))
                _context.Files.DeleteFile(Path.Combine(_directory, name));
        }
    }

    // After a clean stop only the end is unknown: the last index entry leads close to it.
    void TrustLast()
    {
        SealAllButLast();
        if (_segments.Count == 0)
            return;
        var last = _segments[^1];
        last.LoadIndexes(rebuild: false, _config.IndexIntervalBytes);
        last.ContinueFromIndexes(last.ReadFirstTimestamp());
        _endOffset = last.BaseOffset;
        using var scanner = new BatchScanner(last.File, _context.Pool, _context.Limits.LocateBufferBytes,
            last.LastIndexedPosition(long.MaxValue), last.Size);
        while (scanner.MoveNext())
            _endOffset = scanner.Header.NextOffset;
        if (scanner.Fault == BatchFault.None)
            return;
        // The stop was not so clean after all.
        _isClean = false;
        Recover();
    }

    // Reads every segment that may hold unflushed bytes; cuts at the first bad one; drops what lies behind the cut.
    void Recover()
    {
        var from = _segments.FindLastIndex(s => s.BaseOffset <= _hints.RecoveryPoint);
        from = Math.Max(from, 0);
        _endOffset = from < _segments.Count ? _segments[from].BaseOffset : 0;
        for (var i = from; i < _segments.Count; i++)
        {
            // A segment begins where the one before ended, or the one before lost its end.
            if (i > from && _segments[i].BaseOffset != _endOffset)
            {
                while (_segments.Count > i)
                    Drop(_segments.Count - 1);
                break;
            }
            if (!Scan(_segments[i]))
            {
                while (_segments.Count > i + 1)
                    Drop(_segments.Count - 1);
            }
        }
        SealAllButLast();
        foreach (var segment in _segments.Skip(from).SkipLast(1))
        {
            segment.CompleteTimeIndex();
            segment.File.Flush();
            segment.SaveIndexes();
        }
        if (_scannedBytes > 0)
            LogMessages.Recovered(_context.Logger, _partition.Topic, _partition.Partition, _endOffset, _scannedBytes);
    }

    // False when the segment was cut.
    bool Scan(Segment segment)
    {
        segment.ResetIndexes();
        using var scanner = new BatchScanner(segment.File, _context.Pool, _context.Limits.ScanBufferBytes, 0,
            segment.Size);
        var end = 0;
        var fault = BatchFault.None;
        while (scanner.MoveNext(whole: true))
        {
            ref readonly var header = ref scanner.Header;
            fault = RecordBatch.Validate(scanner.Bytes.Span);
            if (fault == BatchFault.None
                && (header.BaseOffset < _endOffset || header.LastOffset - segment.BaseOffset > int.MaxValue))
            {
                fault = BatchFault.BadOffsetDelta;
            }
            if (fault != BatchFault.None)
                break;
            end = scanner.NextPosition;
            _endOffset = header.NextOffset;
            segment.Note(header.LastOffset, header.MaxTimestamp, scanner.Position, end - scanner.Position,
                _config.IndexIntervalBytes);
            _epochs.Begin(header.PartitionLeaderEpoch, header.BaseOffset);
        }
        _scannedBytes += end;
        if (end == segment.Size)
            return true;
        LogMessages.TailCut(_context.Logger, _partition.Topic, _partition.Partition, segment.Size - end, _endOffset,
            (fault != BatchFault.None ? fault : scanner.Fault).Text());
        segment.File.SetLength(end);
        segment.Publish(end);
        _isChanged = true;
        return false;
    }

    void SealAllButLast()
    {
        for (var i = 0; i + 1 < _segments.Count; i++)
        {
            if (!_segments[i].IsSealed)
                _segments[i].SealFound(_segments[i + 1].BaseOffset);
        }
    }

    void StartEmpty(long offset)
    {
        while (_segments.Count > 0)
            Drop(0);
        var path = Path.Combine(_directory, LogFiles.Name(offset, LogFiles.LogSuffix));
        var file = _context.Files.Open(path, FileOpening.Any);
        file.SetLength(0);
        _segments.Add(new Segment(_context, _directory, offset, file, _hints.NowMs, isNew: true));
        _endOffset = offset;
        _isChanged = true;
    }

    // The newest sound snapshot at or below the end, then the headers from there on.
    void RebuildProducers()
    {
        var snapshots = new List<long>();
        foreach (var (name, _, _) in _context.Files.List(_directory))
        {
            if (!LogFiles.TryParse(name, LogFiles.SnapshotSuffix, out var offset))
                continue;
            if (offset > _endOffset || offset < _segments[0].BaseOffset)
                _context.Files.DeleteFile(Path.Combine(_directory, name));
            else
                snapshots.Add(offset);
        }
        _producers.Reset(_segments[0].BaseOffset);
        var isFound = false;
        foreach (var offset in snapshots.OrderDescending())
        {
            var path = Path.Combine(_directory, LogFiles.Name(offset, LogFiles.SnapshotSuffix));
            if (isFound)
            {
                // One within a segment was left by an earlier clean stop: no start will need it.
                if (!_segments.Exists(s => s.BaseOffset == offset))
                    _context.Files.DeleteFile(path);
                continue;
            }
            var bytes = LogFiles.ReadAll(_context.Files, path, _context.Limits.MaxSmallFileBytes);
            if (bytes is not null && ProducerSnapshot.TryRead(bytes) is { } producers)
            {
                _producers.Reset(offset);
                foreach (var producer in producers)
                    _producers.Restore(producer);
                isFound = true;
                continue;
            }
            _context.Files.DeleteFile(path);
        }
        var from = _producers.NextOffset;
        foreach (var segment in _segments)
        {
            if (segment.IsSealed && segment.EndOffset <= from)
                continue;
            using var scanner = new BatchScanner(
                segment.File, _context.Pool, _context.Limits.ScanBufferBytes, segment.LastIndexedPosition(from),
                    segment.Size);
            while (scanner.MoveNext())
            {
                if (scanner.Header.BaseOffset >= from)
                    _producers.Take(scanner.Header, scanner.Header.BaseOffset, _hints.NowMs);
            }
        }
    }

    // The file is missing or damaged: every batch says which epoch it is of.
    void RebuildEpochs()
    {
        foreach (var segment in _segments)
        {
            using var scanner = new BatchScanner(
                segment.File, _context.Pool, _context.Limits.ScanBufferBytes, 0, segment.Size);
            while (scanner.MoveNext())
                _epochs.Begin(scanner.Header.PartitionLeaderEpoch, scanner.Header.BaseOffset);
        }
    }

    // What is served from now on must not vanish with the power: also what the last process wrote but did not flush.
    void FlushRecovered()
    {
        if (!_isClean)
            _segments[^1].File.Flush();
        if ((_isChanged || !_isClean) && _context.IsDurable)
            _context.Files.FlushDirectory(_directory);
    }

    void Drop(int index)
    {
        var segment = _segments[index];
        _segments.RemoveAt(index);
        segment.Dispose();
        DeleteSegmentFiles(segment.BaseOffset);
        _isChanged = true;
    }

    void DeleteSegmentFiles(long baseOffset)
    {
        foreach (var suffix in (ReadOnlySpan<string>)[LogFiles.IndexSuffix, LogFiles.TimeIndexSuffix,
            LogFiles.TransactionIndexSuffix, LogFiles.LogSuffix])
        {
            _context.Files.DeleteFile(Path.Combine(_directory, LogFiles.Name(baseOffset, suffix)));
        }
    }
}
