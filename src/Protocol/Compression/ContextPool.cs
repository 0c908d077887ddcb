namespace Millrace.Protocol.Compression;

/// <summary>A few contexts kept between calls; more callers at once make their own, which are dropped after
/// use.</summary>
/// <param name="make">Makes a context.</param>
sealed class ContextPool<T>(Func<T> make)
    where T : class
{
    // As many as threads that compress at one time on a usual machine; a context takes up to some hundred KiB.
    readonly T?[] _slots = new T?[Math.Clamp(Environment.ProcessorCount, 2, 16)];

    public T Rent()
    {
        foreach (ref var slot in _slots.AsSpan())
        {
            if (Volatile.Read(ref slot) is not null && Interlocked.Exchange(ref slot, null) is { } context)
            {
                return context;
            }
        }

        return make();
    }

    public void Return(T context)
    {
        foreach (ref var slot in _slots.AsSpan())
        {
            if (Volatile.Read(ref slot) is null && Interlocked.CompareExchange(ref slot, context, null) is null)
            {
                return;
            }
        }
    }
}
