using Microsoft.Extensions.Logging;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Millrace.Testing;
using Xunit;

namespace Millrace.Unit.Client.Consume;

/// <summary>A part of a consumer that ends by a bug, ours or that of a logger, must not leave its polls
/// empty.</summary>
public sealed class ConsumerFailureTests
{
    const int PositionFound = 1101;
    const int GroupEvent = 1110;

    [Fact]
    public async Task A_poll_throws_when_finding_positions_broke()
    {
        await using var kafka = await StartAsync();
        await using var client = ClientWith(kafka, PositionFound);
        await using var consumer = client.CreateConsumer(new ConsumerOptions());
        consumer.Assign([new PartitionStart(new TopicPartition("t", 0))]);
        await AssertPollsThrowAsync(consumer);
    }

    [Fact]
    public async Task A_poll_throws_when_the_group_member_broke()
    {
        await using var kafka = await StartAsync();
        await using var client = ClientWith(kafka, GroupEvent);
        await using var consumer = client.CreateConsumer(new ConsumerOptions { GroupId = "g" });
        consumer.Subscribe("t");
        await AssertPollsThrowAsync(consumer);
    }

    static async Task<TestKafka> StartAsync()
    {
        var kafka = await TestKafka.StartAsync();
        await using var client = kafka.CreateClient();
        await client.Admin.CreateTopicAsync("t", 1, 1);
        await using var producer = client.CreateProducer();
        await producer.SendAsync(ProducerRecord.FromText("t", null, "v"));
        return kafka;
    }

    static KafkaClient ClientWith(TestKafka kafka, int brokenEvent) => new(
        new ClientOptions { BootstrapServers = kafka.BootstrapServers },
        kafka.CreateClientRuntime() with { LoggerFactory = new BrokenLogger(brokenEvent) });

    static async Task AssertPollsThrowAsync(Consumer consumer)
    {
        for (var i = 0; i < 2; i++)
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(
                async () => await PollToEndAsync(consumer).WaitAsync(TimeSpan.FromSeconds(30)));
            Assert.Contains("The disk of the log is full.", error.Message, StringComparison.Ordinal);
            Assert.IsType<NotSupportedException>(error.InnerException);
        }
    }

    static async Task PollToEndAsync(Consumer consumer)
    {
        PollResult poll;
        do
        {
            poll = await consumer.PollAsync(TimeSpan.FromSeconds(30));
            foreach (var batch in poll.Batches)
            {
                batch.Dispose();
            }
        }
        while (poll.Kind != PollKind.Empty);
    }

    sealed class BrokenLogger(int brokenEvent) : ILoggerFactory, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id == brokenEvent)
            {
                throw new NotSupportedException("The disk of the log is full.");
            }
        }
    }
}
