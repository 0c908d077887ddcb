using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Log;

sealed partial class PartitionLog
{
    /// <summary>Reads whole batches, starting with the one that contains the offset, from one segment.</summary>
    /// <param name="offset">From where.</param>
    /// <param name="maxBytes">At most so many bytes…</param>
    /// <param name="minOneBatch">…but the first batch even if it is larger (KIP-74).</param>
    /// <param name="isolation">How far the reader may see.</param>
    /// <returns>The caller owes one <see cref="LogRead.Release"/>.</returns>
    public LogRead Read(long offset, int maxBytes, bool minOneBatch, ReadIsolation isolation)
    {
        while (true)
        {
            // Bounds before segments: every offset below the bounds is then in the list.
            var bounds = Bounds();
            var segments = Volatile.Read(ref _segments);
            if (Fault != ErrorCode.None)
                return new LogRead(Fault, null, default, bounds);
            if (offset < bounds.StartOffset || offset > bounds.EndOffset)
                return new LogRead(ErrorCode.OffsetOutOfRange, null, default, bounds);
            var limit = Limit(bounds, isolation);
            if (offset >= limit || (maxBytes <= 0 && !minOneBatch))
                return new LogRead(ErrorCode.None, null, default, bounds);
            try
            {
                for (var i = IndexOf(segments, offset); i >= 0 && i < segments.Length; i++)
                {
                    var (position, size) = segments[i].Locate(offset);
                    // Compaction may have emptied the end of a segment: the next one goes on.
                    if (position < 0)
                        continue;
                    var owner = ReadBatches(segments[i], position, size, maxBytes, minOneBatch, offset, limit,
                        out var records);
                    return new LogRead(ErrorCode.None, owner, records, bounds);
                }
                // The start moves before the list does: a reader that met the new list looks again and finds itself
                // outside.
                if (segments == Volatile.Read(ref _segments) && offset >= StartOffset)
                    return new LogRead(ErrorCode.None, null, default, bounds);
            }
            catch (ObjectDisposedException) when (Fault != ErrorCode.None || segments != Volatile.Read(ref _segments))
            {
                // The segment was deleted under us: look again where the log starts now.
            }
            catch (StorageException e)
            {
                LogMessages.ReadFailed(_context.Logger, e, Partition.Topic, Partition.Partition, offset);
                return new LogRead(ErrorCode.KafkaStorageError, null, default, bounds);
            }
        }
    }

    /// <summary>Bytes that a read from an offset could give, at most <paramref name="enough"/>; from positions, nothing
    /// is read. Exact at batch ends, else up to one index interval too much.</summary>
    public long AvailableBytes(long offset, ReadIsolation isolation, long enough = long.MaxValue)
    {
        var bounds = Bounds();
        var segments = Volatile.Read(ref _segments);
        var limit = Limit(bounds, isolation);
        if (Fault != ErrorCode.None || offset < bounds.StartOffset || offset >= limit)
            return 0;
        try
        {
            var first = IndexOf(segments, offset);
            if (first < 0)
                return 0;
            var position = segments[first].Locate(offset).Position;
            var bytes = position < 0 ? 0L : segments[first].Size - position;
            for (var i = first + 1; i < segments.Length && bytes < enough && segments[i].BaseOffset < limit; i++)
                bytes += segments[i].Size;
            // With everything visible the segment ends where the limit is; else find the limit.
            if (limit < bounds.EndOffset && bytes < enough)
            {
                var last = IndexOf(segments, limit);
                var end = segments[last].Locate(limit).Position;
                if (end >= 0)
                    bytes -= segments[last].Size - end;
            }
            return Math.Min(bytes, enough);
        }
        catch (Exception e) when (e is ObjectDisposedException or StorageException)
        {
            // Deleted under us or unreadable: the read itself will say so.
            return 0;
        }
    }

    /// <summary>The first record at or after a time (ListOffsets with a timestamp), record for record, decompressing as
    /// needed.</summary>
    /// <exception cref="StorageException">The log could not be read, or is damaged there.</exception>
    public TimestampedOffset OffsetOfTimestamp(long timestampMs, ReadIsolation isolation) =>
        Search(segments => OffsetOfTimestamp(segments, timestampMs, isolation));

    TimestampedOffset OffsetOfTimestamp(Segment[] segments, long timestampMs, ReadIsolation isolation)
    {
        var bounds = Bounds();
        var limit = Limit(bounds, isolation);
        foreach (var segment in segments)
        {
            if (segment.MaxTimestamp.Timestamp < timestampMs || segment.Size == 0)
                continue;
            using var scanner = new BatchScanner(segment.File, _context.Pool, _context.Limits.ScanBufferBytes,
                segment.FloorOfTimestamp(timestampMs), segment.Size);
            while (scanner.MoveNext() && scanner.Header.BaseOffset < limit)
            {
                if (scanner.Header.MaxTimestamp < timestampMs || scanner.Header.LastOffset < bounds.StartOffset)
                    continue;
                if (Search(segment, scanner, timestampMs, Math.Max(bounds.StartOffset, 0)) is { } found)
                    return found.Offset < limit ? found : TimestampedOffset.None;
            }
            if (scanner.Fault != BatchFault.None)
                throw segment.Damaged(scanner.NextPosition, scanner.Fault);
        }
        return TimestampedOffset.None;
    }

    /// <summary>The record with the greatest timestamp (ListOffsets -3, KIP-734); none in an empty log.</summary>
    /// <exception cref="StorageException">The log could not be read, or is damaged there.</exception>
    public TimestampedOffset OffsetOfMaxTimestamp() => Search(OffsetOfMaxTimestamp);

