using System.Runtime.CompilerServices;
using Millrace.Client;
using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Processing.DeadLetters;

/// <summary>
/// Writes a record that is given up on to its dead-letter topic. It counts as dead-lettered only when the broker
/// acknowledged it; until then the record stays pending and the write is tried again, without calling the handler
/// again.
/// </summary>
sealed class DeadLetterStep
{
    readonly DeadLetterOptions _options;
    readonly IDeadLetterProducer _producer;
    readonly DeadLetterTargets _targets;
    readonly TimeProvider _clock;
    readonly Random _random; // guarded by _random
    readonly LogMessages _log;

    // Deliveries are pooled, so an entry belongs to its record only while lease and offset agree. Weak: a record
    // that is dropped with its lease never comes back to remove its entry.
    readonly ConditionalWeakTable<Delivery, Pending> _pending = [];

    public DeadLetterStep(
        DeadLetterOptions options,
        IDeadLetterProducer producer,
        DeadLetterTargets targets,
        TimeProvider clock,
        Random random,
        LogMessages log)
    {
        _options = options;
        _producer = producer;
        _targets = targets;
        _clock = clock;
        _random = random;
        _log = log;
    }

    public bool IsEnabled => _options.Enabled;

    public TimeProvider Clock => _clock;

    /// <summary>
    /// Goes on with a dead letter whose write failed at an earlier attempt; false when there is none.
    /// </summary>
    public bool TryResume(Delivery delivery, CancellationToken cancellation, out ValueTask<Outcome> outcome)
    {
        if (_pending.TryGetValue(delivery, out var pending) && pending.IsOf(delivery))
        {
            outcome = WriteAsync(pending, cancellation);
            return true;
        }

        outcome = default;
        return false;
    }

    /// <summary>Writes the dead letter. The answer is dead-lettered, or a retry of the write.</summary>
    public ValueTask<Outcome> SendAsync(in DeadLetterArguments arguments, CancellationToken cancellation) =>
        WriteAsync(new Pending(arguments), cancellation);

    async ValueTask<Outcome> WriteAsync(Pending pending, CancellationToken cancellation)
    {
        var arguments = pending.Arguments;
        var delivery = arguments.Delivery;
        var target = _targets.For(delivery.TopicPartition);
        try
        {
            var headers = DeadLetterWriter.Headers(arguments, _options, pending.IsBrief);
            // Not "? null :": null converts to an empty memory by way of byte[], and a tombstone must stay one.
            var key = delivery.IsKeyNull ? default(ReadOnlyMemory<byte>?) : delivery.Key;
            var value = delivery.IsValueNull ? default(ReadOnlyMemory<byte>?) : delivery.Value;
            await _producer.ProduceAsync(target, key, value, headers, cancellation).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Whatever went wrong: not acknowledged is not done, and the record must stay pending.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            if (exception is OperationCanceledException && cancellation.IsCancellationRequested)
            {
                return Outcome.Abandoned;
            }

            return Postpone(pending, target, exception);
        }

        _pending.Remove(delivery);
        _log.DeadLettered(
            delivery.Topic, delivery.Partition, delivery.Offset, target.Topic, arguments.Failure.ReasonText,
            arguments.Attempts, arguments.Failure.Exception);
        return Outcome.DeadLettered;
    }

    Outcome Postpone(Pending pending, TopicPartition target, Exception exception)
    {
        var delivery = pending.Arguments.Delivery;
        pending.Failures++;
        // The stack trace is what we added; without it the record is as large as the broker already accepted once.
        if (IsTooLarge(exception) && !pending.IsBrief)
        {
            pending.IsBrief = true;
        }

        _pending.AddOrUpdate(delivery, pending);
        double sample;
        lock (_random)
        {
            sample = _random.NextDouble();
        }

        var delay = _options.ProduceBackoff.DelayAfter(pending.Failures, sample);
        _log.DeadLetterNotAcknowledged(
            delivery.Topic, delivery.Partition, delivery.Offset, target.Topic, delay, exception);
        return Outcome.RetryAfter(delay, exception);
    }

    static bool IsTooLarge(Exception exception) =>
        exception is KafkaServerException { Code: ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge };

    sealed class Pending(DeadLetterArguments arguments)
    {
        readonly Lease _lease = arguments.Delivery.Lease;
        readonly long _offset = arguments.Delivery.Offset;

        public DeadLetterArguments Arguments { get; } = arguments;

        public int Failures { get; set; }

        public bool IsBrief { get; set; }

        public bool IsOf(Delivery delivery) => ReferenceEquals(_lease, delivery.Lease) && _offset == delivery.Offset;
    }
}
