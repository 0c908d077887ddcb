using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Client.Produce;

/// <summary>The whole produce path over a transport in memory, against a broker that keeps Kafka's rule of
/// sequences.</summary>
public sealed class ProducerTests : IAsyncLifetime
{
    readonly ScriptedBroker _broker = new();
    KafkaClient _client = null!;

    public async ValueTask InitializeAsync() => _client = await _broker.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task An_awaited_record_gets_its_offset()
    {
        await using var producer = _client.CreateProducer();
        for (var i = 0; i < 5; i++)
        {
            var where = await Finish(producer.SendAsync(Record()).AsTask());
            Assert.Equal(("t", 0, i), (where.Topic, where.Partition, (int)where.Offset));
        }
    }

    [Fact]
    public async Task A_record_that_slipped_in_while_the_producer_was_disposed_fails_and_does_not_hang()
    {
        Producer? producer = null;
        producer = _client.CreateProducer(new ProducerOptions
        {
            // Between the look at whether the producer is disposed and the append.
            KeyPartitioner = (_, _, _) =>
            {
                producer!.DisposeAsync().AsTask().Wait();
                return 0;
            },
        });
        await using var other = _client.CreateProducer();
        await Finish(other.SendAsync(Record()).AsTask());   // the topic is known: nothing waits for metadata
        await Assert.ThrowsAsync<ProduceException>(
            () => Finish(producer.SendAsync(ProducerRecord.FromText("t", "k", "v")).AsTask()));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_batch_whose_answer_was_lost_is_written_once(bool appendsFirst)
    {
        var faults = 3;
        _broker.OnProduce = (_, _) => Interlocked.Decrement(ref faults) >= 0
            ? new Fault(null, Disconnects: true, AppendsFirst: appendsFirst) : Fault.None;
        await using var producer = _client.CreateProducer();
        var sends = Enumerable.Range(0, 100).Select(_ => producer.SendAsync(Record()).AsTask()).ToArray();
        await Finish(Task.WhenAll(sends));
        Assert.Equal(100, _broker.Appended(0).Sum(static b => b.Count));
    }

    [Fact]
    public async Task Random_faults_lose_nothing_repeat_nothing_and_keep_the_order()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var budget = 40;
        _broker.OnProduce = (_, _) =>
        {
            lock (random)
            {
                return random.Next(3) > 0 || budget-- <= 0 ? Fault.None : random.Next(4) switch
                {
                    0 => new Fault(null, Disconnects: true, AppendsFirst: random.Next(2) == 0),
                    1 => new Fault(ErrorCode.RequestTimedOut, AppendsFirst: random.Next(2) == 0),
                    2 => new Fault(ErrorCode.NotLeaderOrFollower),
                    _ => new Fault(ErrorCode.NotEnoughReplicas),
                };
            }
        };
        await using var producer =
            _client.CreateProducer(new ProducerOptions { BatchSize = 500, MaxRequestSize = 2000 });
        var sends = Enumerable.Range(0, 500).Select(_ => producer.SendAsync(Record()).AsTask()).ToArray();
        await Finish(Task.WhenAll(sends));
        var expected = 0;
        foreach (var (epoch, sequence, count) in _broker.Appended(0))
        {
            Assert.True(
                epoch == 0 && sequence == expected,
                $"seed {seed}: epoch {epoch}, sequence {sequence}, expected {expected}");
            expected += count;
        }
        Assert.True(expected == 500, $"seed {seed}: {expected} records");
        // Offsets of the sends that know theirs go up in the order of the calls.
        var offsets = sends.Select(static s => s.Result.Offset).Where(static o => o >= 0).ToArray();
        Assert.True(offsets.SequenceEqual(offsets.Order()), $"seed {seed}: offsets out of order");
    }

    [Fact]
    public async Task A_flush_reports_how_many_enqueued_records_failed_and_why()
    {
        _broker.OnProduce = static (_, _) => new Fault(ErrorCode.InvalidRecord);
        await using var producer = _client.CreateProducer();
        for (var i = 0; i < 3; i++)
        {
            await Finish(producer.EnqueueAsync(Record()).AsTask());
        }
        var error = await Assert.ThrowsAsync<ProduceException>(() => Finish(producer.FlushAsync().AsTask()));
        Assert.Equal((ErrorCode.InvalidRecord, 3), (error.Code, (int)error.FailedCount));
        await Finish(producer.FlushAsync().AsTask());   // reported once
    }

