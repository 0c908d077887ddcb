using Millrace.Protocol.Wire;

namespace Millrace.Client.Produce;

/// <summary>Batch objects for reuse, the first few with their buffers: a busy producer fills the same buffers again and again
/// instead of growing new ones.</summary>
sealed class BatchPool(BufferPool buffers, int batchSize)
{
    // Enough for a full window and the batches being filled meanwhile; more would only hold memory.
    const int Limit = 256;
    const int WithBuffers = 8;

    readonly Lock _gate = new();
    readonly Stack<ProduceBatch> _warm = new();   // guarded by _gate; with buffers
    readonly Stack<ProduceBatch> _cold = new();   // guarded by _gate; without

    public ProduceBatch Rent()
    {
        lock (_gate)
        {
            if (_warm.TryPop(out var batch) || _cold.TryPop(out batch))
            {
                return batch;
            }
        }
        return new ProduceBatch(buffers, batchSize);
    }

    public void Return(ProduceBatch batch)
    {
        lock (_gate)
        {
            var isWarm = _warm.Count < WithBuffers;
            batch.Recycle(isWarm);
            var stack = isWarm ? _warm : _cold;
            if (stack.Count < Limit)
            {
                stack.Push(batch);
            }
        }
    }

    /// <summary>Gives the buffers of idle batches back.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            while (_warm.TryPop(out var batch))
            {
                batch.Recycle(keepBuffers: false);
            }
        }
    }
}
