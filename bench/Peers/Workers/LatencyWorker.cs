using System.Diagnostics;
using System.Text.Json.Nodes;
using Millrace.Client;
using Millrace.Client.Produce;

namespace Millrace.Peers.Workers;

/// <summary>One awaited send at a time, without linger.</summary>
static class LatencyWorker
{
    public static async Task<int> RunAsync(WorkerOptions options, CancellationToken cancellation)
    {
        await using var client = new KafkaClient(new ClientOptions { BootstrapServers = options.Brokers });
        await using var producer = client.CreateProducer(new ProducerOptions { Linger = TimeSpan.Zero });
        var record = new ProducerRecord(options.Topic, null, new byte[options.Size]);
        for (var i = 0; i < options.Warmup; i++)
        {
            await producer.SendAsync(record, cancellation);
        }

        var micros = new double[options.Count];
        var meter = new Meter();
        for (var i = 0; i < options.Count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            await producer.SendAsync(record, cancellation);
            micros[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }

        Array.Sort(micros);
        meter.Print(options.Count, new JsonObject
        {
            ["ackP50Us"] = Math.Round(micros[micros.Length / 2]),
            ["ackP99Us"] = Math.Round(micros[(int)(micros.Length * 0.99)]),
            ["ackMaxUs"] = Math.Round(micros[^1]),
        });
        return 0;
    }
}
