// On a fake clock records carry the test's time, and what waits for time waits until the test moves it.
using Millrace.Client.Consume;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Millrace.Testing;
using Xunit;

namespace Millrace.Scenarios.Testing;

public sealed class TheClockIsTheTests
{
    [Fact]
    public async Task Timestamps_and_timeouts_follow_the_fake_clock()
    {
        var clock = new FakeClock(new DateTimeOffset(2031, 5, 1, 12, 0, 0, TimeSpan.Zero));
        await using var kafka = await TestKafka.StartAsync(new TestKafkaOptions { TimeProvider = clock });
        await using var client = kafka.CreateClient();
        await client.Admin.CreateTopicAsync("orders", 1);
        await using var producer = client.CreateProducer();
        clock.Advance(TimeSpan.FromHours(1));
        var written = await producer.SendAsync(ProducerRecord.FromText("orders", "k", "v"));
        Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds(), written.TimestampMs);

        await using var consumer = client.CreateConsumer();
        consumer.Assign([new PartitionStart(new TopicPartition("orders", 0), 1)]);
        var poll = consumer.PollAsync(TimeSpan.FromMinutes(30)).AsTask();
        await Until.TrueAsync(() => clock.TimerCount > 0, "the poll waits");
        Assert.False(poll.IsCompleted);
        await Until.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromMinutes(1));
                return poll.IsCompleted;
            },
            "the poll is over");
        Assert.Equal(PollKind.Empty, (await poll).Kind);
    }
}
