using System.Reflection;
using Millrace.Processing;
using Millrace.Processing.Retry;
using Millrace.Processing.Serialization;
using Xunit;

namespace Millrace.Unit.Processing.Retry;

public sealed class ClassificationTests
{
    static readonly Backoff Short = Backoff.Exponential(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8), 3, jitter: 0);
    static readonly Backoff Long = Backoff.Fixed(TimeSpan.FromMinutes(1), 10);

    static RetryStep Step(Action<RetryBuilder> rules)
    {
        var options = new RetryOptions();
        rules(new RetryBuilder(options));
        return new RetryStep(options, new Random(1));
    }

    [Fact]
    public void What_no_rule_names_is_permanent() =>
        Assert.Equal(FailureKind.Permanent, Step(_ => { }).Classify(new TimeoutException()).Kind);

    [Fact]
    public void Otherwise_makes_the_unnamed_transient()
    {
        var found = Step(on => on.Permanent<ArgumentException>().Otherwise(Long)).Classify(new TimeoutException());
        Assert.Equal(FailureKind.Transient, found.Kind);
        Assert.Same(Long, found.Backoff);
    }

    [Fact]
    public void The_most_derived_type_decides_whatever_the_order()
    {
        var step = Step(
            on => on.Transient<Exception>(Short).Permanent<ArgumentException>().Transient<ArgumentNullException>(Long));
        Assert.Equal(FailureKind.Transient, step.Classify(new InvalidOperationException()).Kind);
        Assert.Equal(FailureKind.Permanent, step.Classify(new ArgumentOutOfRangeException()).Kind);
        Assert.Same(Long, step.Classify(new ArgumentNullException()).Backoff);
    }

    [Fact]
    public void Among_rules_of_one_type_the_first_whose_predicate_agrees_decides()
    {
        var step = Step(on => on
            .Transient<HttpRequestException>(e => e.StatusCode == System.Net.HttpStatusCode.TooManyRequests, Long)
            .Transient<HttpRequestException>(e => (int?)e.StatusCode >= 500, Short)
            .Permanent<HttpRequestException>());
        Assert.Same(Long, step.Classify(Http(429)).Backoff);
        Assert.Same(Short, step.Classify(Http(503)).Backoff);
        Assert.Equal(FailureKind.Permanent, step.Classify(Http(404)).Kind);

        static HttpRequestException Http(int status) => new(null, null, (System.Net.HttpStatusCode)status);
    }

    [Fact]
    public void Wrappers_of_tasks_and_reflection_are_looked_through()
    {
        var step = Step(on => on.Transient<TimeoutException>(Short));
        var inner = new TimeoutException("slow");
        var found = step.Classify(new AggregateException(new TargetInvocationException(inner)));
        Assert.Equal(FailureKind.Transient, found.Kind);
        Assert.Same(inner, found.Exception);
    }

    [Fact]
    public void A_cause_counts_when_nothing_above_it_is_named()
    {
        var step = Step(on => on.Transient<TimeoutException>(Short).Permanent<InvalidDataException>());
        var wrapped = new InvalidOperationException("update failed", new TimeoutException());
        Assert.Equal(FailureKind.Transient, step.Classify(wrapped).Kind);
        Assert.Same(wrapped, step.Classify(wrapped).Exception);
        Assert.Equal(
            FailureKind.Permanent, step.Classify(new InvalidDataException("bad", new TimeoutException())).Kind);
    }

    [Fact]
    public void Of_several_failures_at_once_a_permanent_one_decides_and_skipping_needs_all()
    {
        var options = new RetryOptions();
        new RetryBuilder(options).Transient<TimeoutException>(Short).Permanent<ArgumentException>();
        options.Rules.Add(new RetryRule(typeof(FormatException), FailureKind.Skip));
        var step = new RetryStep(options, new Random(1));
        Assert.Equal(FailureKind.Permanent, Kind(new TimeoutException(), new ArgumentException()));
        Assert.Equal(FailureKind.Transient, Kind(new FormatException(), new TimeoutException()));
        Assert.Equal(FailureKind.Skip, Kind(new FormatException(), new FormatException()));
        Assert.Equal(FailureKind.Permanent, Kind(new FormatException(), new FileNotFoundException()));

        FailureKind Kind(params Exception[] all) => step.Classify(new AggregateException(all)).Kind;
    }

    [Fact]
    public void Unreadable_values_are_permanent_even_when_everything_else_is_retried()
    {
        var found = Step(on => on.Transient<FormatException>(Short).Otherwise(Long))
            .Classify(new DeserializationException("bad", new FormatException()));
        Assert.Equal(FailureKind.Permanent, found.Kind);
        Assert.Equal("deserialization", found.ReasonText);
    }

    [Fact]
    public void Unreadable_values_are_retried_when_a_rule_says_so() => Assert.Equal(
        FailureKind.Transient,
        Step(on => on.Transient<DeserializationException>(Short)).Classify(new DeserializationException("bad")).Kind);

    [Fact]
    public void After_the_last_attempt_a_transient_failure_is_given_up_on()
    {
        var step = Step(on => on.Transient<TimeoutException>(Short));
        Assert.Equal(TimeSpan.FromSeconds(1), step.Decide(new TimeoutException(), 1).Delay);
        Assert.Equal(TimeSpan.FromSeconds(2), step.Decide(new TimeoutException(), 2).Delay);
        var last = step.Decide(new TimeoutException(), 3);
        Assert.Equal(FailureKind.Permanent, last.Kind);
        Assert.Equal("retries-exhausted", last.ReasonText);
    }

    [Fact]
    public void Jitter_comes_from_the_seed()
    {
        var options = new RetryOptions();
        new RetryBuilder(options).Otherwise(Backoff.Exponential(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1), 50));
        Assert.Equal(Delays(7), Delays(7));
        Assert.NotEqual(Delays(7), Delays(8));

        List<TimeSpan> Delays(int seed)
        {
            var step = new RetryStep(options, new Random(seed));
            return [.. Enumerable.Range(1, 10).Select(attempt => step.Decide(new TimeoutException(), attempt).Delay)];
        }
    }

    [Fact]
    public void A_cycle_of_causes_ends()
    {
        Exception deep = new InvalidOperationException();
        for (var i = 0; i < 1000; i++)
        {
            deep = new InvalidOperationException("layer", deep);
        }

        Assert.Equal(FailureKind.Permanent, Step(on => on.Transient<TimeoutException>(Short)).Classify(deep).Kind);
    }
}
