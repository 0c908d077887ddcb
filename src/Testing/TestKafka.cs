using Millrace.Broker;
using Millrace.Broker.Storage;
using Millrace.Client;
using Millrace.Protocol.Wire;

namespace Millrace.Testing;

/// <summary>A Kafka broker inside the test process: the embedded broker over memory, without sockets or disk. Starts in
/// milliseconds; each instance is a cluster of its own.</summary>
/// <example><code>
/// await using var kafka = await TestKafka.StartAsync();
/// await using var client = kafka.CreateClient();
/// </code></example>
public sealed class TestKafka : IAsyncDisposable
{
    readonly MemoryTransport _network;
    readonly TestKafkaOptions _options;

    TestKafka(KafkaBroker broker, MemoryTransport network, TestKafkaOptions options)
    {
        Broker = broker;
        _network = network;
        _options = options;
    }

    /// <summary>The broker.</summary>
    public KafkaBroker Broker { get; }

    /// <summary>The address that clients of <see cref="CreateClient"/> use; with <see
    /// cref="TestKafkaOptions.ListenOnTcp"/> any client of this machine.</summary>
    public string BootstrapServers => Broker.BootstrapServers;

    /// <summary>Starts a broker.</summary>
    /// <param name="options">What differs from the defaults.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<TestKafka> StartAsync(
        TestKafkaOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new TestKafkaOptions();
        var network = new MemoryTransport(options.BufferPool);
        var runtime = new BrokerRuntime
        {
            Time = options.TimeProvider,
            Transports = [options.ListenOnTcp ? TcpTransport.Instance : network],
            Files = options.FileSystem ?? new MemoryFileSystem(),
            Random = new Random(options.Seed),
            Pool = options.BufferPool,
            LoggerFactory = options.LoggerFactory,
        };
        var broker = await KafkaBroker.StartAsync(options.ToBrokerOptions(), runtime, cancellation)
            .ConfigureAwait(false);
        return new TestKafka(broker, network, options);
    }

    /// <summary>A client of this broker, on the same clock. Dispose it before the broker.</summary>
    /// <param name="configure">Changes the options.</param>
    public KafkaClient CreateClient(Func<ClientOptions, ClientOptions>? configure = null)
    {
        var clientOptions = new ClientOptions { BootstrapServers = BootstrapServers };
        return new KafkaClient(configure?.Invoke(clientOptions) ?? clientOptions, CreateClientRuntime());
    }

    /// <summary>The seams with which a client reaches this broker, for clients that others create.</summary>
    public ClientRuntime CreateClientRuntime() => new()
    {
        TimeProvider = _options.TimeProvider,
        Transport = _options.ListenOnTcp ? TcpTransport.Instance : _network,
        Random = new Random(_options.Seed),
        BufferPool = _options.BufferPool,
        LoggerFactory = _options.LoggerFactory,
    };

    /// <summary>Stops the broker; what it stored is gone with it, unless a file system was given.</summary>
    public ValueTask DisposeAsync() => Broker.DisposeAsync();
}
