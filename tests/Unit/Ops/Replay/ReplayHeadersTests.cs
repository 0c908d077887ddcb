using System.Text;
using Millrace.Ops.DeadLetters;
using Millrace.Ops.Replay;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Ops.Replay;

public sealed class ReplayHeadersTests
{
    static RecordHeader Header(string name, string? value) =>
        new(name, value is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(value));

    static DeadLetter Letter(params RecordHeader[] headers) => new()
    {
        Partition = new TopicPartition("orders.DLT", 2),
        Offset = 17,
        Timestamp = DateTimeOffset.UnixEpoch,
        Headers = headers,
    };

    static (string, string?)[] Texts(IEnumerable<RecordHeader> headers) =>
        [.. headers.Select(h => (h.Key, h.Value is { } v ? Encoding.UTF8.GetString(v.Span) : null))];

    [Fact]
    public void The_records_own_headers_stay_in_order_with_duplicates_and_nulls() =>
        Assert.Equal(
            [("b", "1"), ("a", null), ("b", "2"), (ReplayHeaders.Id, "orders.DLT/2/17"), (ReplayHeaders.Count, "1")],
            Texts(ReplayHeaders.For(Letter(Header("b", "1"), Header("a", null), Header("b", "2")))));

    [Fact]
    public void Headers_of_the_failure_become_those_of_the_previous_one_without_the_stack_trace() =>
        Assert.Equal(
            [("millrace-prev-exception-type", "X"), (ReplayHeaders.Id, "orders.DLT/2/17"), (ReplayHeaders.Count, "1")],
            Texts(ReplayHeaders.For(Letter(
                Header("millrace-exception-type", "X"),
                Header("millrace-exception-stacktrace", "at Y"),
                Header("millrace-prev-exception-type", "older")))));

    [Fact]
    public void The_count_of_dead_letterings_lives_through_a_replay() =>
        Assert.Contains(
            ("millrace-dead-letter-count", "2"),
            Texts(ReplayHeaders.For(Letter(Header("millrace-dead-letter-count", "2")))));

    [Fact]
    public void A_second_replay_has_one_id_and_counts_two() =>
        Assert.Equal(
            [(ReplayHeaders.Id, "orders.DLT/2/17"), (ReplayHeaders.Count, "2")],
            Texts(
                ReplayHeaders.For(
                    Letter(Header(ReplayHeaders.Id, "orders.DLT/0/4"), Header(ReplayHeaders.Count, "1")))));

    [Theory]
    [InlineData("orders.DLT/2/17", "orders.DLT", 2, 17)]
    [InlineData("a/0/0", "a", 0, 0)]
    public void An_id_names_its_letter(string id, string topic, int partition, long offset) =>
        Assert.Equal((new TopicPartition(topic, partition), offset), ReplayHeaders.ParseId(Encoding.UTF8.GetBytes(id)));

    [Theory]
    [InlineData("")]
    [InlineData("/0/1")]
    [InlineData("a/1")]
    [InlineData("a/x/1")]
    [InlineData("a/0/-1")]
    [InlineData("a/0/99999999999999999999")]
    public void What_is_no_id_names_nothing(string id) =>
        Assert.Null(ReplayHeaders.ParseId(Encoding.UTF8.GetBytes(id)));

    [Theory]
    [InlineData(null, 0)]
    [InlineData("x", 0)]
    [InlineData("-1", 0)]
    [InlineData("3", 3)]
    public void A_damaged_count_reads_as_zero(string? text, int count) =>
        Assert.Equal(count, ReplayHeaders.CountOf([Header(ReplayHeaders.Count, text)]));
}
