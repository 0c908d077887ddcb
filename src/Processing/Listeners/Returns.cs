namespace Millrace.Processing.Listeners;

/// <summary>What the pumps give back to the loop: a lock-free stack linked through the records themselves, taken as a
/// whole. Buffers, pools and budgets therefore have one owner, the loop, and need no interlocked operation.</summary>
sealed class Returns
{
    Delivery? _top;

    /// <summary>Any thread. Returns about how many wait, this one included (exact unless a take races with
    /// it).</summary>
    public int Push(Delivery delivery)
    {
        while (true)
        {
            var top = Volatile.Read(ref _top);
            delivery.NextReturned = top;
            delivery.ReturnDepth = top is null ? 1 : top.ReturnDepth + 1;
            var depth = delivery.ReturnDepth;
            if (ReferenceEquals(Interlocked.CompareExchange(ref _top, delivery, top), top))
            {
                return depth;
            }
        }
    }

    /// <summary>Loop: takes everything, oldest first, linked by <see cref="Delivery.NextReturned"/>.</summary>
    public Delivery? TakeAll()
    {
        if (Volatile.Read(ref _top) is null)
        {
            return null;
        }

        var taken = Interlocked.Exchange(ref _top, null);
        Delivery? oldest = null;
        while (taken is not null)
        {
            var next = taken.NextReturned;
            taken.NextReturned = oldest;
            oldest = taken;
            taken = next;
        }

        return oldest;
    }
}
