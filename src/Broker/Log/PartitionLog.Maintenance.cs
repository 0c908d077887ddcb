using Millrace.Broker.Storage;
using Millrace.Protocol;

namespace Millrace.Broker.Log;

sealed partial class PartitionLog
{
    /// <summary>Flushes what is due: sealed segments always, the active segment unless the policy is
    /// <see cref="FlushMode.Os"/>; publishes; then writes the indexes and snapshots of sealed segments, which nobody
    /// waits for. For the committer; a failure puts the log offline.</summary>
    public void Flush()
    {
        Volatile.Write(ref _isQueued, 0);
        FlushTo(withActive: _context.Flush.Mode is FlushMode.Group or FlushMode.Interval);
    }

    /// <summary>Makes everything below an offset go away: the log starts there. Whole segments below it go with the
    /// next
    /// <see cref="Tick"/>.</summary>
    /// <param name="offset">The new start, at most the high watermark; -1 for the high watermark
    /// (DeleteRecords).</param>
    /// <returns>None, OffsetOutOfRange, or the log's fault.</returns>
    /// <remarks>Durable once the start offsets are written, see <see cref="LogManager.DeleteRecords"/>.</remarks>
    public ErrorCode DeleteRecordsBefore(long offset)
    {
        lock (_appendLock)
        {
            if (Fault != ErrorCode.None)
                return Fault;
            if (offset == -1)
                offset = _highWatermark;
            if (offset < 0 || offset > _highWatermark)
                return ErrorCode.OffsetOutOfRange;
            if (offset > _startOffset)
                Volatile.Write(ref _startOffset, offset);
            return ErrorCode.None;
        }
    }

    /// <summary>Retention by time and size, segments below the start offset, expiry of producers, and the removal of
    /// files whose delay is over.</summary>
    public void Tick(long nowMs)
    {
        if (Fault != ErrorCode.None)
            return;
        try
        {
            // Not while a flush writes the files of a segment that goes now.
            lock (_flushLock)
                Maintain(nowMs, Config);
            // Large files take their time to go: nobody needs to wait for that.
            RemoveRetired(nowMs);
        }
        catch (StorageException e)
        {
            // What could not be deleted now is deleted next time, or at the next start.
            LogMessages.MaintenanceFailed(_context.Logger, e, Partition.Topic, Partition.Partition);
        }
    }

    /// <summary>Closes the files. A clean close flushes everything first and leaves a snapshot, so that the next start
    /// reads nothing again.</summary>
    /// <param name="clean">False to drop everything, as for a topic that is deleted.</param>
    /// <returns>True if the next start may trust what is there.</returns>
    public bool Close(bool clean)
    {
        if (clean && Fault == ErrorCode.None)
        {
            FlushTo(withActive: true);
            clean = Fault == ErrorCode.None && SaveForCleanStart();
        }
        else
        {
            clean = false;
        }
        // After a flush that runs: it must not meet files that are being renamed or closed.
        lock (_flushLock)
        {
            lock (_appendLock)
                CloseFiles();
        }
        _signal.Publish();
        return clean;
    }

    // Flush lock held.
    void Maintain(long nowMs, LogConfig config)
    {
        List<Segment> retired;
        bool rolled;
        // Looks at what is looked at below with the lock held: an index that has to be read is read here.
        CountDeletable(Volatile.Read(ref _segments), Size, nowMs, config);
        lock (_appendLock)
        {
            if (_isClosed)
                return;
            _producers.Expire(nowMs, _context.Limits);
            rolled = RollIfExpired(nowMs, config);
            retired = TakeDeletable(nowMs, config);
        }
        foreach (var segment in retired)
            Retire(segment, nowMs, config);
        if (rolled)
            RequestFlush(now: true);
        foreach (var segment in Volatile.Read(ref _segments))
            segment.UnloadIdleIndexes();
    }

