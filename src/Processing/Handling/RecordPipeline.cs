using System.Diagnostics;
using System.Runtime.CompilerServices;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;

namespace Millrace.Processing.Handling;

/// <summary>
/// What happens to one record: read the value, call the handler, and on failure classify it and answer with what comes
/// next. One catch, at the edge to the user's code; everything after it is values. A handler that completes at once
/// costs
/// no allocation here.
/// </summary>
sealed class RecordPipeline : IRecordPipeline
{
    readonly Dictionary<string, TopicHandler> _handlers;
    readonly RetryStep _retry;
    readonly DeadLetterStep _deadLetters;
    readonly ListenerMetrics _metrics;
    readonly LogMessages _log;
    readonly string _groupId;

    public RecordPipeline(
        string groupId,
        IEnumerable<TopicHandler> handlers,
        RetryStep retry,
        DeadLetterStep deadLetters,
        ListenerMetrics metrics,
        LogMessages log)
    {
        _groupId = groupId;
        _handlers = handlers.ToDictionary(handler => handler.Topic, StringComparer.Ordinal);
        _retry = retry;
        _deadLetters = deadLetters;
        _metrics = metrics;
        _log = log;
    }

    public ValueTask<Outcome> InvokeAsync(Delivery delivery, CancellationToken cancellation)
    {
        if (delivery.Attempt > 1 && _deadLetters.TryResume(delivery, cancellation, out var resumed))
        {
            return resumed;
        }

        var handler = _handlers[delivery.Topic];
        return Tracing.IsOn
            ? TracedAsync(handler, delivery, cancellation)
            : RunAsync(handler, delivery, cancellation);
    }

    ValueTask<Outcome> RunAsync(TopicHandler handler, Delivery delivery, CancellationToken cancellation)
    {
        var started = _metrics.Start(delivery);
        ValueTask handling;
        try
        {
            handling = handler.InvokeAsync(delivery, cancellation, out var unreadable);
            if (unreadable is not null)
            {
                return FailedAsync(handler, delivery, started, unreadable, cancellation);
            }

            if (handling.IsCompletedSuccessfully)
            {
                handling.GetAwaiter().GetResult();
                _metrics.Stop(delivery, started, null);
                return new ValueTask<Outcome>(Outcome.Done);
            }
        }
#pragma warning disable CA1031 // The edge to user code: every exception is an outcome.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return FailedAsync(handler, delivery, started, exception, cancellation);
        }

        return AwaitAsync(handling, handler, delivery, started, cancellation);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<Outcome> AwaitAsync(
        ValueTask handling, TopicHandler handler, Delivery delivery, long started, CancellationToken cancellation)
    {
        Exception failure;
        try
        {
            await handling.ConfigureAwait(false);
            _metrics.Stop(delivery, started, null);
            return Outcome.Done;
        }
#pragma warning disable CA1031 // The edge to user code: every exception is an outcome.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            failure = exception;
        }

        return await FailedAsync(handler, delivery, started, failure, cancellation).ConfigureAwait(false);
    }

    // Activity.Current flows down only: set in an async method, it does not leak into the pump.
    async ValueTask<Outcome> TracedAsync(TopicHandler handler, Delivery delivery, CancellationToken cancellation)
    {
        using var activity = Tracing.Start(delivery, _groupId, handler.Name);
        var outcome = await RunAsync(handler, delivery, cancellation).ConfigureAwait(false);
        Tracing.Finish(activity, outcome);
        return outcome;
    }

    ValueTask<Outcome> FailedAsync(
        TopicHandler handler, Delivery delivery, long started, Exception thrown, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            // The lease is over or about to be, and drivers have exceptions of their own for a cancelled call: the
            // next owner runs the record again, and only what fails there is a failure.
            return new ValueTask<Outcome>(Outcome.Abandoned);
        }

        _metrics.Stop(delivery, started, thrown);
        var failure = _retry.Decide(thrown, delivery.Attempt);
        Tracing.Failed(Activity.Current, failure.Exception);
        switch (failure.Kind)
        {
            case FailureKind.Transient:
                _log.RetryScheduled(
                    delivery.Topic, delivery.Partition, delivery.Offset, delivery.Attempt, failure.Delay,
                    failure.Exception);
                return new ValueTask<Outcome>(Outcome.RetryAfter(failure.Delay, failure.Exception));

            case FailureKind.Skip:
                _log.RecordSkipped(
                    delivery.Topic, delivery.Partition, delivery.Offset, handler.Name, failure.Exception);
                return new ValueTask<Outcome>(Outcome.Skipped);

            default:
                return _deadLetters.IsEnabled
                    ? _deadLetters.SendAsync(
                        new DeadLetterArguments(
                            delivery, failure, delivery.Attempt, _deadLetters.Clock.GetUtcNow(), handler.Name,
                            _groupId),
                        cancellation)
                    : new ValueTask<Outcome>(Outcome.StopPartition(failure.Exception));
        }
    }
}
