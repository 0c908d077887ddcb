using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Log;

sealed partial class PartitionLog
{
    readonly List<ReadOnlyMemory<byte>> _gather = []; // append lock: what one write takes
    byte[] _patched = new byte[PatchedBytes]; // append lock: the heads of the batches being written

    // Base offset, length, leader epoch: the only bytes that the log changes, none of them under the checksum.
    const int PatchedBytes = 16;

    /// <summary>Appends batches. They are borrowed until it returns, never changed and never copied, except that with
    /// message.timestamp.type=LogAppendTime a private copy is stamped.</summary>
    /// <param name="batches">Whole batches, one behind the other; exactly one from a client.</param>
    /// <param name="nowMs">The time, in milliseconds since 1970 UTC.</param>
    /// <param name="origin">Which checks apply.</param>
    /// <remarks>All or nothing. When it returns without an error, the batches are written; wait for
    /// <see cref="WhenDurable"/> before answering acks=all.</remarks>
    public AppendResult Append(
        ReadOnlyMemory<byte> batches, long nowMs, AppendOrigin origin = AppendOrigin.Client)
    {
        var config = Config;
        if (Examine(batches.Span, config, nowMs, origin, out var extent) is { } refused)
            return refused;
        var stamped = config.IsLogAppendTime && origin == AppendOrigin.Client ? Stamp(batches, nowMs) : null;
        try
        {
            return Append(stamped is null ? batches : stamped.AsMemory(0, batches.Length), nowMs, origin, config,
                extent,
                stamped is null ? -1 : nowMs);
        }
        finally
        {
            if (stamped is not null)
                _context.Pool.Return(stamped);
        }
    }

    AppendResult Append(ReadOnlyMemory<byte> batches, long nowMs, AppendOrigin origin, LogConfig config,
        Extent extent, long appendTimeMs)
    {
        StorageException? failure = null;
        AppendResult result;
        bool sealedOne;
        lock (_appendLock)
        {
            if (Fault != ErrorCode.None)
                return Refuse(Fault, "The partition's log is offline.");
            if (origin == AppendOrigin.Client && extent.First.HasProducer)
            {
                var check = _producers.Check(extent.First);
                if (check.Error != ErrorCode.None)
                    return Refuse(check.Error, check.Message!);
                if (check.Duplicate is { } known)
                {
                    return new AppendResult(ErrorCode.None, null, known.BaseOffset, known.LastOffset, appendTimeMs,
                        StartOffset, true);
                }
            }
            var baseOffset = _endOffset;
            try
            {
                sealedOne = RollIfNeeded(batches.Length, extent, nowMs, config);
                Write(batches, baseOffset, nowMs, config, appendTimeMs);
            }
            catch (StorageException e)
            {
                failure = e;
                sealedOne = false;
            }
            result = failure is null
                ? new AppendResult(ErrorCode.None, null, baseOffset, _endOffset - 1, appendTimeMs, StartOffset, false)
                : Refuse(ErrorCode.KafkaStorageError, failure.Message);
        }
        if (failure is not null)
        {
            // Space comes back, and the log was cut to where it was; anything else means that the medium cannot be
            // trusted.
            if (failure.Error != StorageError.Full)
                Fail(failure);
            return result;
        }
        if (sealedOne || _context.Flush.Mode is FlushMode.Group or FlushMode.Interval)
            RequestFlush(now: sealedOne || IsGroup);
        _signal.Publish();
        return result;
    }

