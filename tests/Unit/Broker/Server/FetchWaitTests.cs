using Millrace.Protocol.Messages;
using Millrace.Testing;
using Xunit;

namespace Millrace.Unit.Broker.Server;

/// <summary>When a fetch with <c>min_bytes</c> has enough. The clock stands still: a fetch that waits for its time is
/// never answered.</summary>
public sealed class FetchWaitTests
{
    const int Hour = 3_600_000;

    [Fact]
    public async Task What_lies_in_the_next_segment_is_enough_to_answer_from_this_one()
    {
        await using var broker = await TestBroker.StartAsync(change: static r => r with { Time = new FakeClock() });
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t", configs: ("segment.bytes", "1500"));
        // One batch a segment.
        for (var i = 0; i < 3; i++) await client.ProduceAsync("t", new string('x', 1_000));
        Assert.Equal(3, broker.Broker.Logs.Find("t", 0)!.SegmentCount);
        var fetched = await FetchAsync(client, RawClient.Fetch("t", 0, Hour, minBytes: 2_500));
        Assert.InRange(fetched.Records!.Value.Length, 1_000, 1_500);
        Assert.Equal(3, fetched.HighWatermark);
    }

    [Fact]
    public async Task More_than_the_answer_may_hold_is_not_waited_for()
    {
        await using var broker = await TestBroker.StartAsync(change: static r => r with { Time = new FakeClock() });
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        for (var i = 0; i < 3; i++) await client.ProduceAsync("t", new string('x', 1_000));
        var request = RawClient.Fetch("t", 0, Hour, minBytes: 100_000);
        request.MaxBytes = 1_000;
        Assert.InRange((await FetchAsync(client, request)).Records!.Value.Length, 1_000, 1_500);
    }

    static async Task<FetchResponse.PartitionData> FetchAsync(RawClient client, FetchRequest request) =>
        (await client.CallAsync<FetchRequest, FetchResponse>(request, 12)).Responses[0].Partitions[0];
}
