using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Processing;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Handling;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;
using Millrace.Processing.Serialization;
using Millrace.Unit.Processing.DeadLetters;
using Xunit;

namespace Millrace.Unit.Processing.Handling;

public sealed class RecordPipelineTests : IDisposable
{
    readonly FakeProducer _producer = new();
    readonly RetryOptions _retry = new();
    readonly DeadLetterOptions _deadLetter = new();
    readonly Metrics _metrics = new();
    readonly StillClock _clock = new(TestRecords.Now);

    public void Dispose() => _metrics.Dispose();

    RecordPipeline Pipeline<T>(Func<T, RecordInfo, CancellationToken, ValueTask> handler)
    {
        var targets = new DeadLetterTargets();
        targets.Set("orders", "orders.DLT", 6);
        var log = new LogMessages(NullLogger.Instance);
        var services = new ServiceCollection();
        var provider = services.BuildServiceProvider();
        var context = new BindContext(
            provider, new ServiceLifetimes(services, provider), new SerializationOptions(), []);
        var definition = new DirectHandler<T>("orders", handler, (value, record, _, ct) => handler(value, record, ct));
        return new RecordPipeline(
            "g", [definition.Bind(context)], new RetryStep(_retry, new Random(1)),
            new DeadLetterStep(_deadLetter, _producer, targets, _clock, new Random(1), log),
            _metrics.For("g", _clock, () => null), log);
    }

    static ValueTask Throw(Exception exception) => throw exception;

    static async ValueTask ThrowLater(Exception exception)
    {
        await Task.Yield();
        throw exception;
    }

