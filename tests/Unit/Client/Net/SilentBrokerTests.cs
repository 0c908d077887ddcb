using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Client.Net;

/// <summary>Brokers that hang: the connection stays, and no answer comes. With the default of 30 s for a request, the
/// clock of these tests jumps past the 5 s after which a broker counts as slow, goes on in small steps, and must not
/// have come to the 30 s when the answer is there.</summary>
public sealed class SilentBrokerTests
{
    const int PastSlowMs = 5_100;
    const int RequestTimeoutMs = 30_000;

    // Of the machine, not of the clock: a failed test leaves a producer that waits for a clock that stands still.
    const int DeadlineMs = 60_000;

    [Fact(Timeout = DeadlineMs)]
    public async Task A_record_whose_leader_hangs_goes_to_the_next_leader_before_the_request_times_out()
    {
        await using var broker = new ScriptedBroker { HasSecondNode = true };
        await using var client = await broker.StartAsync();
        await using var producer = client.CreateProducer();
        var first = Send(producer);
        await broker.UntilAsync(() => first.IsCompleted);

        broker.HasMoved = true;
        broker.IsSilentTo = static (node, _) => node == 1;
        var second = Send(producer);
        await broker.UntilAsync(() => broker.Unanswered > 0, stepMs: 0);
        broker.Clock.Advance(PastSlowMs);
        await broker.UntilAsync(() => second.IsCompleted, stepMs: 1);

        Assert.Equal(1, (await second).Offset);
        Assert.InRange(broker.Clock.GetTimestamp(), PastSlowMs, RequestTimeoutMs - 1);
        Assert.Equal([((short)0, 0, 1), ((short)0, 1, 1)], broker.Appended(0));
    }

    [Fact(Timeout = DeadlineMs)]
    public async Task A_broker_that_is_only_slow_keeps_its_connection_and_its_answer_counts()
    {
        await using var broker = new ScriptedBroker { HasSecondNode = true };
        await using var client = await broker.StartAsync();
        await using var producer = client.CreateProducer();
        var first = Send(producer);
        await broker.UntilAsync(() => first.IsCompleted);

        using var answers = new ManualResetEventSlim();
        broker.OnProduce = (_, _) =>
        {
            answers.Wait(TestContext.Current.CancellationToken);
            return Fault.None;
        };
        var second = Send(producer);
        await broker.UntilAsync(() => Volatile.Read(ref broker.ProduceRequests) == 2, stepMs: 0);
        broker.Clock.Advance(PastSlowMs);
        answers.Set();
        await broker.UntilAsync(() => second.IsCompleted, stepMs: 1);

        Assert.Equal(1, (await second).Offset);
        Assert.InRange(broker.Clock.GetTimestamp(), PastSlowMs, RequestTimeoutMs - 1);
        Assert.Equal(2, broker.ProduceRequests);
    }

    [Theory(Timeout = DeadlineMs)]
    [InlineData("broker:9092,other:9092")]
    [InlineData("other:9092,broker:9092")]
    public async Task Metadata_comes_from_another_broker_when_the_first_one_asked_hangs(string servers)
    {
        await using var broker = new ScriptedBroker { HasSecondNode = true, HasMoved = true };
        broker.IsSilentTo = static (node, key) => node == 1 && key == ApiKey.Metadata;
        await using var client = await broker.StartAsync(new ClientOptions { BootstrapServers = servers });
        await using var producer = client.CreateProducer();
        var send = Send(producer);
        await broker.UntilAsync(() => broker.Unanswered > 0 || send.IsCompleted, stepMs: 1);
        broker.Clock.Advance(PastSlowMs);
        await broker.UntilAsync(() => send.IsCompleted, stepMs: 1);

        Assert.Equal(0, (await send).Offset);
        Assert.InRange(broker.Clock.GetTimestamp(), PastSlowMs, RequestTimeoutMs - 1);
    }

    [Fact(Timeout = DeadlineMs)]
    public async Task What_any_broker_can_answer_is_asked_of_another_one_when_the_first_one_asked_hangs()
    {
        await using var broker = new ScriptedBroker { HasSecondNode = true };
        HangWhoeverIsAskedFirst(broker, ApiKey.InitProducerId);
        await using var client = await broker.StartAsync();
        await using var producer = client.CreateProducer();
        var send = Send(producer);
        await broker.UntilAsync(() => broker.Unanswered > 0, stepMs: 1);
        broker.Clock.Advance(PastSlowMs);
        await broker.UntilAsync(() => send.IsCompleted, stepMs: 1);

        Assert.Equal(0, (await send).Offset);
        Assert.InRange(broker.Clock.GetTimestamp(), PastSlowMs, RequestTimeoutMs - 1);
    }

    [Fact(Timeout = DeadlineMs)]
    public async Task A_coordinator_is_found_although_the_first_broker_asked_hangs()
    {
        await using var broker = new ScriptedBroker { HasSecondNode = true };
        HangWhoeverIsAskedFirst(broker, ApiKey.FindCoordinator);
        await using var core = await broker.StartCoreAsync();
        var view = core.Metadata.RefreshAsync().AsTask();
        await broker.UntilAsync(() => view.IsCompleted, stepMs: 1);
        var find = core.FindCoordinatorAsync("g", TestContext.Current.CancellationToken).AsTask();
        await broker.UntilAsync(() => broker.Unanswered > 0, stepMs: 1);
        broker.Clock.Advance(PastSlowMs);
        await broker.UntilAsync(() => find.IsCompleted, stepMs: 1);

        Assert.Equal(2, await find);
        Assert.InRange(broker.Clock.GetTimestamp(), PastSlowMs, RequestTimeoutMs - 1);
    }

    static void HangWhoeverIsAskedFirst(ScriptedBroker broker, ApiKey what)
    {
        var hanging = 0;
        broker.IsSilentTo = (node, key) =>
        {
            if (key != what)
            {
                return false;
            }
            var first = Interlocked.CompareExchange(ref hanging, node, 0);
            return (first == 0 ? node : first) == node;
        };
    }

    static Task<RecordMetadata> Send(Producer producer) =>
        producer.SendAsync(ProducerRecord.FromText("t", null, "x")).AsTask();
}
