using System.Diagnostics;
using System.Globalization;
using Millrace.Client;

namespace Millrace.Peers;

/// <summary>A broker in a process of its own, and its topics.</summary>
sealed class Cluster : IAsyncDisposable
{
    const int Partitions = 12;
    const int KafkaPort = 26092;

    readonly string _directory;
    readonly Process? _embedded;
    readonly KafkaClient _client;
    int _topics;

    Cluster(string bootstrap, string directory, Process? embedded)
    {
        Bootstrap = bootstrap;
        _directory = directory;
        _embedded = embedded;
        _client = new KafkaClient(new ClientOptions { BootstrapServers = bootstrap, ClientId = "bench" });
    }

    public string Bootstrap { get; }

    public static async Task<Cluster> StartAsync(Engine engine, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("millrace-bench-").FullName;
        if (engine == Engine.Kafka)
        {
            var arguments = $"start --dir {directory}/kafka --port {KafkaPort} --heap 768m "
                + "-c group.initial.rebalance.delay.ms=0";
            await Tools.RunAsync(Path.Combine(Tools.Kafka, "kafka"), arguments, cancellation);
            return new Cluster($"127.0.0.1:{KafkaPort}", directory, null);
        }

        var process = Tools.Start(Tools.PathOf(Tool.Ours), $"worker broker --data {directory}/broker");
        var bootstrap = await process.StandardOutput.ReadLineAsync(cancellation)
            ?? throw new InvalidOperationException(
                $"The broker did not start: {await process.StandardError.ReadToEndAsync(cancellation)}");
        return new Cluster(bootstrap, directory, process);
    }

    /// <summary>Makes a topic and fills it if asked to.</summary>
    public async Task<string> CreateTopicAsync(Filling? filling, CancellationToken cancellation)
    {
        var topic = string.Create(CultureInfo.InvariantCulture, $"bench-{++_topics}");
        await _client.Admin.CreateTopicAsync(topic, Partitions, 1, cancellation);
        if (filling is not null)
        {
            var keys = filling.Keys > 0 ? $" --keys {filling.Keys} --stamp" : "";
            // Idempotent, or a retry on a topic this young could change the order that the readers check.
            await Tools.MeasureAsync(
                Tools.PathOf(Tool.Rdperf),
                $"produce --brokers {Bootstrap} --topic {topic} --count {filling.Records} --size {filling.Size}{keys}"
                    + " --idempotent",
                cancellation);
        }

        return topic;
    }

    public async Task DeleteTopicAsync(string topic) => await _client.Admin.DeleteTopicsAsync([topic]);

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        if (_embedded is null)
        {
            await Tools.RunAsync(
                Path.Combine(Tools.Kafka, "kafka"), $"destroy --dir {_directory}/kafka", CancellationToken.None);
        }
        else
        {
            _embedded.StandardInput.Close();   // the worker ends with its input
            await _embedded.WaitForExitAsync();
            _embedded.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }
}
