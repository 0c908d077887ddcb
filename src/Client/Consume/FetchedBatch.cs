using System.Collections;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Consume;

/// <summary>The records of one batch of one partition; there may be none. The records are borrowed: they may be read
/// until the last reference is given back with <see cref="Dispose"/>. Whoever gets a batch from a poll holds one;
/// <see cref="Retain"/> takes more, for more holders. Reading after the last is a bug that throws
/// <see cref="ObjectDisposedException"/>. Thread-safe for reading.</summary>
public sealed class FetchedBatch : IReadOnlyList<FetchedRecord>, IDisposable
{
    readonly RecordBatchHeader _header;
    readonly ReadOnlyMemory<byte> _section;
    readonly FetchBuffer? _buffer;   // as _pool and _index: null in an empty batch
    readonly BufferPool? _pool;
    byte[]? _index;                  // one RecordView a record
    int _references = 1;

    // The index has the parsed records from the wanted offset on; the batch takes over both, and one reference to the
    // buffer.
    internal FetchedBatch(
        TopicPartition topicPartition,
        in RecordBatchHeader header,
        ReadOnlyMemory<byte> section,
        FetchBuffer buffer,
        BufferPool pool,
        byte[] index,
        int count)
    {
        TopicPartition = topicPartition;
        _header = header;
        _section = section;
        _buffer = buffer;
        _pool = pool;
        _index = index;
        Count = count;
    }

    // An empty batch: reading went past what stands at the end of what was fetched.
    internal FetchedBatch(TopicPartition topicPartition, in RecordBatchHeader header)
    {
        TopicPartition = topicPartition;
        _header = header;
    }

    /// <summary>Where the records come from.</summary>
    public TopicPartition TopicPartition { get; }

    /// <summary>How many records. Zero tells that reading went past offsets that hold no record for the application
    /// (transaction markers, records of aborted transactions, compacted ones): <see cref="NextOffset"/> may be
    /// committed once everything before is done.</summary>
    public int Count { get; }

    /// <summary>The uncompressed size of the batch's records, in bytes.</summary>
    public int SizeBytes => _section.Length;

    /// <summary>Where reading goes on after this batch. Not the last record's offset plus one in a compacted
    /// topic.</summary>
    public long NextOffset => _header.NextOffset;

    /// <summary>The leader epoch under which the batch was written, to commit beside offsets; -1 if unknown.</summary>
    public int LeaderEpoch => _header.PartitionLeaderEpoch;

    /// <summary>Who set the timestamps.</summary>
    public TimestampType TimestampType => _header.TimestampType;

    /// <summary>The end of what may be read in the partition, as of the fetch: the high watermark, or the last stable
    /// offset for a read-committed consumer.</summary>
    public long HighWatermark { get; internal init; }

    /// <summary>The oldest offset of the partition, as of the fetch; -1 if unknown.</summary>
    public long LogStartOffset { get; internal init; }

    /// <summary>One record, by its place in the batch.</summary>
    public FetchedRecord this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count, nameof(index));
            return new FetchedRecord(this, index);
        }
    }

    /// <summary>Takes one more reference. Only a holder of one may call it.</summary>
    public void Retain()
    {
        if (Interlocked.Increment(ref _references) <= 1)
        {
            Interlocked.Decrement(ref _references);
            throw new ObjectDisposedException(nameof(FetchedBatch),
                $"The batch of {TopicPartition} was released already.");
        }
    }

    /// <summary>Gives one reference back; the last one frees the bytes.</summary>
    public void Dispose()
    {
        var left = Interlocked.Decrement(ref _references);
        if (left < 0)
            throw new ObjectDisposedException(nameof(FetchedBatch),
                $"The batch of {TopicPartition} was released too often.");
        if (left > 0)
            return;
        if (Interlocked.Exchange(ref _index, null) is not { } index)
            return;
        _pool!.Return(index);
        _buffer!.Release();
    }

    /// <summary>Walks the records without allocating.</summary>
    public Enumerator GetEnumerator() => new(this);

    IEnumerator<FetchedRecord> IEnumerable<FetchedRecord>.GetEnumerator() => GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ref readonly RecordView View(int index)
    {
        var slots = _index;
        if (slots is null)
            ThrowReleased();
        return ref MemoryMarshal.Cast<byte, RecordView>(slots.AsSpan())[index];
    }

    internal long OffsetOf(int index) => _header.OffsetOf(View(index));

    internal long TimestampOf(int index) => _header.TimestampOf(View(index));

    internal ReadOnlyMemory<byte> Slice(int start, int length) => length <= 0 ? default : _section.Slice(start, length);

    internal ReadOnlyMemory<byte> Section => _section;

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    void ThrowReleased() => throw new ObjectDisposedException(
        nameof(FetchedBatch), $"The batch of {TopicPartition} was released; Retain() it to keep its records.");

    /// <summary>Walks the records.</summary>
    public struct Enumerator : IEnumerator<FetchedRecord>
    {
        readonly FetchedBatch _batch;
        int _at;

        internal Enumerator(FetchedBatch batch)
        {
            _batch = batch;
            _at = -1;
        }

        /// <inheritdoc/>
        public readonly FetchedRecord Current => new(_batch, _at);

        readonly object IEnumerator.Current => Current;

        /// <inheritdoc/>
        public bool MoveNext() => ++_at < _batch.Count;

        /// <inheritdoc/>
        public void Reset() => _at = -1;

        /// <inheritdoc/>
        public readonly void Dispose()
        {
        }
    }
}