    // Writes at the end of the active segment and takes everything in. Append lock held.
    void Write(ReadOnlyMemory<byte> batches, long baseOffset, long nowMs, LogConfig config, long appendTimeMs)
    {
        var segment = Active;
        var position = segment.Size;
        var epoch = LeaderEpoch;
        _gather.Clear();
        var offset = baseOffset;
        var reader = new BatchReader(batches.Span);
        for (var i = 0; reader.MoveNext(); i++)
        {
            if (_patched.Length < (i + 1) * PatchedBytes)
                GrowPatched();
            var head = _patched.AsMemory(i * PatchedBytes, PatchedBytes);
            reader.CurrentBytes[..PatchedBytes].CopyTo(head.Span);
            RecordBatchHeader.PatchBaseOffset(head.Span, offset);
            RecordBatchHeader.PatchLeaderEpoch(head.Span, epoch);
            _gather.Add(head);
            _gather.Add(batches[(reader.CurrentStart + PatchedBytes)..reader.Position]);
            offset += reader.Current.LastOffsetDelta + 1L;
        }
        try
        {
            segment.File.Write(_gather, position);
        }
        catch (StorageException)
        {
            // Whatever reached the file must not stand between this batch and the next one.
            segment.File.SetLength(position);
            throw;
        }
        finally
        {
            _gather.Clear();
        }
        reader = new BatchReader(batches.Span);
        offset = baseOffset;
        while (reader.MoveNext())
        {
            var header = reader.Current;
            var size = reader.Position - reader.CurrentStart;
            segment.Note(offset + header.LastOffsetDelta, header.MaxTimestamp, position, size,
                config.IndexIntervalBytes);
            _producers.Take(header, offset, nowMs);
            position += size;
            offset += header.LastOffsetDelta + 1L;
        }
        // With a tenth of slack, so that the limit costs nothing per batch.
        if (_producers.Count > _context.Limits.MaxProducersPerPartition * 1.1)
            _producers.Expire(nowMs, _context.Limits);
        // Readers look at the end offset first: what it promises must be in the segment by then.
        segment.Publish(position);
        Volatile.Write(ref _endOffset, offset);
        Advance(IsGroup ? _highWatermark : offset);
    }

    // The heads that were gathered already lie in the old array; they stay valid there.
    void GrowPatched()
    {
        var larger = new byte[_patched.Length * 2];
        _patched.CopyTo(larger, 0);
        _patched = larger;
    }

    // True when a segment was sealed. Append lock held.
    bool RollIfNeeded(int bytes, in Extent extent, long nowMs, LogConfig config)
    {
        var active = Active;
        if (active.Size == 0)
        {
            if (_endOffset + extent.Offsets - 1 - active.BaseOffset <= int.MaxValue)
                return false;
        }
        else
        {
            // Age by the records' own time when there is one, as Kafka does: replayed old data is not cut into crumbs.
            var age = active.FirstTimestamp >= 0 ? extent.MaxTimestamp - active.FirstTimestamp
                : nowMs - active.CreatedMs;
            if (active.Size <= config.SegmentBytes - bytes && age <= config.SegmentMs && !active.IsIndexFull(config)
                && _endOffset + extent.Offsets - 1 - active.BaseOffset <= int.MaxValue)
            {
                return false;
            }
        }
        Roll(nowMs);
        return true;
    }

