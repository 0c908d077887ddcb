using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Client.Produce;

/// <summary>The rules of order, sequences and retries, without a network and with a clock that stands still.</summary>
public sealed class PartitionBufferTests : IAsyncDisposable
{
    readonly TestClock _clock = new();
    readonly ClientCore _core;
    readonly ProducerRules _rules;
    readonly BrokerSender _sender;
    readonly PartitionBuffer _partition;
    long _stamp;

    public PartitionBufferTests()
    {
        var runtime = new ClientRuntime { TimeProvider = _clock, Random = new Random(1) };
        _core = new ClientCore(new ClientOptions { BootstrapServers = "nowhere:1" }, runtime);
        _rules = new ProducerRules(
            new ProducerOptions { BatchSize = 1000, DeliveryTimeout = TimeSpan.FromSeconds(10) }, runtime);
        _rules.Identity.Set(7, 0);
        _sender = NewSender(1);
        _partition = new PartitionBuffer("t", 0, _rules);
        _partition.MoveTo(_sender);
    }

    public ValueTask DisposeAsync() => _core.DisposeAsync();

    [Fact]
    public void A_nearly_empty_batch_lingers_and_an_awaited_record_on_an_idle_sender_does_not()
    {
        Append();
        Assert.Null(Take(out var askAgainMs));
        Assert.Equal(5, askAgainMs);
        _clock.Advance(5);
        Assert.NotNull(Take());

        Append(new DeliverySource(new DeliverySourcePool()));
        Assert.Null(Take(out _, inFlight: 1));
        Assert.NotNull(Take(out _, inFlight: 0));
    }

    [Fact]
    public void The_busier_the_sender_the_fuller_a_batch_must_be()
    {
        Append(bytes: 130);
        Assert.Null(Take(out _, inFlight: 1));
        Assert.Null(Take(out _, inFlight: 2));
        Assert.NotNull(Take(out _, inFlight: 0));
    }

    [Fact]
    public void Batches_are_cut_when_they_are_sent_and_numbered_without_gaps()
    {
        for (var i = 0; i < 25; i++)
        {
            Append(bytes: 100);
        }
        var next = 0;
        for (var i = 0; i < 4; i++)
        {
            var batch = Take(out _, isHurried: true);
            Assert.NotNull(batch);
            Assert.Equal(next, batch.BaseSequence);
            next += batch.Count;
        }
        Assert.Equal(25, next);
    }

    [Fact]
    public void A_batch_that_must_be_sent_again_goes_before_new_ones_with_its_old_number()
    {
        var (a, b) = SendTwo();
        Refuse(a, ErrorCode.NotLeaderOrFollower);
        Append();
        Assert.Null(Take(out _, isHurried: true));   // b is behind it and in flight
        Refuse(b, ErrorCode.OutOfOrderSequenceNumber);
        Assert.Null(Take(out var askAgainMs, isHurried: true));
        _clock.Advance(askAgainMs - _clock.GetTimestamp());
        Assert.Same(a, Take());
        Assert.Equal((0, (short)0), (a.BaseSequence, a.ProducerEpoch));
        _clock.Advance(200);
        Assert.Same(b, Take());
        Assert.Equal((1, (short)0), (b.BaseSequence, b.ProducerEpoch));
    }

    [Fact]
    public void A_duplicate_is_a_success()
    {
        var (a, _) = SendTwo();
        Assert.True(_partition.Answer(a, new BatchAnswer(ErrorCode.DuplicateSequenceNumber), 0, out var error));
        Assert.Null(error);
    }

    [Fact]
    public void A_lost_sequence_raises_the_epoch_and_numbers_everything_left_from_zero()
    {
        var (a, b) = SendTwo();
        Refuse(a, ErrorCode.OutOfOrderSequenceNumber);   // the oldest: the broker lost what it knew
        Refuse(b, ErrorCode.OutOfOrderSequenceNumber);
        _clock.Advance(500);
        Assert.Same(a, Take());
        Assert.Equal((0, (short)1), (a.BaseSequence, a.ProducerEpoch));
        Assert.Same(b, Take());
        Assert.Equal((1, (short)1), (b.BaseSequence, b.ProducerEpoch));
    }

    [Fact]
    public void A_batch_behind_a_refused_one_fails_with_the_cause_and_not_with_its_consequence()
    {
        var (a, b) = SendTwo();
        Refuse(a, ErrorCode.KafkaStorageError);
        Refuse(b, ErrorCode.OutOfOrderSequenceNumber);
        _clock.Advance(500);
        Assert.Same(a, Take());
        Refuse(a, ErrorCode.OutOfOrderSequenceNumber);
        _clock.Advance(60_000);
        Assert.All(Expire(), failed => Assert.Equal(ErrorCode.KafkaStorageError, failed.Error.Code));
    }

    [Fact]
    public void A_batch_in_flight_is_not_failed_however_late_it_is()
    {
        var (a, b) = SendTwo();
        _clock.Advance(60_000);
        Assert.Empty(Expire());
        Disconnect(a);
        Disconnect(b);
        Assert.Equal(2, Expire().Count);
    }

    [Fact]
    public void After_a_doubtful_batch_failed_the_next_doubtful_one_keeps_its_number_until_the_broker_tells()
    {
        var (a, b) = SendTwo();
        Disconnect(a);
        _clock.Advance(9_000);
        Append();
        _clock.Advance(1_500);   // a and b are late; the third is not
        Disconnect(b);
        var failed = Expire();
        Assert.All(failed, static f => Assert.True(f.Error.MaybeWritten));
        // Both are gone, so the third starts a new epoch: the broker would refuse to jump the gap.
        var third = Take(out _, isHurried: true);
        Assert.NotNull(third);
        Assert.Equal((0, (short)1), (third.BaseSequence, third.ProducerEpoch));
    }

