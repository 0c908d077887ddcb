using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;

namespace Millrace.Client.Consume;

/// <summary>The records of one partition in one fetch answer, partly handed out.</summary>
sealed class FetchChunk
{
    readonly List<FetchResponse.AbortedTransaction>? _aborted;   // sorted by first offset; null = deliver everything
    readonly HashSet<long>? _open;                               // producers inside an aborted transaction
    int _next;

    public FetchChunk(
        FetchBuffer buffer,
        ReadOnlyMemory<byte> records,
        List<FetchResponse.AbortedTransaction>? aborted,
        long highWatermark,
        long logStartOffset)
    {
        Buffer = buffer;
        Records = records;
        HighWatermark = highWatermark;
        LogStartOffset = logStartOffset;
        if (aborted is { Count: > 0 })
        {
            // Sorted here: not every broker does.
            _aborted = aborted;
            _aborted.Sort(static (a, b) => a.FirstOffset.CompareTo(b.FirstOffset));
            _open = [];
        }
    }

    /// <summary>The answer; the chunk holds one reference.</summary>
    public FetchBuffer Buffer { get; }

    public ReadOnlyMemory<byte> Records { get; }

    public int At { get; set; }

    public long HighWatermark { get; }

    public long LogStartOffset { get; }

    /// <summary>True for a control batch, and for one of an aborted transaction (KIP-98). Call once per batch, in
    /// order.</summary>
    public bool IsFiltered(in RecordBatchHeader header, ReadOnlyMemory<byte> batch)
    {
        if (_aborted is not null)
        {
            for (; _next < _aborted.Count && _aborted[_next].FirstOffset <= header.LastOffset; _next++)
                _open!.Add(_aborted[_next].ProducerId);
        }
        if (header.IsControl)
        {
            if (_open is not null && IsAbort(header, batch.Span[RecordBatchHeader.Size..]))
                _open.Remove(header.ProducerId);
            return true;
        }
        return _open is not null && header.IsTransactional && _open.Contains(header.ProducerId);
    }

    // Control batches are never compressed.
    static bool IsAbort(in RecordBatchHeader header, ReadOnlySpan<byte> section)
    {
        var records = new RecordReader(section, header.RecordCount);
        return records.MoveNext()
            && ControlBatch.TryReadType(records.Current.Key(section), out var type)
            && type == ControlRecordType.Abort;
    }
}
