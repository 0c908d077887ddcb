namespace Millrace.Client.Routing;

/// <summary>Wakes one waiting loop. Setting it while nobody waits is remembered once.</summary>
sealed class Signal
{
    readonly Lock _gate = new();
    TaskCompletionSource<bool>? _waiter;   // guarded by _gate
    bool _isSet;                           // guarded by _gate

    public void Set() => Complete(isSignal: true);

    /// <summary>True when it was set, false when the time is over.</summary>
    public async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellation)
    {
        TaskCompletionSource<bool> waiter;
        lock (_gate)
        {
            if (_isSet)
            {
                _isSet = false;
                return true;
            }
            _waiter = waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        using var registration = cancellation.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<bool>)state!).TrySetCanceled(token), waiter);
        var timer = time.CreateTimer(
            static state => ((Signal)state!).Complete(isSignal: false), this, timeout, Timeout.InfiniteTimeSpan);
        await using (timer.ConfigureAwait(false))
        {
            return await waiter.Task.ConfigureAwait(false);
        }
    }

    void Complete(bool isSignal)
    {
        TaskCompletionSource<bool>? waiter;
        lock (_gate)
        {
            waiter = _waiter;
            _waiter = null;
            _isSet |= isSignal && (waiter is null || waiter.Task.IsCompleted);
        }
        waiter?.TrySetResult(isSignal);
    }
}
