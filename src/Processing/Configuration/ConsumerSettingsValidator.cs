using Microsoft.Extensions.Options;
using Millrace.Processing.Handling;
using Millrace.Processing.Hosting;
using Millrace.Processing.Listeners;

namespace Millrace.Processing.Configuration;

/// <summary>Checks one consumer at start: every problem at once, each one sentence with its remedy.</summary>
sealed class ConsumerSettingsValidator(ConsumerRegistration registration, IServiceProvider services)
    : IValidateOptions<ConsumerSettings>
{
    // A day: beyond any broker's limit, and far from where milliseconds overflow.
    static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public ValidateOptionsResult Validate(string? name, ConsumerSettings options)
    {
        if (name != registration.OptionsName)
        {
            return ValidateOptionsResult.Skip;
        }

        var problems = new List<string>(options.Problems);
        CheckNumbers(options, problems);
        CheckTopics(options, problems);
        CheckRetry(options, problems);
        var context = registration.BindContext(services, problems);
        foreach (var handler in registration.Handlers)
        {
            handler.Check(context);
        }

        return problems.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(problems.Select(problem => $"Consumer '{registration.GroupId}': {problem}"));
    }

    void CheckNumbers(ConsumerSettings options, List<string> problems)
    {
        if (TopicNames.GroupProblem(registration.GroupId) is { } group)
        {
            problems.Add($"The group id '{registration.GroupId}' {group}.");
        }

        if (options.Concurrency is < 1 or > 100_000)
        {
            problems.Add(
                $"Concurrency is {options.Concurrency}; it counts handlers that run at once, use 1 to 100000.");
        }

        var concurrency = options.Concurrency ?? ListenerPlan.DefaultConcurrency;
        if (options.MaxInFlight is { } max && max < concurrency)
        {
            problems.Add(max < 1
                ? $"MaxInFlight is {max}; use at least 1."
                : $"MaxInFlight is {max}, below Concurrency ({concurrency}): some handlers could never run. "
                    + "Raise MaxInFlight or lower Concurrency.");
        }

        if (options.InstanceId is { } instance && TopicNames.Problem(instance) is { } problem)
        {
            problems.Add($"InstanceId '{instance}' {problem}.");
        }

        if (options.SessionTimeout is { } session && session < TimeSpan.FromSeconds(1))
        {
            problems.Add($"SessionTimeout is {session}; a member that pauses that long would lose its partitions. "
                + "Use at least 00:00:01 (brokers accept 00:00:06 to 00:30:00 by default).");
        }

        if (options.SessionTimeout > Longest)
        {
            problems.Add($"SessionTimeout is {options.SessionTimeout}; nobody would get the partitions of a member "
                + "that died. Use at most 1.00:00:00 (brokers accept up to 00:30:00 by default).");
        }

        if (options.MaxInFlightBytes < 1)
        {
            problems.Add($"MaxInFlightBytes is {options.MaxInFlightBytes}; use a positive number of bytes.");
        }

        if (options.CommitInterval <= TimeSpan.Zero)
        {
            problems.Add($"CommitInterval is {options.CommitInterval}; use a positive time, for example 1s.");
        }

        if (options.DrainTimeout < TimeSpan.Zero)
        {
            problems.Add($"DrainTimeout is {options.DrainTimeout}; use 0s or more.");
        }

        if (options.DrainTimeout > Longest)
        {
            problems.Add($"DrainTimeout is {options.DrainTimeout}; no rebalance and no stop waits that long. "
                + "Use at most 1.00:00:00.");
        }

        if (options.DeadLetter.MaxExceptionBytes is < 0 or > 512 * 1024)
        {
            problems.Add(
                $"DeadLetter:MaxExceptionBytes is {options.DeadLetter.MaxExceptionBytes}; use 0 to 524288, so that "
                + "a dead letter stays below the broker's limit for records.");
        }
    }

    void CheckTopics(ConsumerSettings options, List<string> problems)
    {
        if (registration.Handlers.Count == 0)
        {
            problems.Add("It has no handler; add Handle<T>(\"topic\", ...) or HandleWith<THandler>(\"topic\").");
        }

        foreach (var same in registration.Handlers.GroupBy(handler => handler.Topic, StringComparer.Ordinal))
        {
            if (TopicNames.Problem(same.Key) is { } problem)
            {
                problems.Add($"The topic name '{same.Key}' {problem}.");
            }

            if (same.Count() > 1)
            {
                problems.Add($"Topic '{same.Key}' has {same.Count()} handlers "
                    + $"({Names(same)}); a consumer has one for each topic. "
                    + "Merge them, or register the other with a consumer of its own group.");
            }
        }

        if (options.DeadLetter.Enabled)
        {
            CheckDeadLetterTopics(options, problems);
        }
    }

    static string Names(IEnumerable<HandlerDefinition> handlers) =>
        string.Join(", ", handlers.Select(handler => handler.Name));

    void CheckDeadLetterTopics(ConsumerSettings options, List<string> problems)
    {
        var topics = registration.Topics;
        foreach (var target in topics.Select(options.DeadLetter.TopicFor).Distinct(StringComparer.Ordinal))
        {
            if (TopicNames.Problem(target) is { } problem)
            {
                problems.Add($"The dead-letter topic name '{target}' {problem}.");
            }
            else if (topics.Contains(target, StringComparer.Ordinal))
            {
                problems.Add(
                    $"The dead-letter topic '{target}' is consumed by the same consumer: a record that fails would "
                    + "come back for ever. Use another topic, or handle it in a consumer of its own.");
            }
        }
    }

    static void CheckRetry(ConsumerSettings options, List<string> problems)
    {
        foreach (var rule in options.Retry.Rules)
        {
            if (rule.Kind == Retry.FailureKind.Transient && rule.Backoff.Problem() is { } problem)
            {
                problems.Add($"The backoff of {rule.ExceptionType.Name}: {problem}.");
            }
        }

        if (options.Retry.Otherwise?.Problem() is { } other)
        {
            problems.Add($"The backoff of all other exceptions: {other}.");
        }

        if (options.DeadLetter.ProduceBackoff.Problem() is { } produce)
        {
            problems.Add($"The backoff of dead-letter writes: {produce}.");
        }
    }
}
