using Millrace.Protocol.Wire;

namespace Millrace.Client.Consume;

/// <summary>Bytes that are held for the application: one fetch answer, or one decompressed batch. Counted references;
/// the last release gives the buffer to its pool and the bytes back to the budget.</summary>
sealed class FetchBuffer
{
    readonly SharedBuffer _buffer;
    readonly BufferBudget _budget;
    readonly int _charged;
    int _references = 1;

    /// <summary>Takes over the caller's reference and charges the budget. The creator holds the first
    /// reference.</summary>
    public FetchBuffer(SharedBuffer buffer, BufferBudget budget)
    {
        _buffer = buffer;
        _budget = budget;
        _charged = buffer.Length;
        budget.Take(_charged);
    }

    public void Retain() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            _buffer.Release();
            _budget.Give(_charged);
        }
    }
}

/// <summary>Counts held bytes against <see cref="ConsumerOptions.MaxBufferedBytes"/>.</summary>
/// <param name="limit">The most bytes.</param>
/// <param name="onRoom">Called when a release brought the count below the limit.</param>
sealed class BufferBudget(long limit, Action onRoom)
{
    long _held;

    /// <summary>Bytes held now.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>Bytes that may still be asked for; not above zero if the budget is used up.</summary>
    public long Room => limit - Held;

    public void Take(int bytes) => Interlocked.Add(ref _held, bytes);

    public void Give(int bytes)
    {
        var after = Interlocked.Add(ref _held, -bytes);
        if (after < limit && after + bytes >= limit)
            onRoom();
    }
}
