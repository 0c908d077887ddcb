using System.Reflection;
using Millrace.Processing.Serialization;

namespace Millrace.Processing.Retry;

/// <summary>
/// Decides what a failed attempt leads to. Pure but for the random sample: classification looks at the exception
/// alone, the
/// decision at the classification and the number of the attempt.
/// </summary>
sealed class RetryStep
{
    // A cause chain longer than this is a cycle or a bug; the outermost exceptions are the ones that rules name.
    const int MaxDepth = 16;

    readonly RetryRule[] _rules;
    readonly Backoff? _otherwise;
    readonly Random _random; // guarded by _random: failures are rare, and Random is not safe for threads

    public RetryStep(RetryOptions options, Random random)
    {
        // OrderByDescending is stable: equal depth keeps the order of registration.
        _rules = [.. options.Rules.OrderByDescending(rule => rule.Depth)];
        _otherwise = options.Otherwise;
        _random = random;
    }

    /// <summary>What the exception is, and what comes after attempt number <paramref name="attempt"/>.</summary>
    public RetryArguments Decide(Exception thrown, int attempt)
    {
        var failure = Classify(thrown);
        if (failure.Kind != FailureKind.Transient)
        {
            return failure;
        }

        if (!failure.Backoff.AllowsAnother(attempt))
        {
            return failure with { Kind = FailureKind.Permanent, Reason = FailureReason.RetriesExhausted };
        }

        double sample;
        lock (_random)
        {
            sample = _random.NextDouble();
        }

        return failure with { Delay = failure.Backoff.DelayAfter(attempt, sample) };
    }

    /// <summary>Finds the rule that an exception falls under: itself first, then its causes, outermost first.</summary>
    internal RetryArguments Classify(Exception thrown)
    {
        var exception = Unwrap(thrown);
        if (exception is AggregateException { InnerExceptions.Count: > 1 } several)
        {
            return ClassifySeveral(several);
        }

        var cause = exception;
        for (var depth = 0; cause is not null && depth < MaxDepth; depth++, cause = Inner(cause))
        {
            foreach (var rule in _rules)
            {
                if (rule.Matches(cause))
                {
                    return new RetryArguments(
                        rule.Kind, exception, rule.Backoff, ReasonOf(rule.Kind, exception), default);
                }
            }

            // Bytes that cannot be read now cannot be read later, unless a rule above says so.
            if (cause is DeserializationException)
            {
                break;
            }
        }

        return _otherwise is null || exception is DeserializationException
            ? new RetryArguments(
                FailureKind.Permanent, exception, Backoff.None, ReasonOf(FailureKind.Permanent, exception), default)
            : new RetryArguments(FailureKind.Transient, exception, _otherwise, FailureReason.None, default);
    }

    /// <summary>The exception that the user's code threw, below the wrappers of tasks and reflection.</summary>
    internal static Exception Unwrap(Exception exception)
    {
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            var inner = exception switch
            {
                AggregateException { InnerExceptions.Count: 1 } aggregate => aggregate.InnerExceptions[0],
                TargetInvocationException { InnerException: { } target } => target,
                _ => null,
            };
            if (inner is null)
            {
                break;
            }

            exception = inner;
        }

        return exception;
    }

    // Several failures at once: one that never passes decides; skipping needs all of them to be skippable.
    RetryArguments ClassifySeveral(AggregateException several)
    {
        var transient = default(RetryArguments?);
        var skip = default(RetryArguments?);
        foreach (var inner in several.Flatten().InnerExceptions)
        {
            var one = Classify(inner);
            switch (one.Kind)
            {
                case FailureKind.Permanent:
                    return one with { Exception = several };
                case FailureKind.Transient:
                    transient ??= one;
                    break;
                default:
                    skip ??= one;
                    break;
            }
        }

        return (transient ?? skip)!.Value with { Exception = several };
    }

    static Exception? Inner(Exception exception) =>
        exception.InnerException is { } inner ? Unwrap(inner) : null;

    static FailureReason ReasonOf(FailureKind kind, Exception exception) =>
        kind != FailureKind.Permanent ? FailureReason.None
        : exception is DeserializationException ? FailureReason.Deserialization
        : FailureReason.Permanent;
}
