using Millrace.Protocol.Wire;

namespace Millrace.Client.Produce;

/// <summary>Batch objects for reuse with their buffers: a busy producer fills the same buffers again and again
/// instead of growing new
/// ones. What a while of less work did not need goes back to the buffer pool.</summary>
/// <param name="buffers">Where buffers come from.</param>
/// <param name="batchSize">Where a batch ends, in bytes.</param>
/// <param name="maxIdleBytes">How many bytes idle batches may hold.</param>
sealed class BatchPool(BufferPool buffers, int batchSize, long maxIdleBytes)
{
    // How much of what nobody needed since the last look goes back at once: all of it within a few seconds.
    const int TrimDivisor = 8;

    readonly int _limit = (int)Math.Clamp(maxIdleBytes / batchSize, 8, 1024);
    readonly Lock _gate = new();
    readonly Stack<ProduceBatch> _idle = new();   // guarded by _gate
    int _leastIdle;                               // guarded by _gate; since the last trim

    public ProduceBatch Rent()
    {
        lock (_gate)
        {
            if (_idle.TryPop(out var batch))
            {
                _leastIdle = Math.Min(_leastIdle, _idle.Count);
                return batch;
            }
        }
        return new ProduceBatch(buffers, batchSize);
    }

    public void Return(ProduceBatch batch)
    {
        lock (_gate)
        {
            var isKept = _idle.Count < _limit;
            batch.Recycle(isKept);
            if (isKept)
            {
                _idle.Push(batch);
            }
        }
    }

    /// <summary>Called now and then: gives back part of what was idle all the time since the last call.</summary>
    public void Trim()
    {
        lock (_gate)
        {
            Drop((_leastIdle + TrimDivisor - 1) / TrimDivisor);
            _leastIdle = _idle.Count;
        }
    }

    /// <summary>Gives all idle buffers back.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            Drop(_idle.Count);
        }
    }

    void Drop(int count)
    {
        for (; count > 0 && _idle.TryPop(out var batch); count--)
        {
            batch.Recycle(keepBuffers: false);
        }
    }
}
