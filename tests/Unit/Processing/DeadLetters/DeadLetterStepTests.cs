using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Client;
using Millrace.Processing;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;
using Millrace.Protocol;
using Xunit;
using LogMessages = Millrace.Processing.LogMessages;

namespace Millrace.Unit.Processing.DeadLetters;

public sealed class DeadLetterStepTests
{
    readonly FakeProducer _producer = new();
    readonly DeadLetterTargets _targets = new();
    readonly DeadLetterOptions _options = new()
    {
        Enabled = true,
        ProduceBackoff = Backoff.Exponential(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), 1, jitter: 0),
    };

    public DeadLetterStepTests() => _targets.Set("orders", "orders.DLT", 6);

    DeadLetterStep Step() => new(
        _options, _producer, _targets, new StillClock(TestRecords.Now), new Random(1),
            new LogMessages(NullLogger.Instance));

    static DeadLetterArguments Failed(Delivery record) => new(
        record,
        new RetryArguments(
            FailureKind.Permanent, new FormatException("bad"), Backoff.None, FailureReason.Permanent, default),
        record.Attempt, TestRecords.Now, "h", "g");

    [Fact]
    public async Task The_same_partition_key_and_value_arrive()
    {
        var outcome = await Step().SendAsync(Failed(TestRecords.Record("v", "k")), CancellationToken.None);
        Assert.Equal(OutcomeKind.DeadLettered, outcome.Kind);
        var sent = Assert.Single(_producer.Sent);
        Assert.Equal(new TopicPartition("orders.DLT", 3), sent.Target);
        Assert.Equal("k"u8.ToArray(), sent.Key);
        Assert.Equal("v"u8.ToArray(), sent.Value);
    }

    [Fact]
    public async Task Null_key_and_null_value_stay_null()
    {
        await Step().SendAsync(Failed(TestRecords.Record(null, null)), CancellationToken.None);
        var sent = Assert.Single(_producer.Sent);
        Assert.Null(sent.Key);
        Assert.Null(sent.Value);
    }

    [Fact]
    public async Task A_smaller_dead_letter_topic_keeps_partitions_together()
    {
        _targets.Set("orders", "orders.DLT", 2);
        await Step().SendAsync(Failed(TestRecords.Record()), CancellationToken.None);
        Assert.Equal(1, Assert.Single(_producer.Sent).Target.Partition);
    }

    [Fact]
    public async Task Not_acknowledged_stays_pending_with_growing_waits_and_is_resumed_without_the_handler()
    {
        var step = Step();
        var record = TestRecords.Record(attempt: 3);
        _producer.Failures.Enqueue(new KafkaConnectionException("gone"));
        _producer.Failures.Enqueue(new KafkaConnectionException("gone"));
        var outcome = await step.SendAsync(Failed(record), CancellationToken.None);
        Assert.Equal((OutcomeKind.Retry, TimeSpan.FromSeconds(1)), (outcome.Kind, outcome.Delay));

        record.Attempt = 4;
        Assert.True(step.TryResume(record, CancellationToken.None, out var second));
        outcome = await second;
        Assert.Equal((OutcomeKind.Retry, TimeSpan.FromSeconds(2)), (outcome.Kind, outcome.Delay));

        record.Attempt = 5;
        Assert.True(step.TryResume(record, CancellationToken.None, out var third));
        Assert.Equal(OutcomeKind.DeadLettered, (await third).Kind);
        Assert.Equal(3, DeadLetterHeaders.Read(Assert.Single(_producer.Sent).Headers)!.Attempts);
        Assert.False(step.TryResume(record, CancellationToken.None, out _));
    }

    [Fact]
    public async Task A_pooled_delivery_that_carries_another_record_is_not_taken_for_the_pending_one()
    {
        var step = Step();
        var record = TestRecords.Record();
        _producer.Failures.Enqueue(new TimeoutException());
        await step.SendAsync(Failed(record), CancellationToken.None);
        record.Offset++;
        Assert.False(step.TryResume(record, CancellationToken.None, out _));
        record.Offset--;
        record.Lease = TestRecords.LeaseOf(record.TopicPartition);
        Assert.False(step.TryResume(record, CancellationToken.None, out _));
    }

    [Fact]
    public async Task Too_large_is_tried_again_without_the_stack_trace()
    {
        var step = Step();
        var record = TestRecords.Record();
        _producer.Failures.Enqueue(new KafkaServerException(ErrorCode.MessageTooLarge));
        Assert.Equal(OutcomeKind.Retry, (await step.SendAsync(Failed(record), CancellationToken.None)).Kind);
        Assert.True(step.TryResume(record, CancellationToken.None, out var second));
        Assert.Equal(OutcomeKind.DeadLettered, (await second).Kind);
        Assert.Null(DeadLetterHeaders.Read(Assert.Single(_producer.Sent).Headers)!.StackTrace);
    }

    [Fact]
    public async Task A_lease_that_ends_meanwhile_abandons_the_record()
    {
        using var ended = new CancellationTokenSource();
        await ended.CancelAsync();
        _producer.Failures.Enqueue(new OperationCanceledException(ended.Token));
        var outcome = await Step().SendAsync(Failed(TestRecords.Record()), ended.Token);
        Assert.Equal(OutcomeKind.Abandoned, outcome.Kind);
    }
}

/// <summary>Takes dead letters, or fails as told.</summary>
sealed class FakeProducer : IDeadLetterProducer
{
    public Queue<Exception> Failures { get; } = [];

    public List<(
        TopicPartition Target, byte[]? Key, byte[]? Value, IReadOnlyList<RecordHeader> Headers)> Sent { get; } = [];

    public async ValueTask ProduceAsync(
        TopicPartition target, ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value,
        IReadOnlyList<RecordHeader> headers, CancellationToken cancellation)
    {
        await Task.Yield();
        if (Failures.TryDequeue(out var failure))
        {
            throw failure;
        }

        lock (Sent)
        {
            Sent.Add((target, key?.ToArray(), value?.ToArray(), headers));
        }
    }
}