    [Fact]
    public async Task An_unknown_topic_fails_with_its_name_and_the_remedy()
    {
        _broker.HasTopic = false;
        await using var producer = _client.CreateProducer();
        var error = await Assert.ThrowsAsync<ProduceException>(
            () => Finish(producer.SendAsync(Record()).AsTask(), stepMs: 200));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.Code);
        Assert.Contains("'t'", error.Message, StringComparison.Ordinal);
        Assert.Contains("CreateTopicsAsync", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_wait_in_order_for_a_topic_that_is_being_created()
    {
        _broker.HasTopic = false;
        await using var producer = _client.CreateProducer();
        var sends = Enumerable.Range(0, 50).Select(_ => producer.SendAsync(Record()).AsTask()).ToList();
        await _broker.UntilAsync(static () => true);
        _broker.HasTopic = true;
        sends.AddRange(Enumerable.Range(0, 50).Select(_ => producer.SendAsync(Record()).AsTask()));
        await Finish(Task.WhenAll(sends), stepMs: 50);
        Assert.Equal(Enumerable.Range(0, 100).Select(static i => (long)i), sends.Select(static s => s.Result.Offset));
    }

    [Fact]
    public async Task A_broker_that_never_takes_a_record_makes_it_fail_after_the_delivery_timeout()
    {
        _broker.OnProduce = static (_, _) => new Fault(ErrorCode.NotEnoughReplicas);
        await using var producer =
            _client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(3) });
        var error = await Assert.ThrowsAsync<ProduceException>(
            () => Finish(producer.SendAsync(Record()).AsTask(), stepMs: 50));
        Assert.Equal(ErrorCode.NotEnoughReplicas, error.Code);
        Assert.Contains("DeliveryTimeout", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_wait_for_memory_and_pass_in_order_when_there_is_room()
    {
        var isOpen = false;
        _broker.OnProduce = (_, _) => Volatile.Read(ref isOpen) ? Fault.None : new Fault(ErrorCode.NotEnoughReplicas);
        await using var producer = _client.CreateProducer(
            new ProducerOptions { MaxRequestSize = 4096, BatchSize = 1024, BufferMemory = 4096 });
        await Finish(producer.EnqueueAsync(Record()).AsTask());   // the topic is known from here on
        var calls = Enumerable.Range(0, 200).Select(_ => producer.EnqueueAsync(Record()).AsTask()).ToArray();
        Assert.False(calls[^1].IsCompleted);
        Volatile.Write(ref isOpen, true);
        await Finish(Task.WhenAll(calls), stepMs: 50);
        await Finish(producer.FlushAsync().AsTask());
        Assert.True(_broker.Appended(0).Sum(static b => b.Count) > 200);
    }

    [Fact]
    public async Task A_cancelled_call_that_waits_for_memory_sends_nothing()
    {
        _broker.HasTopic = false;
        await using var producer = _client.CreateProducer();
        using var cancel = new CancellationTokenSource();
        var send = producer.SendAsync(Record(), cancel.Token).AsTask();
        cancel.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => send);
        _broker.HasTopic = true;
        var other = await Finish(producer.SendAsync(Record()).AsTask(), stepMs: 50);
        Assert.Equal(0, other.Offset);
    }

    [Fact]
    public async Task A_partitioner_that_throws_fails_its_own_record_and_nothing_else()
    {
        var calls = 0;
        await using var producer = _client.CreateProducer(new ProducerOptions
        {
            KeyPartitioner = (_, _, _) => Interlocked.Increment(ref calls) == 1 ? throw new KeyNotFoundException() : 0,
        });

        // The topic is not there yet, so it is the metadata loop that lets the first record in.
        _broker.HasTopic = false;
        var first = producer.SendAsync(Record()).AsTask();
        _broker.HasTopic = true;
        await Assert.ThrowsAsync<KeyNotFoundException>(() => Finish(first));

        Assert.Equal(0, (await Finish(producer.SendAsync(Record()).AsTask())).Offset);
        var refresh = _client.Admin.DescribeTopicsAsync(["t"]).AsTask();
        Assert.Single(await Finish(refresh));
    }

    [Fact]
    public async Task Every_buffer_goes_back_to_the_pool()
    {
        var producer = _client.CreateProducer();
        await Finish(Task.WhenAll(Enumerable.Range(0, 50).Select(_ => producer.SendAsync(Record()).AsTask())));
        await Finish(producer.DisposeAsync().AsTask());
        await _client.DisposeAsync();
        await _broker.UntilAsync(() => _broker.Pool.RentedCount == 0);
    }

    [Fact]
    public void Contradicting_options_are_refused_with_the_remedy()
    {
        var error = Assert.Throws<ArgumentException>(
            () => _client.CreateProducer(new ProducerOptions { Acks = Acks.Leader }));
        Assert.Contains("Idempotent = false", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => _client.CreateProducer(new ProducerOptions { MaxInFlight = 6 }));
    }

    static ProducerRecord Record() => ProducerRecord.FromText("t", "key", "some value");

    async Task<T> Finish<T>(Task<T> task, long stepMs = 10)
    {
        await _broker.UntilAsync(() => task.IsCompleted, stepMs);
        return await task;
    }

    async Task Finish(Task task, long stepMs = 10)
    {
        await _broker.UntilAsync(() => task.IsCompleted, stepMs);
        await task;
    }
}
