using Millrace.Protocol;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Log;

/// <summary>What became of a batch's sequence check.</summary>
/// <param name="Error">None: append it (or answer the duplicate).</param>
/// <param name="Message">Words for the error.</param>
/// <param name="Duplicate">The batch as it was appended before, when this one is a retry of it.</param>
readonly record struct SequenceCheck(ErrorCode Error, string? Message, ProducerBatch? Duplicate);

/// <summary>The idempotent producers of one partition (KIP-98, KIP-360). Pure rules; guarded by the append lock of the
/// log.</summary>
sealed class ProducerStates
{
    readonly Dictionary<long, ProducerState> _producers = [];
    readonly SortedDictionary<long, ProducerState> _open = []; // by first offset
    // First offset to marker offset: ended, marker not yet below the high watermark.
    readonly SortedDictionary<long, long> _undurable = [];

    public int Count => _producers.Count;

    public IEnumerable<ProducerState> All => _producers.Values;

    /// <summary>Offset below which all state comes from batches that were seen.</summary>
    public long NextOffset { get; private set; }

    /// <summary>First offset of the oldest transaction that is open, or whose marker is not below the high watermark;
    /// <see cref="long.MaxValue"/> without one.</summary>
    public long FirstUnstableOffset
    {
        get
        {
            var open = _open.Count == 0 ? long.MaxValue : _open.First().Key;
            var undurable = _undurable.Count == 0 ? long.MaxValue : _undurable.First().Key;
            return Math.Min(open, undurable);
        }
    }

    /// <summary>Judges a batch before it is appended.</summary>
    public SequenceCheck Check(in RecordBatchHeader header)
    {
        // An unknown producer may start anywhere: its state expired or went with retention (KIP-360).
        if (!_producers.TryGetValue(header.ProducerId, out var producer))
            return default;
        if (header.ProducerEpoch < producer.Epoch)
        {
            return Refuse(ErrorCode.InvalidProducerEpoch,
                $"Producer {header.ProducerId} has epoch {producer.Epoch}; the batch has {header.ProducerEpoch}.");
        }
        if (header.ProducerEpoch > producer.Epoch)
        {
            return header.BaseSequence == 0
                ? default
                : Refuse(ErrorCode.OutOfOrderSequenceNumber, $"Producer {header.ProducerId} starts epoch "
                    + $"{header.ProducerEpoch} with sequence {header.BaseSequence} instead of 0.");
        }
        if (producer.TryFind(header.BaseSequence, header.LastSequence, out var known))
            return new SequenceCheck(ErrorCode.None, null, known);
        if (producer.TransactionStart >= 0 && !header.IsTransactional)
        {
            return Refuse(ErrorCode.InvalidTxnState,
                $"Producer {header.ProducerId} has an open transaction; the batch is not part of it.");
        }
        var expected = producer.Count == 0 ? 0 : RecordBatchHeader.AddToSequence(producer.LastSequence, 1);
        return header.BaseSequence == expected
            ? default
            : Refuse(ErrorCode.OutOfOrderSequenceNumber, $"Producer {header.ProducerId} epoch {header.ProducerEpoch}: "
                + $"expected sequence {expected}, got {header.BaseSequence}.");
    }

    /// <summary>Takes in a batch that was appended, now or before a restart.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="baseOffset">The offset it was given.</param>
    /// <param name="nowMs">When; what expiry counts from.</param>
    public void Take(in RecordBatchHeader header, long baseOffset, long nowMs)
    {
        var lastOffset = baseOffset + header.LastOffsetDelta;
        NextOffset = lastOffset + 1;
        if (!header.HasProducer)
            return;
        if (!_producers.TryGetValue(header.ProducerId, out var producer))
            _producers[header.ProducerId] = producer = new ProducerState(header.ProducerId, header.ProducerEpoch);
        producer.LastTimestampMs = nowMs;
        if (header.IsControl)
        {
            producer.MoveToEpoch(header.ProducerEpoch);
            EndTransaction(producer, lastOffset);
            return;
        }
        producer.Add(header.ProducerEpoch,
            new ProducerBatch(header.BaseSequence, header.LastSequence, baseOffset, lastOffset));
        if (header.IsTransactional && producer.TransactionStart < 0)
        {
            producer.TransactionStart = baseOffset;
            _open[baseOffset] = producer;
        }
    }

    /// <summary>The high watermark rose: transactions whose marker lies below it do not hold back readers any
    /// more.</summary>
    public void HighWatermarkIs(long offset)
    {
        while (_undurable.Count > 0)
        {
            var (first, marker) = _undurable.First();
            if (marker >= offset)
                break;
            _undurable.Remove(first);
        }
    }

    /// <summary>Puts in a state read from a snapshot.</summary>
    public void Restore(ProducerState producer)
    {
        _producers[producer.ProducerId] = producer;
        if (producer.TransactionStart >= 0)
            _open[producer.TransactionStart] = producer;
    }

    public void Reset(long nextOffset)
    {
        _producers.Clear();
        _open.Clear();
        _undurable.Clear();
        NextOffset = nextOffset;
    }

    /// <summary>Forgets producers that were idle for long and have no open transaction. Returns how many.</summary>
    public int Expire(long nowMs, LogLimits limits)
    {
        var oldest = nowMs - (long)limits.ProducerExpiration.TotalMilliseconds;
        var idle = _producers.Values.Where(p => p.TransactionStart < 0 && p.LastTimestampMs <= oldest).ToList();
        var surplus = _producers.Count - idle.Count - limits.MaxProducersPerPartition;
        if (surplus > 0)
        {
            idle.AddRange(_producers.Values.Where(p => p.TransactionStart < 0 && p.LastTimestampMs > oldest)
                .OrderBy(static p => p.LastTimestampMs).ThenBy(static p => p.ProducerId).Take(surplus));
        }
        foreach (var producer in idle)
            _producers.Remove(producer.ProducerId);
        return idle.Count;
    }

    static SequenceCheck Refuse(ErrorCode error, string message) => new(error, message, null);

    void EndTransaction(ProducerState producer, long markerOffset)
    {
        if (producer.TransactionStart < 0)
            return;
        _open.Remove(producer.TransactionStart);
        _undurable[producer.TransactionStart] = markerOffset;
        producer.TransactionStart = -1;
    }
}
