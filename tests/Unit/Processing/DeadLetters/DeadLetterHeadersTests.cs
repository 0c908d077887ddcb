using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Millrace.Processing;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Retry;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Processing.DeadLetters;

public sealed class DeadLetterHeadersTests
{
    static readonly DeadLetterOptions Plain = new() { Enabled = true };
    static readonly DeadLetterOptions WithSpring = new() { Enabled = true, SpringHeaders = true };

    static DeadLetterArguments Failed(IReadOnlyList<RecordHeader>? headers = null, Exception? exception = null) => new(
        TestRecords.Record(headers: headers),
        new RetryArguments(
            FailureKind.Permanent, exception ?? Thrown(), Backoff.None, FailureReason.RetriesExhausted, default),
        4, TestRecords.Now, "Order@orders", "order-service");

    static InvalidOperationException Thrown()
    {
        try
        {
            throw new InvalidOperationException("no stock für 42", new TimeoutException("db"));
        }
        catch (InvalidOperationException exception)
        {
            return exception;
        }
    }

    [Fact]
    public void The_records_own_headers_come_first_in_order_with_nulls_and_repetitions()
    {
        RecordHeader[] own = [TestRecords.Header("a", "1"), TestRecords.Header("b", null),
            TestRecords.Header("a", "2")];
        var headers = DeadLetterWriter.Headers(Failed(own), Plain, brief: false);
        Assert.Equal(own, headers.Take(3));
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        var info = DeadLetterHeaders.Read(DeadLetterWriter.Headers(Failed(), Plain, brief: false))!;
        Assert.Equal(DeadLetterFamily.Millrace, info.Family);
        Assert.Equal("orders", info.OriginalTopic);
        Assert.Equal(3, info.OriginalPartition);
        Assert.Equal(42, info.OriginalOffset);
        Assert.Equal(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123), info.OriginalTimestamp);
        Assert.Equal("CreateTime", info.OriginalTimestampType);
        Assert.Equal("order-service", info.ConsumerGroup);
        Assert.Equal("System.InvalidOperationException", info.ExceptionType);
        Assert.Equal("no stock für 42", info.ExceptionMessage);
        Assert.Contains(nameof(Thrown), info.StackTrace);
        Assert.Equal(4, info.Attempts);
        Assert.Equal(TestRecords.Now, info.FailedAt);
        Assert.Equal("Order@orders", info.Handler);
        Assert.Equal("retries-exhausted", info.Reason);
        Assert.Equal(1, info.Count);
    }

    [Fact]
    public void Our_values_are_plain_text()
    {
        var headers = DeadLetterWriter.Headers(Failed(), Plain, brief: false);
        Assert.Equal("3", TestRecords.Text(headers, "millrace-original-partition"));
        Assert.Equal("42", TestRecords.Text(headers, "millrace-original-offset"));
        Assert.Equal("1700000000123", TestRecords.Text(headers, "millrace-original-timestamp"));
        Assert.Equal("2026-03-04T05:06:07.890Z", TestRecords.Text(headers, "millrace-failed-at"));
    }

    [Fact]
    public void Spring_headers_have_its_names_order_and_bytes()
    {
        var headers = DeadLetterWriter.Headers(Failed(), WithSpring, brief: false)
            .Where(header => header.Key.StartsWith("kafka_", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            [
                "kafka_dlt-exception-fqcn", "kafka_dlt-exception-cause-fqcn", "kafka_dlt-exception-message",
                "kafka_dlt-exception-stacktrace", "kafka_dlt-original-topic", "kafka_dlt-original-partition",
                "kafka_dlt-original-offset", "kafka_dlt-original-timestamp", "kafka_dlt-original-timestamp-type",
                "kafka_dlt-original-consumer-group",
            ],
            headers.Select(header => header.Key));
        Assert.Equal([0, 0, 0, 3], headers[5].Value!.Value.ToArray());
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 42], headers[6].Value!.Value.ToArray());
        Assert.Equal([0, 0, 0x01, 0x8B, 0xCF, 0xE5, 0x68, 0x7B], headers[7].Value!.Value.ToArray());
        Assert.Equal("System.TimeoutException", TestRecords.Text(headers, "kafka_dlt-exception-cause-fqcn"));
        Assert.Equal("CreateTime", TestRecords.Text(headers, "kafka_dlt-original-timestamp-type"));
        Assert.Equal("order-service", TestRecords.Text(headers, "kafka_dlt-original-consumer-group"));
    }

    [Fact]
    public void Spring_headers_are_read()
    {
        var written = DeadLetterWriter.Headers(Failed(), WithSpring, brief: false);
        var info = DeadLetterHeaders.Read(
            [.. written.Where(header => header.Key.StartsWith("kafka_", StringComparison.Ordinal))])!;
        Assert.Equal(DeadLetterFamily.Spring, info.Family);
        Assert.Equal("orders", info.OriginalTopic);
        Assert.Equal(3, info.OriginalPartition);
        Assert.Equal(42, info.OriginalOffset);
        Assert.Equal(1_700_000_000_123, info.OriginalTimestamp!.Value.ToUnixTimeMilliseconds());
        Assert.Equal("order-service", info.ConsumerGroup);
        Assert.Equal("System.TimeoutException", info.ExceptionType);
        Assert.Equal("no stock für 42", info.ExceptionMessage);
    }

    [Fact]
    public void Springs_retry_topics_are_read_first_origin_and_last_attempt()
    {
        var info = DeadLetterHeaders.Read(
        [
            TestRecords.Header("kafka_original-topic", "orders"),
            new RecordHeader("kafka_original-partition", new byte[] { 0, 0, 0, 1 }),
            new RecordHeader("kafka_original-offset", new byte[] { 0, 0, 0, 0, 0, 0, 1, 0 }),
            TestRecords.Header("kafka_dlt-original-consumer-group", "g"),
            TestRecords.Header(
                "kafka_exception-fqcn", "org.springframework.kafka.listener.ListenerExecutionFailedException"),
            TestRecords.Header("kafka_exception-cause-fqcn", "com.shop.NoStock"),
            new RecordHeader("retry_topic-attempts", new byte[] { 0, 0, 0, 2 }),
            TestRecords.Header("kafka_original-topic", "orders-retry-500"),
            new RecordHeader("retry_topic-attempts", new byte[] { 0, 0, 0, 4 }),
        ])!;
        Assert.Equal("orders", info.OriginalTopic);
        Assert.Equal(1, info.OriginalPartition);
        Assert.Equal(256, info.OriginalOffset);
        Assert.Equal("com.shop.NoStock", info.ExceptionType);
        Assert.Equal("g", info.ConsumerGroup);
        Assert.Equal(3, info.Attempts);
    }

    [Fact]
    public void Headers_of_no_dead_letter_say_nothing()
    {
        Assert.Null(DeadLetterHeaders.Read([]));
        Assert.Null(DeadLetterHeaders.Read([TestRecords.Header("traceparent", "x")]));
    }

    [Fact]
    public void A_second_failure_moves_the_first_aside_and_counts()
    {
        var first = DeadLetterWriter.Headers(Failed([TestRecords.Header("id", "7")]), Plain, brief: false);
        var second = DeadLetterWriter.Headers(Failed(first, new FormatException("again")), Plain, brief: false);
        Assert.Equal("7", TestRecords.Text(second, "id"));
        Assert.Equal("System.FormatException", TestRecords.Text(second, DeadLetterHeaders.ExceptionType));
        Assert.Equal("System.InvalidOperationException", TestRecords.Text(second, "millrace-prev-exception-type"));
        Assert.Equal("2", TestRecords.Text(second, DeadLetterHeaders.Count));

        var third = DeadLetterWriter.Headers(Failed(second, new TimeoutException()), Plain, brief: false);
        Assert.Equal("System.FormatException", TestRecords.Text(third, "millrace-prev-exception-type"));
        Assert.Equal("3", TestRecords.Text(third, DeadLetterHeaders.Count));
        Assert.Equal(second.Count, third.Count);
    }

    [Fact]
    public void Headers_that_a_replay_moved_aside_are_kept()
    {
        var headers = DeadLetterWriter.Headers(
            Failed([TestRecords.Header("millrace-prev-exception-type", "A"),
                TestRecords.Header(DeadLetterHeaders.Count, "5")]),
            Plain, brief: false);
        Assert.Equal("A", TestRecords.Text(headers, "millrace-prev-exception-type"));
        Assert.Equal("6", TestRecords.Text(headers, DeadLetterHeaders.Count));
    }

    [Fact]
    public void A_second_failure_keeps_springs_first_origin_and_replaces_its_exception()
    {
        var first = DeadLetterWriter.Headers(Failed(), WithSpring, brief: false);
        var second = DeadLetterWriter.Headers(Failed(first, new FormatException("again")), WithSpring, brief: false);
        Assert.Equal("System.FormatException", TestRecords.Text(second, "kafka_dlt-exception-fqcn"));
        Assert.Equal(2, second.Count(header => header.Key == "kafka_dlt-original-topic"));
    }

    [Fact]
    public void Long_texts_are_cut_between_characters_within_the_limit() => Prop.ForAll(
        ArbMap.Default.ArbFor<(NonNull<string> Text, PositiveInt Max)>(),
        input =>
        {
            var text = string.Concat(input.Text.Get, "ü漢😀");
            var clean = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            var bytes = DeadLetterWriter.Bounded(clean, input.Max.Get);
            var read = new UTF8Encoding(false, true).GetString(bytes);
            return bytes.Length <= input.Max.Get
                && (read == clean || clean.StartsWith(
                    read.Replace(DeadLetterWriter.Cut, "", StringComparison.Ordinal), StringComparison.Ordinal));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_stack_trace_is_cut_and_says_so()
    {
        var options = new DeadLetterOptions { MaxExceptionBytes = 100 };
        var headers = DeadLetterWriter.Headers(Failed(), options, brief: false);
        var trace = TestRecords.Text(headers, DeadLetterHeaders.StackTrace)!;
        Assert.True(Encoding.UTF8.GetByteCount(trace) <= 100);
        Assert.EndsWith("... (cut)", trace, StringComparison.Ordinal);
    }

    [Fact]
    public void A_brief_dead_letter_has_no_stack_trace()
    {
        var headers = DeadLetterWriter.Headers(Failed(), WithSpring, brief: true);
        Assert.DoesNotContain(headers, header => header.Key.EndsWith("stacktrace", StringComparison.Ordinal));
        Assert.NotNull(TestRecords.Text(headers, DeadLetterHeaders.ExceptionType));
    }

    [Fact]
    public void Any_bytes_in_the_headers_are_read_without_a_throw() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonNull<byte[]>>(),
        bytes =>
        {
            var own = DeadLetterHeaders.Names.Append(DeadLetterHeaders.Count)
                .Select(name => new RecordHeader(name, bytes.Get)).ToList();
            var spring = own.Select(header => new RecordHeader(
                header.Key.Replace("millrace-", "kafka_dlt-", StringComparison.Ordinal), bytes.Get)).ToList();
            return DeadLetterHeaders.Read(own)!.Count >= 1 && DeadLetterHeaders.Read(spring)!.Count >= 1;
        }).QuickCheckThrowOnFailure();
}