    [Fact]
    public void A_doubtful_batch_behind_a_failed_one_is_resolved_under_its_old_number_first()
    {
        var a = SendOne();
        _clock.Advance(5_000);
        var b = SendOne();
        Disconnect(a);
        Disconnect(b);
        _clock.Advance(5_500);
        Assert.Same(a, Assert.Single(Expire()).Batch);
        Assert.Same(b, Take());
        Assert.Equal((1, (short)0), (b.BaseSequence, b.ProducerEpoch));   // old number: it may have been written
        Refuse(b, ErrorCode.OutOfOrderSequenceNumber);                    // now it is known that it was not
        _clock.Advance(500);
        Assert.Same(b, Take());
        Assert.Equal((0, (short)1), (b.BaseSequence, b.ProducerEpoch));
    }

    [Fact]
    public void A_refused_newest_batch_gives_its_numbers_back()
    {
        var a = SendOne();
        Assert.True(_partition.Answer(a, new BatchAnswer(ErrorCode.MessageTooLarge), 0, out var error));
        Assert.Contains("max.message.bytes", error!.Message, StringComparison.Ordinal);
        var b = SendOne();
        Assert.Equal((0, (short)0), (b.BaseSequence, b.ProducerEpoch));
    }

    [Fact]
    public void Nothing_goes_to_a_new_leader_while_something_is_in_flight_to_the_old_one()
    {
        var a = SendOne();
        var other = NewSender(2);
        Append();
        _partition.MoveTo(other);
        Assert.Null(Take(out _, isHurried: true, sender: other));
        Refuse(a, ErrorCode.NotLeaderOrFollower);
        _clock.Advance(500);
        Assert.Null(Take(out _, isHurried: true));
        Assert.Same(a, Take(out _, isHurried: true, sender: other));
    }

    [Fact]
    public void At_most_five_batches_of_a_partition_are_unresolved()
    {
        for (var i = 0; i < 5; i++)
        {
            SendOne();
        }
        Append();
        Assert.Null(Take(out _, isHurried: true));
    }

    [Fact]
    public void A_doubtful_batch_stays_among_the_five_that_a_broker_remembers()
    {
        var batches = Enumerable.Range(0, 5).Select(_ => SendOne()).ToArray();
        Refuse(batches[0], ErrorCode.RequestTimedOut);   // written, perhaps
        foreach (var batch in batches[1..])
        {
            Assert.True(_partition.Answer(batch, new BatchAnswer(ErrorCode.None), 0, out _));
        }
        _clock.Advance(500);
        Assert.Same(batches[0], Take());
        Append();
        Assert.Null(Take(out _, isHurried: true));   // a sixth would push it out of the broker's memory
        Assert.True(_partition.Answer(batches[0], new BatchAnswer(ErrorCode.DuplicateSequenceNumber), 0, out _));
        Assert.NotNull(Take(out _, isHurried: true));
    }

    [Fact]
    public void One_request_takes_one_batch()
    {
        Append();
        var context = new DrainContext(0, 0, 1_000_000, true, true, 99);
        Assert.NotNull(_partition.TakeNext(_sender, context, out _));
        Append();
        Assert.Null(_partition.TakeNext(_sender, context, out _));
    }

    BrokerSender NewSender(int node) => new(node, _core, _rules, new NoProducer());

    void Append(DeliverySource? source = null, int bytes = 10) =>
        _partition.Append(new ProducerRecord("t", null, new byte[bytes]), bytes, source, isSticky: false);

    ProduceBatch SendOne()
    {
        Append();
        var batch = Take(out _, isHurried: true);
        Assert.NotNull(batch);
        return batch;
    }

    (ProduceBatch A, ProduceBatch B) SendTwo() => (SendOne(), SendOne());

    ProduceBatch? Take() => Take(out _);

    ProduceBatch? Take(out long askAgainMs, int inFlight = 0, bool isHurried = false, BrokerSender? sender = null)
    {
        var context = new DrainContext(_clock.GetTimestamp(), inFlight, 1_000_000, true, isHurried, ++_stamp);
        var batch = _partition.TakeNext(sender ?? _sender, context, out askAgainMs);
        batch?.Seal(CompressionType.None, null);
        return batch;
    }

    void Refuse(ProduceBatch batch, ErrorCode code) =>
        Assert.False(_partition.Answer(batch, new BatchAnswer(code), _clock.GetTimestamp(), out _));

    void Disconnect(ProduceBatch batch) => Assert.False(_partition.Answer(
        batch, new BatchAnswer(ErrorCode.NetworkException, MaybeWritten: true), _clock.GetTimestamp(), out _));

    List<(ProduceBatch Batch, ProduceException Error)> Expire()
    {
        var failed = new List<(ProduceBatch, ProduceException)>();
        _partition.Expire(_clock.GetTimestamp(), failed);
        return failed;
    }

    sealed class NoProducer : IProducerPort
    {
        public bool IsHurried => false;

        public Guid TopicIdOf(string topic) => Guid.Empty;

        public void AcquireIdentity()
        {
        }

        public void AbandonRest()
        {
        }

        public void Finish(ProduceBatch batch, in BatchAnswer answer, ProduceException? error)
        {
        }
    }
}
