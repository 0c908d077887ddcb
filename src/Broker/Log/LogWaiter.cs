using Millrace.Protocol;

namespace Millrace.Broker.Log;

/// <summary>Waits for one log to pass an offset: long-polling fetches, acks=all. Registered with
/// <see cref="PartitionLog.AddWaiter"/>, woken at most once, no thread while it waits.</summary>
abstract class LogWaiter
{
    /// <summary>Which of the log's offsets counts. Set before it is registered.</summary>
    public ReadIsolation Bound { get; init; } = ReadIsolation.HighWatermark;

    /// <summary>Woken as soon as that offset is greater than this.</summary>
    public long Beyond { get; init; }

    internal LogWaiter? Next { get; set; }

    internal LogWaiter? Previous { get; set; }

    internal LogSignal? Owner { get; set; }

    /// <summary>The offset was passed, or the log failed or was deleted (see <see cref="PartitionLog.Fault"/>). Runs on
    /// the appending thread or the committer with no lock held: hand over, do not work.</summary>
    public abstract void Wake(PartitionLog log);
}

/// <summary>A waiter that can be awaited.</summary>
sealed class AwaitableWaiter : LogWaiter
{
    // Continuations must not run on the committer: it would flush nothing meanwhile.
    readonly TaskCompletionSource<ErrorCode> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<ErrorCode> Task => _done.Task;

    public override void Wake(PartitionLog log) => _done.TrySetResult(log.Fault);
}

/// <summary>The waiters of one log, as an intrusive list: adding and removing cost nothing but a short lock.</summary>
sealed class LogSignal(PartitionLog log)
{
    readonly Lock _gate = new();
    LogWaiter? _first; // guarded by _gate
    volatile int _count; // written under _gate; read without to skip the lock when nobody waits

    public int Count => _count;

    /// <summary>False when the offset is passed already: the waiter is not registered then and will not be
    /// woken.</summary>
    public bool Add(LogWaiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Owner is not null)
                throw new InvalidOperationException("The waiter is registered already.");
            waiter.Owner = this;
            waiter.Previous = null;
            waiter.Next = _first;
            if (_first is not null)
                _first.Previous = waiter;
            _first = waiter;
            _count++;
            // Pairs with the barrier of Publish: either we see its offset, or it sees our count.
            Interlocked.MemoryBarrier();
            if (!IsDue(waiter))
                return true;
            Unlink(waiter);
            return false;
        }
    }

    /// <summary>True if it was still registered: it will not be woken any more.</summary>
    public bool Remove(LogWaiter waiter)
    {
        lock (_gate)
        {
            if (waiter.Owner != this)
                return false;
            Unlink(waiter);
            return true;
        }
    }

    /// <summary>Wakes whoever is due. Called after an offset was published, with no lock held.</summary>
    public void Publish()
    {
        Interlocked.MemoryBarrier();
        if (_count == 0)
            return;
        LogWaiter? due = null;
        lock (_gate)
        {
            for (var waiter = _first; waiter is not null;)
            {
                var next = waiter.Next;
                if (IsDue(waiter))
                {
                    Unlink(waiter);
                    waiter.Next = due;
                    due = waiter;
                }
                waiter = next;
            }
        }
        while (due is not null)
        {
            var next = due.Next;
            due.Next = null;
            due.Wake(log);
            due = next;
        }
    }

    bool IsDue(LogWaiter waiter) => log.Fault != ErrorCode.None || log.Bound(waiter.Bound) > waiter.Beyond;

    void Unlink(LogWaiter waiter)
    {
        if (waiter.Previous is null)
            _first = waiter.Next;
        else
            waiter.Previous.Next = waiter.Next;
        if (waiter.Next is not null)
            waiter.Next.Previous = waiter.Previous;
        waiter.Next = waiter.Previous = null;
        waiter.Owner = null;
        _count--;
    }
}
