using Millrace.Protocol;

namespace Millrace.Client.Produce;

/// <summary>Flushing, the account of failed enqueued records, and the end.</summary>
public sealed partial class Producer
{
    readonly Lock _failureLock = new();
    long _failedCount;                  // guarded by _failureLock
    ProduceException? _firstFailure;    // guarded by _failureLock

    /// <summary>Sends everything that was sent or enqueued before this call, without lingering, and waits until it is
    /// acknowledged or
    /// has failed.</summary>
    /// <param name="cancellation">Ends the waiting; what is buffered is still sent.</param>
    /// <exception cref="ProduceException">Enqueued records failed since the last flush: how many, and the first
    /// error.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        await DrainAsync().WaitAsync(cancellation).ConfigureAwait(false);
        ProduceException? first;
        long count;
        lock (_failureLock)
        {
            (first, count) = (_firstFailure, _failedCount);
            (_firstFailure, _failedCount) = (null, 0);
        }
        if (first is not null)
        {
            throw new ProduceException(
                first.Code,
                $"{count} enqueued records could not be delivered. The first failure: {first.Message}",
                count, first.MaybeWritten, first);
        }
    }

    /// <summary>Flushes for at most <see cref="ProducerOptions.CloseTimeout"/>, then fails what is left. Failures
    /// that no flush has
    /// reported are logged: to see them, call <see cref="FlushAsync"/> before.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }
        try
        {
            await DrainAsync().WaitAsync(_rules.Options.CloseTimeout, _core.Runtime.TimeProvider).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // What is left fails below.
        }
        _isDisposed = true;
        await _sweep.DisposeAsync().ConfigureAwait(false);
        _interest.Dispose();
        foreach (var sender in _senders.Values)
        {
            sender.Stop();
        }
        _admission.RejectAll(Disposed());
        Abandon(Disposed());
        _rules.Batches.Clear();
        lock (_failureLock)
        {
            if (_firstFailure is not null)
            {
                LogMessages.UnreportedFailures(_core.Logger, _failedCount, _firstFailure.Message);
            }
        }
    }

    void IProducerPort.AbandonRest() => Abandon(Disposed());

    ProduceException Disposed() => new(
        ErrorCode.RequestTimedOut,
        $"the producer was disposed and CloseTimeout ({_rules.Options.CloseTimeout.TotalSeconds:0.#} s) was over.",
            maybeWritten: true);

    async Task DrainAsync()
    {
        Interlocked.Increment(ref _flushing);
        try
        {
            var waiting = new List<Task>();
            foreach (var slot in _topics.Values)
            {
                slot.CollectPending(waiting);
            }
            await Admission.SwallowAsync(waiting).ConfigureAwait(false);
            await _admission.WhenPassedAsync().ConfigureAwait(false);
            var batches = new List<Task>();
            foreach (var slot in _topics.Values)
            {
                foreach (var partition in slot.Partitions)
                {
                    partition.CollectUnfinished(batches);
                }
            }
            WakeSenders();
            await Task.WhenAll(batches).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _flushing);
        }
    }

    void CountFailure(ProduceBatch batch, ProduceException error)
    {
        Metrics.RecordsFailed.Add(batch.Count, Metrics.Topic(batch.Partition.Topic));
        LogMessages.ProduceFailed(
            _core.Logger, batch.Count, batch.Partition.Topic, batch.Partition.Index, error.Message);
        if (batch.Unawaited == 0)
        {
            return;
        }
        lock (_failureLock)
        {
            _failedCount += batch.Unawaited;
            _firstFailure ??= error;
        }
    }
}
