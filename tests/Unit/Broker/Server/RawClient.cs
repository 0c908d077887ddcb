using System.Buffers.Binary;
using Millrace.Broker;
using Millrace.Broker.Storage;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Server;

/// <summary>A broker in memory, on a transport in memory, with a pool that finds leaks.</summary>
sealed class TestBroker : IAsyncDisposable
{
    readonly MemoryTransport _transport;
    readonly KafkaBroker _broker;

    TestBroker(MemoryTransport transport, KafkaBroker broker, DiagnosticBufferPool pool) =>
        (_transport, _broker, Pool) = (transport, broker, pool);

    public DiagnosticBufferPool Pool { get; }

    public KafkaBroker Broker => _broker;

    /// <param name="options">The broker's options.</param>
    /// <param name="files">Its disk.</param>
    /// <param name="change">Changes what else it runs on.</param>
    public static async Task<TestBroker> StartAsync(
        BrokerOptions? options = null, IFileSystem? files = null, Func<BrokerRuntime, BrokerRuntime>? change = null)
    {
        var pool = new DiagnosticBufferPool();
        var transport = new MemoryTransport();
        var runtime = new BrokerRuntime
        {
            Transports = [transport],
            Files = files ?? new MemoryFileSystem(),
            Random = new Random(7),
            Pool = pool,
        };
        var broker = await KafkaBroker.StartAsync(
            options ?? new BrokerOptions(), change is null ? runtime : change(runtime));
        return new TestBroker(transport, broker, pool);
    }

    public async Task<RawClient> ConnectAsync() =>
        new(await _transport.ConnectAsync("127.0.0.1", Broker.Port, CancellationToken.None));

    /// <summary>Waits for a condition, with a deadline.</summary>
    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <inheritdoc cref="UntilAsync(Func{bool})"/>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await condition()) await timer.WaitForNextTickAsync(deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _broker.DisposeAsync();
        Pool.AssertAllReturned();
    }
}

/// <summary>Speaks the protocol by hand: what it sends and in which order is up to the test.</summary>
sealed class RawClient(ITransportConnection connection) : IAsyncDisposable
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    byte[] _received = [];
    int _correlation;

    public async Task<TResponse> CallAsync<TRequest, TResponse>(TRequest request, short version)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        await SendAsync<TRequest, TResponse>(request, version);
        return await ReceiveAsync<TRequest, TResponse>(version);
    }

    public async Task SendAsync<TRequest, TResponse>(TRequest request, short version)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        using var writer = new WireWriter(BufferPool.Default);
        Frame.WriteRequest<TRequest, TResponse>(writer, request, version, ++_correlation, "raw");
        await SendAsync(writer.ToArray());
    }

    public ValueTask SendAsync(params ReadOnlyMemory<byte>[] bytes) =>
        connection.SendAsync(bytes, CancellationToken.None);

    public async Task<TResponse> ReceiveAsync<TRequest, TResponse>(short version, short? answerVersion = null)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var frame = await ReceiveFrameAsync() ?? throw new IOException("The broker closed the connection.");
        return Read<TRequest, TResponse>(frame, answerVersion ?? version);
    }

    /// <summary>Null when the broker closed the connection.</summary>
    public async Task<byte[]?> ReceiveFrameAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var buffer = new byte[64 * 1024];
        while (true)
        {
            if (_received.Length >= 4 && BinaryPrimitives.ReadInt32BigEndian(_received) is var size
                && _received.Length >= size + 4)
            {
                var frame = _received[4..(size + 4)];
                _received = _received[(size + 4)..];
                return frame;
            }

            int count;
            try
            {
                count = await connection.ReceiveAsync(buffer, deadline.Token);
            }
            catch (IOException)
            {
                return null;
            }

            if (count == 0) return null;
            _received = [.. _received, .. buffer[..count]];
        }
    }

    static TResponse Read<TRequest, TResponse>(byte[] frame, short version)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var reader = new WireReader(frame);
        Frame.ReadResponseHeader(ref reader, TRequest.ApiKey, version >= TRequest.FirstFlexibleVersion);
        var response = new TResponse();
        response.Read(ref reader, version);
        reader.ThrowIfBad();
        Assert.Equal(0, reader.Remaining);
        return response;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    public static byte[] Batch(params string[] values)
    {
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        foreach (var value in values)
            Assert.True(
                builder.TryAppend(1_700_000_000_000, [], true, System.Text.Encoding.UTF8.GetBytes(value), false, []));
        return builder.Seal().ToArray();
    }

    public static ProduceRequest Produce(string topic, ReadOnlyMemory<byte>? batch, short acks = -1, int partition =
        0) => new()
        {
            Acks = acks,
            TimeoutMs = 10_000,
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = topic,
                    PartitionData = [new ProduceRequest.PartitionProduceData { Index = partition, Records = batch }],
                },
            ],
        };

    public static FetchRequest Fetch(string topic, long offset, int maxWaitMs = 0, int minBytes =
        1, params int[] partitions)
    {
        var fetch = new FetchRequest.FetchTopic { Topic = topic };
        foreach (var partition in partitions.Length == 0 ? [0] : partitions)
        {
            fetch.Partitions.Add(new FetchRequest.FetchPartition
            {
                Partition = partition,
                FetchOffset = offset,
                PartitionMaxBytes = 1 << 20,
            });
        }

        return new FetchRequest { MaxWaitMs = maxWaitMs, MinBytes = minBytes, MaxBytes = 1 << 20, Topics = [fetch] };
    }

    public async Task<CreateTopicsResponse.CreatableTopicResult> CreateAsync(
        string name, int partitions = 1, short replication = -1, bool validateOnly =
            false, params (string Name, string? Value)[] configs)
    {
        var topic = new CreateTopicsRequest.CreatableTopic
        {
            Name = name,
            NumPartitions = partitions,
            ReplicationFactor = replication,
        };
        foreach (var (key, value) in configs)
            topic.Configs.Add(new CreateTopicsRequest.CreatableTopicConfig { Name = key, Value = value });
        var response = await CallAsync<CreateTopicsRequest, CreateTopicsResponse>(
            new CreateTopicsRequest { Topics = [topic], ValidateOnly = validateOnly }, 7);
        return Assert.Single(response.Topics);
    }

    public async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(string topic, params string[] values) =>
        (await CallAsync<ProduceRequest,
            ProduceResponse>(Produce(topic, Batch(values)), 9)).Responses[0].PartitionResponses[0];

    public async Task<FetchResponse.PartitionData> FetchAsync(string topic, long offset, short version = 12) =>
        (await CallAsync<FetchRequest, FetchResponse>(Fetch(topic, offset), version)).Responses[0].Partitions[0];
}
