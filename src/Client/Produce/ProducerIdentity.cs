namespace Millrace.Client.Produce;

/// <summary>The producer id and epoch that batches are stamped with (KIP-98), and the rule for raising the epoch
/// (KIP-360).
/// Safe for threads; asking the broker is somebody else's work.</summary>
sealed class ProducerIdentity
{
    readonly Lock _gate = new();
    long _id = -1;        // guarded by _gate
    short _epoch = -1;    // guarded by _gate

    /// <summary>The present identity; id -1 while there is none.</summary>
    public (long Id, short Epoch) Current
    {
        get
        {
            lock (_gate)
            {
                return (_id, _epoch);
            }
        }
    }

    /// <summary>Takes over an identity from the broker.</summary>
    public void Set(long id, short epoch)
    {
        lock (_gate)
        {
            _id = id;
            _epoch = epoch;
        }
    }

    /// <summary>
    /// An identity newer than the one that a partition used, so that its sequence can start at 0: the present one if
    /// another
    /// partition raised it already, else the next epoch. After the last epoch there is none (id -1) until the broker
    /// gives a new id.
    /// </summary>
    public (long Id, short Epoch) After(long usedId, short usedEpoch)
    {
        lock (_gate)
        {
            if (_id == usedId && _epoch == usedEpoch)
            {
                if (_epoch == short.MaxValue)
                {
                    _id = -1;
                    _epoch = -1;
                }
                else
                {
                    _epoch++;
                }
            }
            return (_id, _epoch);
        }
    }
}
