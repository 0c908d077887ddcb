using System.Security.Cryptography;
using System.Text;
using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Testing;
using Xunit;

namespace Millrace.Scenarios;

/// <summary>The cluster of a scenario. Every scenario of client and processing runs on both engines: on the embedded broker
/// always, and on the real cluster that <c>MILLRACE_TEST_BOOTSTRAP</c> names, else that run is skipped and counted so. Topics
/// and groups have names of their own, so scenarios may run side by side and again.</summary>
/// <example><code>
/// [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
/// public async Task It_holds(string engine)
/// {
///     await using var cluster = await Cluster.StartAsync(engine);
///     var topic = await cluster.CreateTopicAsync(partitions: 3);
/// </code></example>
sealed class Cluster : IAsyncDisposable
{
    public const string Embedded = "embedded";
    public const string Kafka = "kafka";

    readonly TestKafka? _embedded;

    Cluster(TestKafka? embedded, string bootstrap)
    {
        _embedded = embedded;
        Bootstrap = bootstrap;
        Client = Connect();
    }

    public static IReadOnlyList<string> EngineNames { get; } = [Embedded, Kafka];

    public static TheoryData<string> Engines => [.. EngineNames];

    public string Bootstrap { get; }

    /// <summary>A client that lives as long as the cluster of the scenario.</summary>
    public KafkaClient Client { get; }

    /// <summary>Starts or finds the cluster; skips the test when the engine is not at hand.</summary>
    public static async Task<Cluster> StartAsync(string engine)
    {
        if (engine == Embedded)
        {
            var broker = await TestKafka.StartAsync(cancellation: TestContext.Current.CancellationToken);
            return new Cluster(broker, broker.BootstrapServers);
        }

        var servers = Environment.GetEnvironmentVariable("MILLRACE_TEST_BOOTSTRAP");
        Assert.SkipWhen(string.IsNullOrEmpty(servers), "MILLRACE_TEST_BOOTSTRAP names no cluster.");
        return new Cluster(null, servers!);
    }

    /// <summary>Another client.</summary>
    public KafkaClient Connect() =>
        _embedded?.CreateClient() ?? new KafkaClient(new ClientOptions { BootstrapServers = Bootstrap, ClientId = "scenario" });

    /// <summary>The seams to this cluster, for a host's service collection.</summary>
    public ClientRuntime CreateClientRuntime() => _embedded?.CreateClientRuntime() ?? new ClientRuntime();

    /// <summary>A name that no other run uses.</summary>
    public static string NewName(string prefix) => $"{prefix}-{RandomNumberGenerator.GetHexString(10, lowercase: true)}";

    public async Task<string> CreateTopicAsync(int partitions = 1, string prefix = "it")
    {
        var name = NewName(prefix);
        await Client.Admin.CreateTopicAsync(name, partitions, cancellation: TestContext.Current.CancellationToken);
        return name;
    }

    /// <summary>Writes "0", "1", … with the number as the key.</summary>
    public async Task FillAsync(string topic, int count, int first = 0)
    {
        await using var producer = Client.CreateProducer();
        for (var i = first; i < first + count; i++)
        {
            var text = Encoding.UTF8.GetBytes($"{i}");
            await producer.EnqueueAsync(new ProducerRecord(topic, text, text), TestContext.Current.CancellationToken);
        }

        await producer.FlushAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        if (_embedded is not null)
        {
            await _embedded.DisposeAsync();
        }
    }
}
