using System.Buffers.Binary;
using Millrace.Broker;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Testing;
using Xunit;

namespace Millrace.Unit.Broker.Server;

public sealed class LimitTests
{
    [Fact]
    public async Task A_connection_without_traffic_is_closed_after_the_idle_time()
    {
        var clock = new FakeClock();
        await using var broker = await TestBroker.StartAsync(change: r => r with { Time = clock });
        await using var quiet = await broker.ConnectAsync();
        await using var busy = await broker.ConnectAsync();
        await quiet.CreateAsync("t");
        for (var minute = 0; minute < 14; minute++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal(ErrorCode.None, (await busy.FetchAsync("t", 0)).ErrorCode);
        }

        Assert.Null(await quiet.ReceiveFrameAsync());
        Assert.Equal(ErrorCode.None, (await busy.FetchAsync("t", 0)).ErrorCode);
    }

    [Fact]
    public async Task A_connection_whose_request_waits_is_not_idle()
    {
        var clock = new FakeClock();
        var options = new BrokerOptions { Limits = new Limits { MaxFetchWait = TimeSpan.FromHours(1) } };
        await using var broker = await TestBroker.StartAsync(options, change: r => r with { Time = clock });
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        // The fetch is parked once its timer is set; every other timer was there before.
        var before = clock.TimerCount;
        await client.SendAsync<FetchRequest, FetchResponse>(RawClient.Fetch("t", 0, 3_600_000), 12);
        await TestBroker.UntilAsync(() => clock.TimerCount > before);
        for (var minute = 0; minute < 30; minute++) clock.Advance(TimeSpan.FromMinutes(1));
        await using var other = await broker.ConnectAsync();
        await other.ProduceAsync("t", "x");
        var answer = await client.ReceiveAsync<FetchRequest, FetchResponse>(12);
        Assert.False(answer.Responses[0].Partitions[0].Records!.Value.IsEmpty);
    }

    [Fact]
    public async Task A_client_that_does_not_take_its_answers_is_closed_after_the_idle_time()
    {
        var clock = new FakeClock();
        await using var broker = await TestBroker.StartAsync(change: r => r with { Time = clock });
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        await client.ProduceAsync("t", new string('x', 500_000));
        await client.SendAsync<FetchRequest, FetchResponse>(RawClient.Fetch("t", 0), 12);
        await using var other = await broker.ConnectAsync();
        // Answered: from here on both connections are counted.
        await other.FetchAsync("t", 1);
        for (var minute = 0; minute < 30 && broker.Broker.ConnectionCount == 2; minute++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            await other.FetchAsync("t", 1);
        }

        await TestBroker.UntilAsync(() => broker.Broker.ConnectionCount == 1);
        Assert.Equal(ErrorCode.None, (await other.FetchAsync("t", 1)).ErrorCode);
    }

    [Fact]
    public async Task A_closed_connection_makes_room_for_another()
    {
        var options = new BrokerOptions { Limits = new Limits { MaxConnections = 1 } };
        await using var broker = await TestBroker.StartAsync(options);
        var first = await broker.ConnectAsync();
        await first.CreateAsync("t");
        await using (var refused = await broker.ConnectAsync()) Assert.Null(await refused.ReceiveFrameAsync());
        await first.DisposeAsync();
        await TestBroker.UntilAsync(() => broker.Broker.ConnectionCount == 0);
        await using var second = await broker.ConnectAsync();
        Assert.Equal(ErrorCode.None, (await second.FetchAsync("t", 0)).ErrorCode);
    }

    [Fact]
    public async Task A_frame_of_the_limit_is_read_and_one_byte_more_is_not()
    {
        var options = new BrokerOptions { Limits = new Limits { MaxRequestBytes = 2048 } };
        await using var broker = await TestBroker.StartAsync(options);
        await using var client = await broker.ConnectAsync();
        // ApiVersions 0 has no body: what follows it in the frame is not looked at.
        await client.SendAsync(Frame(2048));
        Assert.NotNull(await client.ReceiveFrameAsync());
        await client.SendAsync(Frame(2049).AsMemory(0, 4));
        Assert.Null(await client.ReceiveFrameAsync());

        static byte[] Frame(int size)
        {
            var frame = new byte[size + 4];
            BinaryPrimitives.WriteInt32BigEndian(frame, size);
            BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(4), (short)ApiKey.ApiVersions);
            BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(12), -1);
            return frame;
        }
    }

    [Fact]
    public async Task A_length_alone_costs_no_memory()
    {
        var pool = new MeasuringPool(BufferPool.Default);
        await using var broker = await TestBroker.StartAsync(change: r => r with { Pool = pool });
        List<RawClient> clients = [];
        var frame = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(frame, 100_000_000);
        for (var i = 0; i < 20; i++)
        {
            var client = await broker.ConnectAsync();
            clients.Add(client);
            await client.SendAsync(frame);
        }

        await using var good = await broker.ConnectAsync();
        await good.CreateAsync("t");
        Assert.Equal(ErrorCode.None, (await good.FetchAsync("t", 0)).ErrorCode);
        // A started frame takes a mebibyte (two while it grows), not the hundred megabytes that it announced.
        Assert.InRange(pool.PeakBytes, 1, 20 * 3 * 1024 * 1024);
        foreach (var client in clients) await client.DisposeAsync();
    }

    [Fact]
    public async Task Answers_that_are_not_taken_count_as_work_of_their_connection()
    {
        const int Requests = 64;
        const int Limit = 2 * 1024 * 1024;
        var pool = new MeasuringPool(BufferPool.Default);
        var options = new BrokerOptions { Limits = new Limits { MaxInFlightBytesPerConnection = Limit } };
        await using var broker = await TestBroker.StartAsync(options, change: r => r with { Pool = pool });
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        await client.ProduceAsync("t", new string('x', 900_000));
        for (var i = 0; i < Requests; i++)
            await client.SendAsync<FetchRequest, FetchResponse>(RawClient.Fetch("t", 0), 12);
        // By then the broker has begun everything that it begins before an answer is taken.
        await using var other = await broker.ConnectAsync();
        for (var i = 0; i < 20; i++) await other.FetchAsync("t", 1);
        for (var i = 0; i < Requests; i++)
        {
            var answer = await client.ReceiveAsync<FetchRequest, FetchResponse>(12);
            Assert.InRange(answer.Responses[0].Partitions[0].Records!.Value.Length, 900_000, 1_000_000);
        }

        // One answer above the limit, what is being sent, and buffers that are larger than what was asked of the pool.
        Assert.InRange(pool.PeakBytes, 1, 5 * Limit);
    }

    [Fact]
    public async Task More_partitions_than_the_limit_are_refused()
    {
        var options = new BrokerOptions { Limits = new Limits { MaxPartitions = 10 } };
        await using var broker = await TestBroker.StartAsync(options);
        await using var client = await broker.ConnectAsync();
        Assert.Equal(ErrorCode.None, (await client.CreateAsync("t", 9)).ErrorCode);
        var refused = await client.CreateAsync("u", 1);
        Assert.Equal(ErrorCode.InvalidPartitions, refused.ErrorCode);
        Assert.Contains("Limits.MaxPartitions", refused.ErrorMessage, StringComparison.Ordinal);
    }
}
