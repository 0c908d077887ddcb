// The cluster of a scenario: the embedded broker in memory, or the real Kafka that an environment variable names.
using System.Security.Cryptography;
using System.Text;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Millrace.Protocol.Wire;
using Millrace.Testing;
using Xunit;
using GroupOffset = Millrace.Client.Administration.GroupOffset;

namespace Millrace.Scenarios;

/// <summary>The cluster of a scenario. Every scenario of client and processing runs on both engines: on the embedded
/// broker always, and on the real cluster that <c>MILLRACE_TEST_BOOTSTRAP</c> names, else that run is skipped and
/// counted so. Topics and groups have names of their own, so scenarios may run side by side and again.</summary>
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
    readonly BufferPool _pool;

    Cluster(TestKafka? embedded, string bootstrap, BufferPool pool)
    {
        _embedded = embedded;
        _pool = pool;
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
        var servers = Environment.GetEnvironmentVariable("MILLRACE_TEST_BOOTSTRAP");
        Assert.SkipWhen(engine == Kafka && string.IsNullOrEmpty(servers), "MILLRACE_TEST_BOOTSTRAP names no cluster.");
        var pool = BuffersAreReturned.NewPool();
        if (engine == Kafka)
        {
            return new Cluster(null, servers!, pool);
        }

        var broker = await TestKafka.StartAsync(
            new TestKafkaOptions { BufferPool = pool }, TestContext.Current.CancellationToken);
        return new Cluster(broker, broker.BootstrapServers, pool);
    }

    /// <summary>Another client.</summary>
    public KafkaClient Connect() =>
        new(new ClientOptions { BootstrapServers = Bootstrap, ClientId = "scenario" }, CreateClientRuntime());

    /// <summary>The seams to this cluster, for a host's service collection.</summary>
    public ClientRuntime CreateClientRuntime() =>
        _embedded?.CreateClientRuntime() ?? new ClientRuntime { BufferPool = _pool };

    /// <summary>A name that no other run uses.</summary>
    public static string NewName(string prefix) =>
        $"{prefix}-{RandomNumberGenerator.GetHexString(10, lowercase: true)}";

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

    /// <summary>Writes records and waits until they are acknowledged.</summary>
    public async Task SendAsync(params IEnumerable<ProducerRecord> records)
    {
        await using var producer = Client.CreateProducer();
        foreach (var record in records)
        {
            await producer.EnqueueAsync(record, TestContext.Current.CancellationToken);
        }

        await producer.FlushAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Reads the first records of a partition, copied.</summary>
    public async Task<List<CopiedRecord>> ReadAsync(string topic, int partition, int count)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        var records = new List<CopiedRecord>();
        await using var consumer = Client.CreateConsumer();
        consumer.Assign([new PartitionStart(new TopicPartition(topic, partition), 0)]);
        while (records.Count < count)
        {
            foreach (var batch in (await consumer.PollAsync(TimeSpan.FromSeconds(1), limit.Token)).Batches)
            {
                records.AddRange(batch.Select(CopiedRecord.Of));
                batch.Dispose();
            }
        }

        return records;
    }

    /// <summary>What a group committed, by partition of the topic.</summary>
    public async Task<IReadOnlyDictionary<int, GroupOffset>> CommittedAsync(string group, string topic)
    {
        var all = await Client.Admin.ListGroupOffsetsAsync(group, cancellation: TestContext.Current.CancellationToken);
        return all.Where(e => e.Key.Topic == topic).ToDictionary(static e => e.Key.Partition, static e => e.Value);
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
