using System.Threading.Tasks.Sources;

namespace Millrace.Processing.Listeners;

/// <summary>Wakes the loop: any thread signals, one waits. A signal with nobody waiting is kept, several are
/// one.</summary>
sealed class WakeSignal : IValueTaskSource
{
    const int Quiet = 0;
    const int Signalled = 1;
    const int Waiting = 2;

    ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    int _state;

    public void Signal()
    {
        while (true)
        {
            switch (Volatile.Read(ref _state))
            {
                case Signalled:
                    return;
                case Quiet:
                    if (Interlocked.CompareExchange(ref _state, Signalled, Quiet) == Quiet)
                    {
                        return;
                    }

                    break;
                default:
                    if (Interlocked.CompareExchange(ref _state, Quiet, Waiting) == Waiting)
                    {
                        _core.SetResult(true);
                        return;
                    }

                    break;
            }
        }
    }

    /// <summary>Completes at the next signal, or at once when one is kept.</summary>
    public ValueTask WaitAsync()
    {
        if (Interlocked.CompareExchange(ref _state, Quiet, Signalled) == Signalled)
        {
            return default;
        }

        _core.Reset();
        if (Interlocked.CompareExchange(ref _state, Waiting, Quiet) == Quiet)
        {
            return new ValueTask(this, _core.Version);
        }

        Volatile.Write(ref _state, Quiet);
        return default;
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