    [Fact]
    public async Task A_handler_that_returns_is_done()
    {
        var seen = new List<string>();
        var pipeline = Pipeline<string>(async (value, _, _) =>
        {
            await Task.Yield();
            seen.Add(value);
        });
        Assert.Equal(
            OutcomeKind.Done, (await pipeline.InvokeAsync(TestRecords.Record("x"), CancellationToken.None)).Kind);
        Assert.Equal("x", Assert.Single(seen));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Without_a_policy_the_partition_stops(bool later)
    {
        var error = new FormatException("bad");
        var pipeline = Pipeline<string>((_, _, _) => later ? ThrowLater(error) : Throw(error));
        var outcome = await pipeline.InvokeAsync(TestRecords.Record(), CancellationToken.None);
        Assert.Equal(OutcomeKind.StopPartition, outcome.Kind);
        Assert.Same(error, outcome.Error);
        Assert.Empty(_producer.Sent);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_transient_failure_is_retried_until_its_attempts_are_used_up(bool later)
    {
        new RetryBuilder(_retry).Transient<TimeoutException>(
            Backoff.Exponential(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9), 3, jitter: 0));
        _deadLetter.Enabled = true;
        var pipeline = Pipeline<string>(
            (_, _, _) => later ? ThrowLater(new TimeoutException()) : Throw(new TimeoutException()));
        var outcomes = new List<Outcome>();
        var record = TestRecords.Record();
        for (record.Attempt = 1; record.Attempt <= 3; record.Attempt++)
        {
            outcomes.Add(await pipeline.InvokeAsync(record, CancellationToken.None));
        }

        Assert.Equal(
            [OutcomeKind.Retry, OutcomeKind.Retry, OutcomeKind.DeadLettered], outcomes.Select(outcome => outcome.Kind));
        Assert.Equal([1, 2], outcomes.Take(2).Select(outcome => outcome.Delay.TotalSeconds));
        var info = DeadLetterHeaders.Read(Assert.Single(_producer.Sent).Headers)!;
        Assert.Equal((3, "retries-exhausted", "g"), (info.Attempts, info.Reason, info.ConsumerGroup));
    }

    [Fact]
    public async Task A_skip_rule_skips_and_nothing_else_does()
    {
        _retry.Rules.Add(new RetryRule(typeof(FormatException), FailureKind.Skip));
        var outcome = await Pipeline<string>((_, _, _) => Throw(new FormatException()))
            .InvokeAsync(TestRecords.Record(), CancellationToken.None);
        Assert.Equal(OutcomeKind.Skipped, outcome.Kind);
        outcome = await Pipeline<string>((_, _, _) => Throw(new ArithmeticException()))
            .InvokeAsync(TestRecords.Record(), CancellationToken.None);
        Assert.Equal(OutcomeKind.StopPartition, outcome.Kind);
    }

    [Fact]
    public async Task An_unreadable_value_is_dead_lettered_with_its_bytes_untouched_and_the_handler_is_not_called()
    {
        _deadLetter.Enabled = true;
        new RetryBuilder(_retry).Otherwise(Backoff.Fixed(TimeSpan.FromSeconds(1), 10));
        var called = false;
        var pipeline = Pipeline<Payload>((_, _, _) =>
        {
            called = true;
            return default;
        });
        var outcome = await pipeline.InvokeAsync(TestRecords.Record("\0\0\0\0\u0007not json"), CancellationToken.None);
        Assert.Equal(OutcomeKind.DeadLettered, outcome.Kind);
        Assert.False(called);
        var sent = Assert.Single(_producer.Sent);
        Assert.Equal("\0\0\0\0\u0007not json"u8.ToArray(), sent.Value);
        var info = DeadLetterHeaders.Read(sent.Headers)!;
        Assert.Equal("deserialization", info.Reason);
        Assert.Contains("schema registry", info.ExceptionMessage);
    }

    [Fact]
    public async Task A_handler_cancelled_with_its_lease_is_abandoned_and_its_own_cancellation_is_a_failure()
    {
        using var lease = new CancellationTokenSource();
        await lease.CancelAsync();
        var pipeline = Pipeline<string>((_, _, ct) => Throw(new OperationCanceledException(ct)));
        Assert.Equal(OutcomeKind.Abandoned, (await pipeline.InvokeAsync(TestRecords.Record(), lease.Token)).Kind);
        Assert.Equal(
            OutcomeKind.StopPartition, (await pipeline.InvokeAsync(TestRecords.Record(), CancellationToken.None)).Kind);
    }

    [Fact]
    public async Task While_the_dead_letter_waits_the_handler_is_not_called_again()
    {
        _deadLetter.Enabled = true;
        var calls = 0;
        var pipeline = Pipeline<string>((_, _, _) =>
        {
            calls++;
            throw new FormatException();
        });
        _producer.Failures.Enqueue(new TimeoutException());
        var record = TestRecords.Record();
        Assert.Equal(OutcomeKind.Retry, (await pipeline.InvokeAsync(record, CancellationToken.None)).Kind);
        record.Attempt = 2;
        Assert.Equal(OutcomeKind.DeadLettered, (await pipeline.InvokeAsync(record, CancellationToken.None)).Kind);
        Assert.Equal(1, calls);
    }

    [Fact]
    public void A_handler_that_completes_at_once_costs_no_allocation()
    {
        var pipeline = Pipeline<ReadOnlyMemory<byte>>((_, _, _) => default);
        var record = TestRecords.Record();
        Run(1000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Run(1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run(int times)
        {
            for (var i = 0; i < times; i++)
            {
                var task = pipeline.InvokeAsync(record, CancellationToken.None);
                Assert.True(task.IsCompletedSuccessfully && task.Result.Kind == OutcomeKind.Done);
            }
        }
    }

    [Fact]
    public async Task The_span_continues_the_trace_of_the_records_header()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Millrace.Processing",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity =>
            {
                if (activity.TraceId.ToHexString() == "0af7651916cd43dd8448eb211c80319c")
                {
                    spans.Add(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        var traced = default(string);
        var pipeline = Pipeline<string>(async (_, _, _) =>
        {
            await Task.Yield();
            traced = Activity.Current?.TraceId.ToHexString();
            throw new FormatException("bad");
        });
        var record = TestRecords.Record(headers:
        [
            new("traceparent", Encoding.ASCII.GetBytes("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")),
            new("tracestate", Encoding.ASCII.GetBytes("a=b")),
        ]);
        await pipeline.InvokeAsync(record, CancellationToken.None);
        Assert.Null(Activity.Current);
        Assert.Equal("0af7651916cd43dd8448eb211c80319c", traced);
        var span = Assert.Single(spans);
        Assert.Equal("process orders", span.DisplayName);
        Assert.Equal(ActivityKind.Consumer, span.Kind);
        Assert.Equal("b7ad6b7169203331", span.ParentSpanId.ToHexString());
        Assert.Equal("b7ad6b7169203331", Assert.Single(span.Links).Context.SpanId.ToHexString());
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal("System.FormatException", span.GetTagItem("error.type"));
        Assert.Equal(42L, span.GetTagItem("messaging.kafka.offset"));
    }

    sealed record Payload(int Number);

    [Fact]
    public async Task A_handler_that_breaks_because_it_was_cancelled_leaves_no_dead_letter()
    {
        // Database drivers throw their own exception for a cancelled command.
        _deadLetter.Enabled = true;
        var pipeline = Pipeline<string>((_, _, _) => ThrowLater(new IOException("operation cancelled by user")));
        var outcome = await pipeline.InvokeAsync(TestRecords.Record("x"), new CancellationToken(canceled: true));
        Assert.Equal(OutcomeKind.Abandoned, outcome.Kind);
        Assert.Empty(_producer.Sent);
    }

    [Fact]
    public async Task A_timestamp_beyond_any_calendar_does_not_fail_the_handler()
    {
        var seen = default(DateTimeOffset);
        var pipeline = Pipeline<string>((_, record, _) =>
        {
            seen = record.Timestamp;
            return default;
        });
        var delivery = TestRecords.Record("x");
        delivery.TimestampMs = 1_700_000_000_123_456;             // microseconds
        Assert.Equal(OutcomeKind.Done, (await pipeline.InvokeAsync(delivery, CancellationToken.None)).Kind);
        Assert.Equal(9999, seen.Year);
    }
}
