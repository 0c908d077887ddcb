using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Consume;

/// <summary>Where reading stands in one partition, and what is buffered of it. Guarded by the gate of
/// <see cref="CursorSet"/>. Every change of where to read (seek, reset, revocation) counts <see cref="Stamp"/> up and
/// drops the buffers; an answer to a fetch of an older stamp is dropped unseen.</summary>
sealed class PartitionCursor(TopicPartition topicPartition, int fetchBytes)
{
    readonly Queue<FetchChunk> _chunks = new();
    RecordBatchHeader? _passed;   // the last batch that the position went past since something was handed out

    public TopicPartition TopicPartition => topicPartition;

    /// <summary>Of the topic that the position belongs to; empty until known. A topic made anew has another.</summary>
    public Guid TopicId { get; set; }

    /// <summary>The next offset to hand out; null until a committed offset or a reset tells.</summary>
    public long? Position { get; private set; }

    /// <summary>The next offset to ask for: the position plus what is buffered.</summary>
    public long FetchOffset { get; private set; }

    /// <summary>The leader epoch of the last batch before <see cref="FetchOffset"/>, by which a leader notices that
    /// its log and what was read part (KIP-320, KIP-595); -1 if unknown.</summary>
    public int LastEpoch { get; private set; } = -1;

    public int Stamp { get; private set; }

    public bool IsPaused { get; set; }

    /// <summary>The timestamp to ask ListOffsets for (-2 earliest, -1 latest), while the position must be
    /// found.</summary>
    public long? ResetTimestamp { get; private set; }

    public bool IsResetInFlight { get; set; }

    /// <summary>No request for this partition before this time.</summary>
    public long NotBefore { get; set; }

    /// <summary>Bytes to ask for; grows when a single batch is larger.</summary>
    public int FetchBytes { get; private set; } = fetchBytes;

    public int BufferedBytes { get; private set; }

    public bool HasBuffered => _chunks.Count > 0;

    public long HighWatermark { get; private set; } = -1;

    public long LogStartOffset { get; private set; } = -1;

    /// <summary>What the next poll throws.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Reads from here on.</summary>
    public void MoveTo(long offset, int leaderEpoch)
    {
        Drop();
        Position = FetchOffset = offset;
        LastEpoch = leaderEpoch;
        ResetTimestamp = null;
        NotBefore = 0;
        Failure = null;
    }

    /// <summary>Lets ListOffsets find the position.</summary>
    public void Reset(long timestamp)
    {
        Drop();
        Position = null;
        LastEpoch = -1;
        ResetTimestamp = timestamp;
        IsResetInFlight = false;
    }

    /// <summary>Forgets what is buffered and what is in flight; the position stays.</summary>
    public void Drop()
    {
        Stamp++;
        while (_chunks.TryDequeue(out var chunk))
            chunk.Buffer.Release();
        BufferedBytes = 0;
        _passed = null;
        FetchOffset = Position ?? 0;
    }

    /// <summary>Takes over the records of a fetch answer: hops over the batch headers to find where to go on.</summary>
    /// <returns>True if there is something to hand out.</returns>
    public bool Accept(FetchResponse.PartitionData data, FetchBuffer frame, bool readCommitted, int mostBytes)
    {
        HighWatermark = readCommitted && data.LastStableOffset >= 0 ? data.LastStableOffset : data.HighWatermark;
        LogStartOffset = data.LogStartOffset;
        if (data.Records is not { IsEmpty: false } records)
            return false;
        var batches = new BatchReader(records.Span);
        while (batches.MoveNext())
        {
            FetchOffset = Math.Max(FetchOffset, batches.Current.NextOffset);
            LastEpoch = batches.Current.PartitionLeaderEpoch;
        }
        if (batches.Position == 0 && batches.IsTruncated)
        {
            // Not even one whole batch: ask for more. Brokers since 0.10.1 send one whatever its size (KIP-74).
            FetchBytes = (int)Math.Min(mostBytes, Math.Max(FetchBytes * 2L, batches.TruncatedSize));
            return false;
        }
        if (batches.Fault != BatchFault.None)
            NotBefore = long.MaxValue;   // until the poll that meets the damage
        var whole = batches.Fault != BatchFault.None ? records : records[..batches.Position];
        frame.Retain();
        var aborted = readCommitted ? data.AbortedTransactions : null;
        _chunks.Enqueue(new FetchChunk(frame, whole, aborted, HighWatermark, LogStartOffset));
        BufferedBytes += whole.Length;
        return true;
    }

    /// <summary>The next batch with something to hand out; moves the position past it. If nothing is left, but the
    /// position went past batches that nobody sees (transaction markers, aborted or compacted records), an empty batch
    /// that says so: without it a commit could never follow to the end of the partition. Null if nothing is
    /// left.</summary>
    /// <exception cref="CorruptBatchException">The next batch cannot be read. The position stays before it.</exception>
    public FetchedBatch? TakeNext(BatchDecoder decoder)
    {
        while (_chunks.TryPeek(out var chunk))
        {
            if (chunk.At >= chunk.Records.Length)
            {
                _chunks.Dequeue();
                chunk.Buffer.Release();
                continue;
            }
            if (TakeFrom(chunk, decoder) is { } batch)
            {
                _passed = null;
                return batch;
            }
        }
        if (_passed is not { } passed)
            return null;
        _passed = null;
        return new FetchedBatch(topicPartition, passed)
        {
            HighWatermark = HighWatermark,
            LogStartOffset = LogStartOffset,
        };
    }

    FetchedBatch? TakeFrom(FetchChunk chunk, BatchDecoder decoder)
    {
        var position = Position!.Value;
        var rest = chunk.Records[chunk.At..];
        var reader = new BatchReader(rest.Span);
        if (!reader.MoveNext())
            throw new CorruptBatchException(topicPartition, position, position + 1, reader.Fault.Text());
        var header = reader.Current;
        var bytes = rest[..reader.Position];
        if (header.NextOffset <= position)
        {
            Skip(chunk, bytes.Length);   // the answer begins at a batch boundary, maybe below the position
            return null;
        }
        if (decoder.Validate(bytes.Span) is var fault && fault != BatchFault.None)
            throw new CorruptBatchException(topicPartition, header.BaseOffset,
                Math.Max(position + 1, header.NextOffset), fault.Text());
        FetchedBatch? batch = null;
        try
        {
            if (!chunk.IsFiltered(header, bytes))
                batch = decoder.Decode(
                    topicPartition, bytes, header, chunk.Buffer, position, chunk.HighWatermark, chunk.LogStartOffset);
        }
        catch (WireFormatException e)
        {
            throw new CorruptBatchException(topicPartition, header.BaseOffset, header.NextOffset,
                e.Message.TrimEnd('.'), e);
        }
        Position = header.NextOffset;
        _passed = header;
        Skip(chunk, bytes.Length);
        return batch;
    }

    void Skip(FetchChunk chunk, int length)
    {
        chunk.At += length;
        BufferedBytes -= length;
    }
}