    // Seals the active segment and starts one at the end offset. Append lock held.
    void Roll(long nowMs)
    {
        var active = Active;
        if (active.Size == 0 && active.BaseOffset == _endOffset)
            return;
        var path = Path.Combine(_directory, LogFiles.Name(_endOffset, LogFiles.LogSuffix));
        var file = _context.Files.Open(path, FileOpening.Any);
        Segment next;
        try
        {
            // A leftover of a roll that failed half way is empty, or holds what was never published.
            if (file.Length > 0)
                file.SetLength(0);
            next = new Segment(_context, _directory, _endOffset, file, nowMs, isNew: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        active.Seal(_endOffset, ProducerSnapshot.Write(_producers));
        _size += active.Size;
        _isDirectoryDirty = true;
        Volatile.Write(ref _segments, [.. _segments, next]);
    }

    // Checks that need no lock, and what the append needs to know of the batches.
    AppendResult? Examine(ReadOnlySpan<byte> batches, LogConfig config, long nowMs, AppendOrigin origin,
        out Extent extent)
    {
        extent = new Extent { MaxTimestamp = -1 };
        var reader = new BatchReader(batches);
        var count = 0;
        while (reader.MoveNext())
        {
            var header = reader.Current;
            var size = reader.Position - reader.CurrentStart;
            if (++count == 1)
                extent.First = header;
            extent.Offsets += header.LastOffsetDelta + 1L;
            extent.MaxTimestamp = Math.Max(extent.MaxTimestamp, config.IsLogAppendTime ? nowMs : header.MaxTimestamp);
            if (origin == AppendOrigin.Client && size > config.MaxMessageBytes)
            {
                return Refuse(ErrorCode.MessageTooLarge,
                    $"The batch has {size} bytes; max.message.bytes is {config.MaxMessageBytes}.");
            }
            if (Validate(reader.CurrentBytes, header, origin) is { } fault)
                return Refuse(fault.Error, fault.Message);
            if (origin == AppendOrigin.Client && !config.IsLogAppendTime && !IsTimely(header, config, nowMs))
            {
                return Refuse(ErrorCode.InvalidTimestamp,
                    $"The batch's timestamp {header.MaxTimestamp} is too far from the "
                    + "broker's time; see message.timestamp.before.max.ms and message.timestamp.after.max.ms.");
            }
        }
        if (reader.Fault != BatchFault.None || reader.IsTruncated || count == 0)
        {
            var fault = reader.Fault != BatchFault.None ? reader.Fault : BatchFault.SizeMismatch;
            return Refuse(ErrorCode.CorruptMessage, $"Batch {count}: {fault.Text()}.");
        }
        if (origin == AppendOrigin.Client && count != 1)
            return Refuse(ErrorCode.InvalidRecord, $"A produce request carries one batch per partition; got {count}.");
        return batches.Length > config.SegmentBytes
            ? Refuse(ErrorCode.RecordListTooLarge, $"{batches.Length} bytes do not fit into a segment; "
                + $"segment.bytes is {config.SegmentBytes}.")
            : null;
    }

    static (ErrorCode Error, string Message)? Validate(
        ReadOnlySpan<byte> batch, in RecordBatchHeader header, AppendOrigin origin)
    {
        var fault = RecordBatch.Validate(batch);
        if (fault != BatchFault.None)
            return (ErrorCode.CorruptMessage, Sentence(fault));
        if (origin == AppendOrigin.Client)
        {
            fault = RecordBatch.ValidateProduced(header);
            if (fault != BatchFault.None)
                return (ErrorCode.InvalidRecord, Sentence(fault));
        }
        return null;
    }

    static string Sentence(BatchFault fault)
    {
        var text = fault.Text();
        return $"{char.ToUpperInvariant(text[0])}{text[1..]}.";
    }

    // The header's times bound those of the records well enough: the first and the greatest.
    static bool IsTimely(in RecordBatchHeader header, LogConfig config, long nowMs)
    {
        if (header.MaxTimestamp < 0)
            return true;
        return header.MaxTimestamp - nowMs <= config.TimestampAfterMaxMs
            && nowMs - Math.Max(0, header.BaseTimestamp) <= config.TimestampBeforeMaxMs;
    }

    // A pooled copy with the append time and a new checksum in every batch.
    byte[] Stamp(ReadOnlyMemory<byte> batches, long nowMs)
    {
        var copy = _context.Pool.Rent(batches.Length);
        var span = copy.AsSpan(0, batches.Length);
        batches.Span.CopyTo(span);
        var reader = new BatchReader(batches.Span);
        while (reader.MoveNext())
        {
            RecordBatchHeader.PatchMaxTimestampAndType(
                span[reader.CurrentStart..reader.Position], nowMs, TimestampType.LogAppendTime);
        }
        return copy;
    }

    AppendResult Refuse(ErrorCode error, string message) => AppendResult.Refused(error, message, StartOffset);

    // What the batches of one append span.
    struct Extent
    {
        public RecordBatchHeader First;
        public long Offsets;
        public long MaxTimestamp;
    }
}
