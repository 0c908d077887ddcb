using System.Text;
using System.Threading.Channels;
using Millrace.Client.Consume;
using Millrace.Processing.Hosting;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Processing.Listeners;

public sealed class ListenerLoopTests
{
    static readonly TopicPartition Partition = new("orders", 0);
    static readonly TopicPartition Other = new("orders", 1);
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    static ListenerLoop Loop(FakePort port, IListenerEvents events) => new(
        new ListenerPlan { Name = "t", Concurrency = 2, CancelGrace = TimeSpan.FromMilliseconds(200) },
        port, new DoneAtOnce(), events, TimeProvider.System, new Random(1));

    [Fact]
    public async Task A_pump_that_breaks_ends_the_listener_instead_of_falling_silent()
    {
        var port = new FakePort();
        var run = Loop(port, new Broken { FailsOnCompleted = true }).RunAsync(CancellationToken.None);
        port.Give(() => PortEvent.OfAssigned([new(Partition, 0, null)]));
        port.Give(() => PortEvent.OfRecords([new OneRecord()]));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => run.WaitAsync(Deadline));
        Assert.Equal("broken observer", error.InnerException!.Message);
        Assert.True(port.IsClosed);
    }

    [Fact]
    public async Task A_poll_that_nobody_cancelled_does_not_end_the_listener_without_a_failure()
    {
        var port = new FakePort();
        var run = Loop(port, new Broken()).RunAsync(CancellationToken.None);
        port.Give(() => throw new TaskCanceledException("a token provider gave up"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => run.WaitAsync(Deadline));
        Assert.True(run.IsFaulted);
    }

    [Fact]
    public async Task The_port_is_closed_however_the_loop_ends()
    {
        var port = new FakePort();
        var run = Loop(port, new Broken { FailsOnLost = true }).RunAsync(CancellationToken.None);
        port.Give(() => PortEvent.OfAssigned([new(Partition, 0, null), new(Other, 0, null)]));
        port.Give(() => PortEvent.OfLost([Partition]));
        await Assert.ThrowsAsync<InvalidOperationException>(() => run.WaitAsync(Deadline));
        Assert.True(port.IsClosed);
    }

    [Fact]
    public async Task A_partition_that_cannot_be_read_does_not_end_the_listener()
    {
        var port = new FakePort();
        var loop = Loop(port, new Broken());
        var run = loop.RunAsync(CancellationToken.None);
        port.Give(() => PortEvent.OfAssigned([new(Partition, 0, null), new(Other, 0, null)]));
        port.Give(() => ConsumerPort.Unreadable(new CorruptBatchException(Other, 7, 9, "the checksum is wrong")));
        port.Give(() => PortEvent.OfRecords([new OneRecord()]));
        await Until.TrueAsync(() => loop.Status.Handled == 1 || run.IsCompleted, "the other partition goes on");
        var stopped = loop.Status.Partitions.Single(p => p.StoppedBy is not null);
        Assert.Equal((Other, 7), (stopped.Partition, stopped.StoppedAt));
        Assert.Contains("checksum", stopped.StoppedBy!.Message);
        loop.Stop();
        await run.WaitAsync(Deadline);
    }

    [Theory]
    [InlineData(20, 300)]
    [InlineData(600, 600 + 2 + 5 + 30)]
    public void The_group_waits_longer_than_a_hand_over_takes(int drainSeconds, int expectedSeconds)
    {
        var plan = new ListenerPlan { Name = "t", DrainTimeout = TimeSpan.FromSeconds(drainSeconds) };
        var options = KafkaCluster.OptionsOf(new ListenerStart(
            "g", ["orders"], Millrace.Processing.ReadFrom.Earliest, plan, new DoneAtOnce(), new Broken(),
            new Random(1)));
        Assert.Equal(TimeSpan.FromSeconds(expectedSeconds), options.RebalanceTimeout);
    }

    sealed class DoneAtOnce : IRecordPipeline
    {
        public ValueTask<Outcome> InvokeAsync(Delivery delivery, CancellationToken cancellation) => new(Outcome.Done);
    }

    sealed class Broken : IListenerEvents
    {
        public bool FailsOnCompleted { get; init; }

        public bool FailsOnLost { get; init; }

        public void RecordCompleted(Delivery delivery, OutcomeKind outcome) => Fail(FailsOnCompleted);

        public void Lost(TopicPartition partition, int abandoned) => Fail(FailsOnLost);

        static void Fail(bool isDue)
        {
            if (isDue)
            {
                throw new InvalidOperationException("broken observer");
            }
        }
    }

    /// <summary>Answers each poll with what the test gives, in order.</summary>
    sealed class FakePort : IConsumerPort
    {
        readonly Channel<Func<PortEvent>> _news = Channel.CreateUnbounded<Func<PortEvent>>();

        public bool IsClosed { get; private set; }

        public void Give(Func<PortEvent> news) => _news.Writer.TryWrite(news);

        public async ValueTask<PortEvent> PollAsync(TimeSpan timeout, CancellationToken cancellation) =>
            (await _news.Reader.ReadAsync(cancellation))();

        public void Pause(TopicPartition partition)
        {
        }

        public void Resume(TopicPartition partition)
        {
        }

        public ValueTask<IReadOnlyDictionary<TopicPartition, ErrorCode>> CommitAsync(
            IReadOnlyList<OffsetCommit> offsets, CancellationToken cancellation) =>
            new(offsets.ToDictionary(static o => o.Partition, static _ => ErrorCode.None));

        public void AcknowledgeRevocation()
        {
        }

        public ValueTask CloseAsync(CancellationToken cancellation)
        {
            IsClosed = true;
            return default;
        }
    }

    sealed class OneRecord : PolledBatch
    {
        bool _isRead;

        public override TopicPartition Partition => ListenerLoopTests.Partition;

        public override long NextOffset => 1;

        public override long EndOffset => 1;

        public override bool TryReadNext(Delivery delivery)
        {
            if (_isRead)
            {
                return false;
            }

            _isRead = true;
            delivery.Offset = 0;
            delivery.Key = Encoding.UTF8.GetBytes("a");
            delivery.Size = 1;
            return true;
        }

        public override IReadOnlyList<RecordHeader> DecodeHeaders(Delivery delivery) => [];

        public override void Release()
        {
        }
    }
}
