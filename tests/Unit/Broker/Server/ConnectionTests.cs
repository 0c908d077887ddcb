using System.Buffers.Binary;
using Millrace.Broker;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Server;

public sealed class ConnectionTests
{
    [Fact]
    public async Task An_unknown_version_of_ApiVersions_is_answered_in_version_0_with_error_35()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.SendAsync(Request(18, 99, [1, 2, 3]));
        var response = await client.ReceiveAsync<ApiVersionsRequest, ApiVersionsResponse>(99, answerVersion: 0);
        Assert.Equal(ErrorCode.UnsupportedVersion, response.ErrorCode);
        var only = Assert.Single(response.ApiKeys);
        Assert.Equal((18, 0, 4), (only.ApiKey, only.MinVersion, only.MaxVersion));

        // And the connection goes on.
        var next = await client.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(Named("a-client", "1.0"), 3);
        Assert.Equal(ErrorCode.None, next.ErrorCode);
    }

    [Fact]
    public async Task ApiVersions_lists_what_is_served_and_Produce_from_0()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        var response = await client.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(Named("x", "1"), 4);
        Assert.Equal(
            [0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 19, 20, 22, 23, 32, 42, 47, 60],
            response.ApiKeys.Select(k => (int)k.ApiKey));
        Assert.Equal((0, 13), (response.ApiKeys[0].MinVersion, response.ApiKeys[0].MaxVersion));
        Assert.Equal((4, 18), (response.ApiKeys[1].MinVersion, response.ApiKeys[1].MaxVersion));
    }

    [Theory]
    [InlineData("", "1")]
    [InlineData("bad name", "1")]
    [InlineData("-x", "1")]
    [InlineData("x", "1.")]
    public async Task A_client_name_that_breaks_the_rule_is_an_invalid_request(string name, string version)
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        var response = await client.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(Named(name, version), 3);
        Assert.Equal(ErrorCode.InvalidRequest, response.ErrorCode);
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 14)]
    [InlineData(1, 3)]
    [InlineData(4, 0)]
    [InlineData(-1, 0)]
    [InlineData(999, 0)]
    public async Task A_version_or_key_that_is_not_served_closes_the_connection(short key, short version)
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.SendAsync(Request(key, version, new byte[64]));
        Assert.Null(await client.ReceiveFrameAsync());
    }

    [Fact]
    public async Task A_request_that_does_not_parse_closes_the_connection_after_the_answers_before_it()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.SendAsync(Request(18, 0, []), Request(3, 4, [0x7f, 0xff, 0xff, 0xff]));
        Assert.NotNull(await client.ReceiveFrameAsync());
        Assert.Null(await client.ReceiveFrameAsync());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(2_000_000)]
    public async Task A_frame_size_out_of_range_closes_the_connection(int size)
    {
        await using var broker = await TestBroker.StartAsync(
            new BrokerOptions { Limits = new Limits { MaxRequestBytes = 1_000_000 } });
        await using var client = await broker.ConnectAsync();
        var prefix = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(prefix, size);
        await client.SendAsync(prefix);
        Assert.Null(await client.ReceiveFrameAsync());
    }

    [Fact]
    public async Task A_frame_may_come_byte_by_byte()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        foreach (var one in Request(18, 0, [])) await client.SendAsync(new[] { one });
        Assert.NotNull(await client.ReceiveFrameAsync());
    }

    [Fact]
    public async Task A_frame_larger_than_the_receive_buffer_arrives_whole()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t", configs: ("max.message.bytes", "8000000"));
        var values = Enumerable.Range(0, 3000).Select(i => new string((char)('a' + i % 26), 300)).ToArray();
        var result = await client.ProduceAsync("t", values);
        Assert.Equal(ErrorCode.None, result.ErrorCode);
        Assert.Equal(RawClient.Batch(values).AsSpan(61).ToArray(),
            (await client.FetchAsync("t", 0)).Records!.Value.Span[61..].ToArray());
    }

    [Fact]
    public async Task Answers_keep_the_order_of_requests_while_a_fetch_waits()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");

        // The produce behind the fetch is what ends its wait: were it not started meanwhile, this would take a minute.
        await client.SendAsync<FetchRequest, FetchResponse>(RawClient.Fetch("t", 0, maxWaitMs: 60_000), 12);
        await client.SendAsync<ProduceRequest, ProduceResponse>(RawClient.Produce("t", RawClient.Batch("x")), 9);
        var fetched = await client.ReceiveAsync<FetchRequest, FetchResponse>(12);
        Assert.Equal(1, fetched.Responses[0].Partitions[0].HighWatermark);
        Assert.False(fetched.Responses[0].Partitions[0].Records!.Value.IsEmpty);
        var produced = await client.ReceiveAsync<ProduceRequest, ProduceResponse>(9);
        Assert.Equal(0, produced.Responses[0].PartitionResponses[0].BaseOffset);
    }

    [Fact]
    public async Task More_requests_than_may_be_in_flight_are_all_answered_in_order()
    {
        await using var broker = await TestBroker.StartAsync(
            new BrokerOptions { Limits = new Limits { MaxInFlightPerConnection = 2 } });
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
                await client.SendAsync<ProduceRequest,
                    ProduceResponse>(RawClient.Produce("t", RawClient.Batch($"{i}")), 9);
        });
        for (var i = 0; i < 200; i++)
        {
            var answer = await client.ReceiveAsync<ProduceRequest, ProduceResponse>(9);
            Assert.Equal(i, answer.Responses[0].PartitionResponses[0].BaseOffset);
        }

        await sending;
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_what_is_parked()
    {
        var broker = await TestBroker.StartAsync();
        var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        await client.SendAsync<FetchRequest, FetchResponse>(RawClient.Fetch("t", 0, maxWaitMs: 60_000), 12);
        await broker.DisposeAsync();
        await client.DisposeAsync();
    }

    [Fact]
    public async Task One_connection_above_the_limit_is_closed()
    {
        await using var broker =
            await TestBroker.StartAsync(new BrokerOptions { Limits = new Limits { MaxConnections = 1 } });
        await using var first = await broker.ConnectAsync();
        Assert.Equal(ErrorCode.None, (await first.CreateAsync("t")).ErrorCode);
        await using var second = await broker.ConnectAsync();
        Assert.Null(await second.ReceiveFrameAsync());
        Assert.Equal(ErrorCode.None, (await first.CreateAsync("u")).ErrorCode);
    }

    [Fact]
    public async Task Options_that_cannot_be_are_refused_with_the_remedy()
    {
        var e = await Assert.ThrowsAsync<ArgumentException>(() =>
            KafkaBroker.StartAsync(new BrokerOptions { Port = 70_000 }));
        Assert.Contains("Port is 70000: give one from 1 to 65535", e.Message, StringComparison.Ordinal);
        e = await Assert.ThrowsAsync<ArgumentException>(() => KafkaBroker.StartAsync(
            new BrokerOptions { TopicDefaults = new Dictionary<string, string> { ["retention.ms"] = "soon" } }));
        Assert.Contains("retention.ms", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_is_named_or_the_next_one_taken()
    {
        var runtime = new BrokerRuntime { Transports = [new MemoryTransport()], Random = new Random(1) };
        await using var first = await KafkaBroker.StartAsync(new BrokerOptions(), runtime);
        var e = await Assert.ThrowsAsync<IOException>(() => KafkaBroker.StartAsync(new BrokerOptions(), runtime));
        Assert.Contains("Port 9092 on 127.0.0.1 is taken", e.Message, StringComparison.Ordinal);
        await using var next = await KafkaBroker.StartAsync(new BrokerOptions { NextFreePort = true }, runtime);
        Assert.Equal((9093, "127.0.0.1:9093"), (next.Port, next.BootstrapServers));
    }

    [Fact]
    public async Task A_restart_on_the_same_data_keeps_records_offsets_ids_and_the_cluster()
    {
        var files = new MemoryFileSystem();
        var options = new BrokerOptions { DataDirectory = "/data", Flush = FlushPolicy.Group };
        string cluster;
        long producerId;
        await using (var broker = await TestBroker.StartAsync(options, files))
        {
            await using var client = await broker.ConnectAsync();
            cluster = broker.Broker.ClusterId;
            await client.CreateAsync("t", 2);
            Assert.Equal(0, (await client.ProduceAsync("t", "a", "b")).BaseOffset);
            producerId = (await client.CallAsync<InitProducerIdRequest,
                InitProducerIdResponse>(new() { TransactionalId = null }, 4)).ProducerId;
            await CommitAsync(client, 2);
        }

        await using var again = await TestBroker.StartAsync(options, files);
        await using var second = await again.ConnectAsync();
        Assert.Equal(cluster, again.Broker.ClusterId);
        Assert.Equal(2, (await second.ProduceAsync("t", "c")).BaseOffset);
        Assert.True((await second.CallAsync<InitProducerIdRequest,
            InitProducerIdResponse>(new() { TransactionalId = null }, 4)).ProducerId > producerId);
        var fetched = await second.CallAsync<OffsetFetchRequest,
            OffsetFetchResponse>(new OffsetFetchRequest { GroupId = "g", Topics = null }, 7);
        Assert.Equal(2, fetched.Topics[0].Partitions[0].CommittedOffset);
    }

    static async Task CommitAsync(RawClient client, long offset)
    {
        var topic = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "t" };
        topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition { CommittedOffset = offset });
        topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
        {
            PartitionIndex = 9,
            CommittedOffset = offset,
        });
        var response = await client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
            new OffsetCommitRequest { GroupId = "g", Topics = [topic] }, 8);
        Assert.Equal(
            [(0, ErrorCode.None), (9, ErrorCode.UnknownTopicOrPartition)],
            response.Topics[0].Partitions.Select(p => (p.PartitionIndex, p.ErrorCode)));
    }

    static ApiVersionsRequest Named(string name, string version) =>
        new() { ClientSoftwareName = name, ClientSoftwareVersion = version };

    // Header version 1: key, version, correlation, client id; then the body as it is given.
    static byte[] Request(short key, short version, byte[] body)
    {
        using var writer = new WireWriter(BufferPool.Default);
        var size = writer.ReserveInt32();
        Frame.WriteRequestHeader(writer, new RequestHeader((ApiKey)key, version, 1, "raw"), flexible: false);
        writer.WriteRaw(body);
        writer.PatchSize(size);
        return writer.ToArray();
    }
}
