using System.Runtime.CompilerServices;

namespace Millrace.Broker.Log;

/// <summary>One batch of an idempotent producer, as far as recognizing it again needs.</summary>
readonly record struct ProducerBatch(int FirstSequence, int LastSequence, long BaseOffset, long LastOffset);

/// <summary>What a partition knows of one producer id: its epoch, its last five batches, its open
/// transaction.</summary>
sealed class ProducerState(long producerId, short epoch)
{
    /// <summary>Why a producer may have at most five batches in flight: a retry of any of them is recognized.</summary>
    public const int Window = 5;

    Batches _batches;
    int _count;
    int _next;

    public long ProducerId { get; } = producerId;

    public short Epoch { get; private set; } = epoch;

    public int CoordinatorEpoch { get; set; } = -1;

    public long LastTimestampMs { get; set; } = -1;

    /// <summary>First offset of the open transaction, or -1.</summary>
    public long TransactionStart { get; set; } = -1;

    public int Count => _count;

    /// <summary>Sequence of the last record, or -1.</summary>
    public int LastSequence => _count == 0 ? -1 : Last.LastSequence;

    public ProducerBatch Last => _batches[(_next + Window - 1) % Window];

    /// <summary>The batches, oldest first.</summary>
    public IEnumerable<ProducerBatch> Known
    {
        get
        {
            for (var i = _count; i > 0; i--)
                yield return _batches[(_next + Window - i) % Window];
        }
    }

    public bool TryFind(int firstSequence, int lastSequence, out ProducerBatch batch)
    {
        for (var i = 1; i <= _count; i++)
        {
            batch = _batches[(_next + Window - i) % Window];
            if (batch.FirstSequence == firstSequence && batch.LastSequence == lastSequence)
                return true;
        }
        batch = default;
        return false;
    }

    public void Add(short epoch, in ProducerBatch batch)
    {
        MoveToEpoch(epoch);
        _batches[_next] = batch;
        _next = (_next + 1) % Window;
        _count = Math.Min(_count + 1, Window);
    }

    /// <summary>A new epoch forgets the batches: its sequences start at 0.</summary>
    public void MoveToEpoch(short epoch)
    {
        if (epoch == Epoch)
            return;
        Epoch = epoch;
        _count = 0;
    }

    [InlineArray(Window)]
    struct Batches
    {
        ProducerBatch _first;
    }
}
