using System.Collections.Concurrent;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Xunit;

namespace Millrace.Unit.Broker.Server;

public sealed class GateTests
{
    [Fact]
    public async Task A_gate_sees_every_request_in_order_and_may_end_the_connection()
    {
        var gate = new Gate(context => context.Header.ApiKey == ApiKey.Fetch
            ? GateDecision.Disconnect
            : GateDecision.Pass);
        await using var broker = await TestBroker.StartAsync(change: r => r with { Gate = gate });
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        Assert.Equal(0, (await client.ProduceAsync("t", "a")).BaseOffset);
        await client.SendAsync<FetchRequest, FetchResponse>(RawClient.Fetch("t", 0), 12);
        Assert.Null(await client.ReceiveFrameAsync());
        await using var other = await broker.ConnectAsync();
        Assert.Equal(1, (await other.ProduceAsync("t", "b")).BaseOffset);
        Assert.Equal([ApiKey.CreateTopics, ApiKey.Produce, ApiKey.Fetch, ApiKey.Produce], gate.Seen);
    }

    [Fact]
    public async Task A_request_that_a_gate_holds_is_not_overtaken_on_its_connection()
    {
        var hold = new TaskCompletionSource();
        var held = new TaskCompletionSource();
        var gate = new Gate(_ => GateDecision.Pass)
        {
            Wait = context =>
            {
                if (context.Header.CorrelationId != 2) return Task.CompletedTask;
                held.TrySetResult();
                return hold.Task;
            },
        };
        await using var broker = await TestBroker.StartAsync(change: r => r with { Gate = gate });
        await using var client = await broker.ConnectAsync();
        await using var other = await broker.ConnectAsync();
        await client.CreateAsync("t");
        foreach (var value in new[] { "first", "second" })
        {
            await client.SendAsync<ProduceRequest, ProduceResponse>(
                RawClient.Produce("t", RawClient.Batch(value)), 9);
        }

        await held.Task;
        // The other connection's second request has the number 2 as well: it is held until the first is let go.
        Assert.Equal(0, (await other.FetchAsync("t", 0)).HighWatermark);
        hold.SetResult();
        for (var i = 0; i < 2; i++)
        {
            var answer = await client.ReceiveAsync<ProduceRequest, ProduceResponse>(9);
            Assert.Equal(i, answer.Responses[0].PartitionResponses[0].BaseOffset);
        }
    }

    [Fact]
    public async Task A_gate_that_throws_costs_one_connection_and_a_stop_ends_its_waits()
    {
        var gate = new Gate(context => context.Header.ApiKey == ApiKey.ListGroups
            ? throw new InvalidOperationException("on purpose")
            : GateDecision.Pass)
        {
            Wait = context => context.Header.ApiKey == ApiKey.Fetch
                ? Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.Closed)
                : Task.CompletedTask,
        };
        var broker = await TestBroker.StartAsync(change: r => r with { Gate = gate });
        await using var client = await broker.ConnectAsync();
        await client.SendAsync<ListGroupsRequest, ListGroupsResponse>(new ListGroupsRequest(), 4);
        Assert.Null(await client.ReceiveFrameAsync());
        await using var other = await broker.ConnectAsync();
        await other.SendAsync<FetchRequest, FetchResponse>(RawClient.Fetch("t", 0), 12);
        await broker.DisposeAsync();
    }

    sealed class Gate(Func<RequestContext, GateDecision> decide) : IRequestGate
    {
        public ConcurrentQueue<ApiKey> Seen { get; } = [];

        public Func<RequestContext, Task> Wait { get; init; } = static _ => Task.CompletedTask;

        public async ValueTask<GateDecision> OnRequestAsync(RequestContext context)
        {
            Seen.Enqueue(context.Header.ApiKey);
            await Wait(context);
            return decide(context);
        }
    }
}
