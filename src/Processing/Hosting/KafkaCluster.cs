using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Client.Consume;
using Millrace.Client.Produce;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Processing.Hosting;

/// <summary>Makes clients with the application's clock and logs, or with the <see cref="ClientRuntime"/> that is
/// registered as a
/// service: that is how a test puts another transport underneath.</summary>
sealed class KafkaClusterFactory(IServiceProvider services) : IClusterFactory
{
    public ICluster Create(MillraceOptions options)
    {
        var runtime = services.GetService<ClientRuntime>() ?? new ClientRuntime
        {
            TimeProvider = services.GetRequiredService<TimeProvider>(),
            LoggerFactory = services.GetRequiredService<ILoggerFactory>(),
        };
        var client = new ClientOptions { BootstrapServers = options.BootstrapServers };
        client = string.IsNullOrWhiteSpace(options.ClientId) ? client : client with { ClientId = options.ClientId };
        return new KafkaCluster(
                new KafkaClient(options.ConfigureClient?.Invoke(client) ?? client, runtime),
            runtime,
            options.ConfigureConsumer);
    }
}

/// <summary>A cluster through the client.</summary>
sealed class KafkaCluster : ICluster
{
    readonly KafkaClient _client;
    readonly ClientRuntime _runtime;
    readonly Func<ConsumerOptions, ConsumerOptions>? _configureConsumer;
    readonly KafkaDeadLetterProducer _deadLetters;

    public KafkaCluster(
        KafkaClient client, ClientRuntime runtime, Func<ConsumerOptions, ConsumerOptions>? configureConsumer = null)
    {
        _client = client;
        _runtime = runtime;
        _configureConsumer = configureConsumer;
        _deadLetters = new KafkaDeadLetterProducer(client);
    }

    public IDeadLetterProducer DeadLetters => _deadLetters;

    public async ValueTask<IReadOnlyDictionary<string, int>> PartitionCountsAsync(
        IReadOnlyCollection<string> topics, CancellationToken cancellation)
    {
        var counts = new Dictionary<string, int>(topics.Count, StringComparer.Ordinal);
        foreach (var topic in await _client.Admin.DescribeTopicsAsync(topics, cancellation).ConfigureAwait(false))
        {
            if (topic.Error is null)
            {
                counts[topic.Name] = topic.Partitions.Count;
            }
            else if (topic.Error.Code != ErrorCode.UnknownTopicOrPartition)
            {
                throw new KafkaServerException(topic.Error.Code, $"topic '{topic.Name}': {topic.Error.Text}");
            }
        }

        return counts;
    }

    public async ValueTask CreateTopicAsync(
        string topic, int partitions, short replicationFactor, CancellationToken cancellation)
    {
        var results = await _client.Admin.CreateTopicsAsync(
            [new NewTopic(topic, partitions, replicationFactor)], cancellation: cancellation).ConfigureAwait(false);
        // Another instance that starts at the same moment may have been faster.
        if (results[0].Error is { } error && error.Code != ErrorCode.TopicAlreadyExists)
        {
            throw new KafkaServerException(error.Code, $"topic '{topic}' could not be created: {error.Text}");
        }
    }

    // Kafka's own defaults: a session of 45 s and heartbeats often enough that several may be lost.
    static readonly TimeSpan DefaultSessionTimeout = TimeSpan.FromSeconds(45);
    const int HeartbeatsPerSession = 15;

    // A group that waits less for a hand-over than the hand-over takes gives partitions away while handlers still run.
    static readonly TimeSpan DefaultRebalanceTimeout = new ConsumerOptions().RebalanceTimeout;
    static readonly TimeSpan RebalanceMargin = TimeSpan.FromSeconds(30);

    internal static ConsumerOptions OptionsOf(ListenerStart start)
    {
        var handOver = start.Plan.LongestHandOver + RebalanceMargin;
        return new ConsumerOptions
        {
            GroupId = start.GroupId,
            GroupInstanceId = start.InstanceId,
            SessionTimeout = start.SessionTimeout ?? DefaultSessionTimeout,
            HeartbeatInterval = (start.SessionTimeout ?? DefaultSessionTimeout) / HeartbeatsPerSession,
            RebalanceTimeout = handOver > DefaultRebalanceTimeout ? handOver : DefaultRebalanceTimeout,
            AutoOffsetReset = start.ReadFrom == ReadFrom.Earliest ? AutoOffsetReset.Earliest : AutoOffsetReset.Latest,
        };
    }

    public IRunningListener Start(ListenerStart start)
    {
        var options = OptionsOf(start);
        options = _configureConsumer?.Invoke(options) ?? options;
        var consumer = _client.CreateConsumer(options with { GroupId = start.GroupId });
        consumer.Subscribe([.. start.Topics]);
        return new RunningListener(new ListenerLoop(
            start.Plan, new ConsumerPort(consumer), start.Pipeline, start.Events, _runtime.TimeProvider, start.Random));
    }

    public async ValueTask DisposeAsync()
    {
        await _deadLetters.DisposeAsync().ConfigureAwait(false);
        await _client.DisposeAsync().ConfigureAwait(false);
    }
}

/// <summary>Writes dead letters with one producer, made when the first is written.</summary>
sealed class KafkaDeadLetterProducer(KafkaClient client) : IDeadLetterProducer, IAsyncDisposable
{
    // A write that takes longer is given back as failed: its lane is parked and its slot is free until the next try.
    static readonly TimeSpan DeliveryTimeout = TimeSpan.FromSeconds(30);

    // The headers make a dead letter larger than its record was, so the broker's limit decides, not the client's.
    const int MaxRequestSize = 16 * 1024 * 1024;

    readonly Lazy<Producer> _producer = new(() => client.CreateProducer(new ProducerOptions
    {
        DeliveryTimeout = DeliveryTimeout,
        MaxRequestSize = MaxRequestSize,
    }));

    public async ValueTask ProduceAsync(
        TopicPartition target,
        ReadOnlyMemory<byte>? key,
        ReadOnlyMemory<byte>? value,
        IReadOnlyList<RecordHeader> headers,
        CancellationToken cancellation)
    {
        var record = new ProducerRecord(target.Topic, key, value)
        {
            Partition = target.Partition,
            Headers = [.. headers],
        };
        await _producer.Value.SendAsync(record, cancellation).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() =>
        _producer.IsValueCreated ? _producer.Value.DisposeAsync() : ValueTask.CompletedTask;
}
