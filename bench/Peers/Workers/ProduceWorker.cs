using System.Globalization;
using System.Text;
using Millrace.Client;
using Millrace.Client.Produce;

namespace Millrace.Peers.Workers;

/// <summary>Sends without waiting; the clock stops when the last record is acknowledged.</summary>
static class ProduceWorker
{
    public static async Task<int> RunAsync(WorkerOptions options, CancellationToken cancellation)
    {
        await using var client = new KafkaClient(new ClientOptions { BootstrapServers = options.Brokers });
        await using var producer = client.CreateProducer();
        var value = new byte[options.Size];
        new Random(1).NextBytes(value);
        var keys = new byte[options.Keys][];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = Encoding.ASCII.GetBytes(i.ToString(CultureInfo.InvariantCulture));
        }

        await SendAsync(producer, options.Topic, keys, value, Math.Max(1, options.Warmup), cancellation);
        var meter = new Meter();
        await SendAsync(producer, options.Topic, keys, value, options.Count, cancellation);
        meter.Print(options.Count);
        return 0;
    }

    static async Task SendAsync(
        Producer producer, string topic, byte[][] keys, byte[] value, int count, CancellationToken cancellation)
    {
        for (var i = 0; i < count; i++)
        {
            var key = keys.Length == 0 ? null : keys[i % keys.Length];
            await producer.EnqueueAsync(new ProducerRecord(topic, key, value), cancellation);
        }

        await producer.FlushAsync(cancellation);
    }
}
