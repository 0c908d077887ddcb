using Millrace.Broker;
using Millrace.Broker.Log;

namespace Millrace.Peers.Workers;

/// <summary>The embedded broker; it writes to the page cache, as Apache Kafka does by default.</summary>
static class BrokerWorker
{
    public static async Task<int> RunAsync(string data, CancellationToken cancellation)
    {
        await using var broker = await KafkaBroker.StartAsync(
            new BrokerOptions { DataDirectory = data, Port = 0, Flush = FlushPolicy.Os }, cancellation: cancellation);
        Console.WriteLine(broker.BootstrapServers);
        while (await Console.In.ReadLineAsync(cancellation) is not null)
        {
        }

        return 0;
    }
}
