using Microsoft.Extensions.Configuration;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;

namespace Millrace.Processing.Configuration;

/// <summary>The keys below <c>Millrace:Consumers:GROUP</c>.</summary>
static class ConsumerKeys
{
    static readonly KeyTable<RetryOptions> RetryKeys = BackoffKeys<RetryOptions>(ForAll);

    static readonly KeyTable<RetryRule> RuleKeys =
        BackoffKeys<RetryRule>((rule, change) => rule.Backoff = change(rule.Backoff));

    static readonly KeyTable<DeadLetterOptions> DeadLetterKeys = new KeyTable<DeadLetterOptions>()
        .Key("Enabled", (options, value) => value.AsBoolean(flag => options.Enabled = flag))
        .Key("Topic", (options, value) => value.AsText(topic => options.Topic = topic))
        .Key("Create", (options, value) => value.AsBoolean(flag => options.Create = flag))
        .Key("MaxExceptionBytes", (options, value) => value.AsInt32(bytes => options.MaxExceptionBytes = bytes))
        .Key("SpringHeaders", (options, value) => value.AsBoolean(flag => options.SpringHeaders = flag));

    static readonly KeyTable<ConsumerSettings> Keys = new KeyTable<ConsumerSettings>()
        .Key("Enabled", (settings, value) => value.AsBoolean(flag => settings.Enabled = flag))
        .Key("Order", (settings, value) => value.AsEnum<RecordOrder>(order => settings.Order = order))
        .Key("Concurrency", (settings, value) => value.AsInt32(number => settings.Concurrency = number))
        .Key("MaxInFlight", (settings, value) => value.AsInt32(number => settings.MaxInFlight = number))
        .Key("MaxInFlightBytes", (settings, value) => value.AsInt64(number => settings.MaxInFlightBytes = number))
        .Key("CommitInterval", (settings, value) => value.AsTime(time => settings.CommitInterval = time))
        .Key("DrainTimeout", (settings, value) => value.AsTime(time => settings.DrainTimeout = time))
        .Key("ReadFrom", (settings, value) => value.AsEnum<ReadFrom>(from => settings.ReadFrom = from))
        .Section("Retry", (settings, section, problems) => ApplyRetry(settings.Retry, section, problems))
        .Section("DeadLetter", (settings, section, problems) =>
        {
            // Naming a topic means wanting one; "Enabled" has the last word.
            settings.DeadLetter.Enabled |= section["Topic"] is not null;
            DeadLetterKeys.Apply(settings.DeadLetter, section, problems);
        });

    public static void Apply(ConsumerSettings settings, IConfigurationSection section) =>
        Keys.Apply(settings, section, settings.Problems);

    // "Retry:Attempts" is for every transient rule, "Retry:HttpRequestException:Attempts" for the rules of that
    // type, which therefore come second.
    static void ApplyRetry(RetryOptions retry, IConfigurationSection section, List<string> problems) =>
        RetryKeys.Apply(
            retry, section, problems, ApplyRule, retry.Rules.Select(rule => rule.ExceptionType.Name).Distinct());

    static bool ApplyRule(RetryOptions retry, IConfigurationSection section, List<string> problems)
    {
        var found = false;
        foreach (var rule in retry.Rules)
        {
            if (string.Equals(rule.ExceptionType.Name, section.Key, StringComparison.OrdinalIgnoreCase)
                || string.Equals(rule.ExceptionType.FullName, section.Key, StringComparison.OrdinalIgnoreCase))
            {
                found = true;
                if (rule.Kind == FailureKind.Transient)
                {
                    RuleKeys.Apply(rule, section, problems);
                }
                else
                {
                    problems.Add(
                        $"{section.Path} names a rule without retries; only transient rules have a backoff to change.");
                }
            }
        }

        return found;
    }

    static void ForAll(RetryOptions retry, Func<Backoff, Backoff> change)
    {
        foreach (var rule in retry.Rules)
        {
            if (rule.Kind == FailureKind.Transient)
            {
                rule.Backoff = change(rule.Backoff);
            }
        }

        retry.Otherwise = retry.Otherwise is null ? null : change(retry.Otherwise);
    }

    static KeyTable<T> BackoffKeys<T>(Action<T, Func<Backoff, Backoff>> change) => new KeyTable<T>()
        .Key("Attempts", (target, value) => value.AsInt32(
            number => change(target, backoff => backoff with { Attempts = number })))
        .Key("First", (target, value) => value.AsTime(time => change(target, backoff => backoff with { First = time })))
        .Key("Max", (target, value) => value.AsTime(time => change(target, backoff => backoff with { Max = time })))
        .Key("Factor", (target, value) => value.AsDouble(
            number => change(target, backoff => backoff with { Factor = number })))
        .Key("Jitter", (target, value) => value.AsDouble(
            number => change(target, backoff => backoff with { Jitter = number })));
}
