namespace Millrace.Client.Routing;

/// <summary>Wakes one waiter. A signal that comes while nobody waits is kept, once.</summary>
sealed class AsyncSignal
{
    readonly Lock _gate = new();
    TaskCompletionSource? _waiter;   // guarded by _gate
    bool _isSet;                     // guarded by _gate

    public void Set()
    {
        TaskCompletionSource? waiter;
        lock (_gate)
        {
            waiter = _waiter;
            _waiter = null;
            _isSet = waiter is null;
        }
        waiter?.TrySetResult();
    }

    /// <summary>Waits for the signal, at most so long; says nothing of which it was.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public async ValueTask WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        TaskCompletionSource waiter;
        lock (_gate)
        {
            if (_isSet)
            {
                _isSet = false;
                return;
            }
            waiter = _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        using var registration = cancellation.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter);
        using var timer = time.CreateTimer(
            static state => ((TaskCompletionSource)state!).TrySetResult(), waiter, timeout, Timeout.InfiniteTimeSpan);
        try
        {
            await waiter.Task.ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                if (_waiter == waiter)
                    _waiter = null;
            }
        }
    }
}