    TimestampedOffset OffsetOfMaxTimestamp(Segment[] segments)
    {
        Segment? best = null;
        foreach (var segment in segments)
        {
            if (segment.Size > 0 && (best is null || segment.MaxTimestamp.Timestamp > best.MaxTimestamp.Timestamp))
                best = segment;
        }
        var (timestamp, offset) = best?.MaxTimestamp ?? (-1, -1);
        if (best is null || timestamp < 0)
            return TimestampedOffset.None;
        var (position, _) = best.Locate(offset);
        if (position < 0)
            return TimestampedOffset.None;
        using var scanner = new BatchScanner(best.File, _context.Pool, _context.Limits.ScanBufferBytes, position,
            best.Size);
        return scanner.MoveNext() && Search(best, scanner, timestamp, StartOffset) is { } found
            ? found
            : TimestampedOffset.None;
    }

    // Searches again when retention closed a segment meanwhile.
    TimestampedOffset Search(Func<Segment[], TimestampedOffset> search)
    {
        while (true)
        {
            var segments = Volatile.Read(ref _segments);
            if (Fault != ErrorCode.None)
            {
                throw new StorageException(StorageError.Failed, _directory, Fault == ErrorCode.KafkaStorageError
                    ? $"{Partition} is offline."
                    : $"{Partition} was deleted.");
            }
            try
            {
                return search(segments);
            }
            catch (ObjectDisposedException) when (Fault != ErrorCode.None || segments != Volatile.Read(ref _segments))
            {
            }
        }
    }

    static long Limit(in LogBounds bounds, ReadIsolation isolation) => isolation switch
    {
        ReadIsolation.EndOffset => bounds.EndOffset,
        ReadIsolation.HighWatermark => bounds.HighWatermark,
        _ => bounds.LastStableOffset,
    };

    // The last segment whose base offset is at most the offset; -1 when all lie above.
    static int IndexOf(Segment[] segments, long offset)
    {
        // Most reads are at the tail.
        if (segments[^1].BaseOffset <= offset)
            return segments.Length - 1;
        var low = 0;
        var high = segments.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (segments[middle].BaseOffset <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    // Fills a shared buffer with the batches from a position on; null (and no records) when not even one fits.
    SharedBuffer? ReadBatches(Segment segment, int position, int firstSize, int maxBytes, bool minOneBatch, long offset,
        long limit, out ReadOnlyMemory<byte> records)
    {
        var available = segment.Size - position;
        var wanted = Math.Min(available, Math.Max(maxBytes, RecordBatchHeader.Size));
        if (firstSize > wanted)
            wanted = firstSize;
        while (true)
        {
            records = default;
            if (firstSize > maxBytes && !minOneBatch)
                return null;
            var owner = new SharedBuffer(_context.Pool, wanted);
            var keep = false;
            try
            {
                var got = segment.File.Read(owner.Memory.Span, position);
                var end = WholeBatches(owner.Memory.Span[..got], offset, limit, maxBytes, out var next, out firstSize,
                    out var fault);
                if (fault != BatchFault.None)
                    throw segment.Damaged(position + end, fault);
                if (end > 0 && (end <= maxBytes || minOneBatch))
                {
                    keep = true;
                    segment.Hint(next, position + end);
                    records = owner.Memory[..end];
                    return owner;
                }
                if (firstSize <= wanted || !minOneBatch)
                    return null;
                if (firstSize > available)
                    throw segment.Damaged(position, BatchFault.SizeMismatch);
                wanted = firstSize;
            }
            finally
            {
                if (!keep)
                    owner.Release();
            }
        }
    }

    // How many bytes whole batches take: the first one however large, then up to the limits. Also checks that what was
    // found is what was looked for.
    static int WholeBatches(ReadOnlySpan<byte> bytes, long offset, long limit, int maxBytes, out long next,
        out int firstSize,
        out BatchFault fault)
    {
        var reader = new BatchReader(bytes);
        var end = 0;
        next = offset;
        firstSize = 0;
        fault = BatchFault.None;
        while (reader.MoveNext() && reader.Current.BaseOffset < limit && (end == 0 || reader.Position <= maxBytes))
        {
            if (reader.Current.NextOffset <= next)
            {
                fault = BatchFault.BadOffsetDelta;
                return end;
            }
            next = reader.Current.NextOffset;
            end = reader.Position;
            if (firstSize == 0)
                firstSize = end;
        }
        if (end == 0)
        {
            firstSize = reader.TruncatedSize;
            fault = reader.Fault;
        }
        return end;
    }

    // The first record of the scanner's batch at or after a time and an offset.
    TimestampedOffset? Search(Segment segment, BatchScanner scanner, long timestampMs, long fromOffset)
    {
        var header = scanner.Header;
        using var whole = new BatchScanner(segment.File, _context.Pool, scanner.NextPosition - scanner.Position,
            scanner.Position, scanner.NextPosition);
        if (!whole.MoveNext(whole: true))
            throw segment.Damaged(scanner.Position, whole.Fault);
        RecordSection section;
        try
        {
            section = RecordSection.Open(whole.Bytes, _context.Pool, _context.Limits.MaxDecompressedBytes);
        }
        catch (Exception e) when (e is WireFormatException or InvalidDataException)
        {
            throw segment.Damaged(scanner.Position, BatchFault.BadRecords);
        }
        try
        {
            var records = new RecordReader(section.Bytes.Span, header.RecordCount);
            while (records.MoveNext())
            {
                var found = header.TimestampOf(records.Current);
                var at = header.OffsetOf(records.Current);
                if (found >= timestampMs && at >= fromOffset)
                    return new TimestampedOffset(found, at, header.PartitionLeaderEpoch);
            }
            return records.IsBad ? throw segment.Damaged(scanner.Position, BatchFault.BadRecords) : null;
        }
        finally
        {
            section.Release();
        }
    }
}