    // Both locks held.
    void CloseFiles()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        Interlocked.CompareExchange(ref _fault, (int)ErrorCode.UnknownTopicOrPartition, 0);
        foreach (var segment in _segments)
            segment.Dispose();
        foreach (var retired in _retired)
            retired.Segment.Dispose();
        _retired.Clear();
    }

    void FlushTo(bool withActive)
    {
        lock (_flushLock)
        {
            Segment[] segments;
            ArraySegment<Segment> completed;
            long target;
            bool directory;
            lock (_appendLock)
            {
                if (Fault != ErrorCode.None || _isClosed)
                    return;
                var from = Math.Max(0, IndexOf(_segments, _flushedOffset));
                while (from > 0 && !_segments[from - 1].IsSaved)
                    from--;
                segments = _segments[from..(withActive ? _segments.Length : _segments.Length - 1)];
                // What was sealed by now: one that is sealed while its file is flushed has an end that is not.
                completed = new ArraySegment<Segment>(segments, 0, segments.Length - (withActive ? 1 : 0));
                target = withActive ? _endOffset : Active.BaseOffset;
                directory = _isDirectoryDirty;
                // An append that came after the log left the queue and before this look was covered by that flush:
                // whoever comes now shall not wait for one that flushes nothing.
                if (target <= _flushedOffset && !directory && completed.All(static s => s.IsSaved))
                    return;
                _isDirectoryDirty = false;
            }
            try
            {
                foreach (var segment in segments)
                {
                    if (!segment.IsSaved)
                        FlushFile(segment);
                }
                if (directory && _context.IsDurable)
                    _context.Files.FlushDirectory(_directory);
                if (IsGroup)
                    Release(target);
                Save(completed);
            }
            catch (Exception e)
            {
                // Also a mistake of ours: the committer has other logs to flush.
                Fail(e);
                return;
            }
            lock (_appendLock)
                _flushedOffset = Math.Max(_flushedOffset, target);
        }
    }

    // The records are on the medium: they may be acknowledged and read.
    void Release(long flushedOffset)
    {
        lock (_appendLock)
            Advance(flushedOffset);
        _signal.Publish();
    }

    static void FlushFile(Segment segment)
    {
        try
        {
            segment.File.Flush();
        }
        catch (ObjectDisposedException)
        {
            // Retention closed it meanwhile: there is nothing left to keep.
        }
    }

    // What saves the next start from reading sealed segments again.
    void Save(ArraySegment<Segment> completed)
    {
        var isChanged = false;
        foreach (var segment in completed)
        {
            if (!segment.IsSaved)
                isChanged |= Save(segment);
        }
        if (isChanged && _context.IsDurable)
            _context.Files.FlushDirectory(_directory);
    }

    // False when retention closed the segment meanwhile.
    bool Save(Segment segment)
    {
        try
        {
            if (segment.EndSnapshot is { } snapshot)
            {
                SaveSnapshot(segment.EndOffset, snapshot);
                segment.SnapshotSaved();
            }
            segment.SaveIndexes();
            segment.IsSaved = true;
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    // A snapshot only saves time at the next start: no space for it is no reason to stop.
    bool SaveSnapshot(long offset, byte[] snapshot)
    {
        var path = Path.Combine(_directory, LogFiles.Name(offset, LogFiles.SnapshotSuffix));
        try
        {
            using var file = _context.Files.Open(path, FileOpening.Any);
            file.SetLength(0);
            file.Write(snapshot, 0);
            file.Flush();
            return true;
        }
        catch (StorageException e) when (e.Error == StorageError.Full)
        {
            _context.Files.DeleteFile(path);
            return false;
        }
    }

    bool SaveForCleanStart()
    {
        try
        {
            byte[] snapshot;
            long end;
            lock (_appendLock)
            {
                Active.CompleteTimeIndex();
                Active.SaveIndexes();
                snapshot = ProducerSnapshot.Write(_producers);
                end = _endOffset;
            }
            var saved = SaveSnapshot(end, snapshot);
            _context.Files.FlushDirectory(_directory);
            return saved;
        }
        catch (StorageException e)
        {
            Fail(e);
            return false;
        }
    }

    // An active segment of which every record is expired is sealed first, so that it can go. Append lock held.
    bool RollIfExpired(long nowMs, LogConfig config)
    {
        if (!config.IsDeleting || Active.Size == 0 || !IsExpired(Active, nowMs, config) || _highWatermark < _endOffset)
            return false;
        Roll(nowMs);
        return true;
    }

    // Takes segments off the front of the list that retention or the start offset releases. Append lock held.
    List<Segment> TakeDeletable(long nowMs, LogConfig config)
    {
        var taken = _segments[..CountDeletable(_segments, _size + Active.Size, nowMs, config)].ToList();
        if (taken.Count == 0)
            return taken;
        Volatile.Write(ref _startOffset, Math.Max(_startOffset, taken[^1].EndOffset));
        Volatile.Write(ref _segments, _segments[taken.Count..]);
        _size -= taken.Sum(static s => (long)s.Size);
        _isDirectoryDirty = true;
        return taken;
    }

    int CountDeletable(Segment[] segments, long total, long nowMs, LogConfig config)
    {
        var count = 0;
        foreach (var segment in segments.AsSpan(0, segments.Length - 1))
        {
            // Never what a consumer could still be promised: only below the high watermark.
            if (segment.EndOffset > HighWatermark)
                break;
            var isBelowStart = segment.EndOffset <= StartOffset;
            var isTooMuch = config.IsDeleting && config.RetentionBytes >= 0
                && total - segment.Size >= config.RetentionBytes;
            if (!isBelowStart && !isTooMuch && !(config.IsDeleting && IsExpired(segment, nowMs, config)))
                break;
            total -= segment.Size;
            count++;
        }
        return count;
    }

    static bool IsExpired(Segment segment, long nowMs, LogConfig config)
    {
        if (config.RetentionMs < 0)
            return false;
        var newest = segment.MaxTimestamp.Timestamp;
        return nowMs - (newest >= 0 ? newest : segment.CreatedMs) > config.RetentionMs;
    }

    // The files get another name at once and go after a delay: slow readers may have them open.
    void Retire(Segment segment, long nowMs, LogConfig config)
    {
        foreach (var suffix in RetiredSuffixes)
        {
            var path = segment.PathOf(suffix);
            if (_context.Files.FileExists(path))
                _context.Files.Rename(path, path + LogFiles.DeletedSuffix);
        }
        // The snapshot at its end stays for the segments behind; the one at its start serves nobody.
        _context.Files.DeleteFile(segment.PathOf(LogFiles.SnapshotSuffix));
        LogMessages.SegmentDeleted(_context.Logger, Partition.Topic, Partition.Partition, segment.BaseOffset,
            segment.EndOffset);
        lock (_appendLock)
        {
            if (_isClosed)
                segment.Dispose();
            else
                _retired.Add(new RetiredSegment(segment, nowMs + config.FileDeleteDelayMs));
        }
    }

    void RemoveRetired(long nowMs)
    {
        List<RetiredSegment> due;
        lock (_appendLock)
        {
            due = _retired.FindAll(r => r.DeleteAtMs <= nowMs);
            _retired.RemoveAll(r => r.DeleteAtMs <= nowMs);
        }
        foreach (var (segment, _) in due)
        {
            segment.Dispose();
            foreach (var suffix in RetiredSuffixes)
                _context.Files.DeleteFile(segment.PathOf(suffix) + LogFiles.DeletedSuffix);
        }
    }

    static readonly string[] RetiredSuffixes =
        [LogFiles.LogSuffix, LogFiles.IndexSuffix, LogFiles.TimeIndexSuffix, LogFiles.TransactionIndexSuffix];
}
