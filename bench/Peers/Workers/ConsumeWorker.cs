using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Protocol;

namespace Millrace.Peers.Workers;

/// <summary>Reads every partition from its beginning and looks at each value; the clock starts with the first
/// record.</summary>
static class ConsumeWorker
{
    public static async Task<int> RunAsync(WorkerOptions options, CancellationToken cancellation)
    {
        await using var client = new KafkaClient(new ClientOptions { BootstrapServers = options.Brokers });
        var topic = (await client.Admin.DescribeTopicsAsync([options.Topic], cancellation))[0];
        await using var consumer = client.CreateConsumer(new ConsumerOptions());
        consumer.Assign([.. topic.Partitions.Select(
            p => new PartitionStart(new TopicPartition(options.Topic, p.Index), 0))]);

        Meter? meter = null;
        long records = 0, bytes = 0;
        while (records < options.Count)
        {
            var poll = await consumer.PollAsync(TimeSpan.FromSeconds(30), cancellation);
            if (poll.Kind == PollKind.Empty)
            {
                await Console.Error.WriteLineAsync(
                    $"Nothing came for 30 s after {records} of {options.Count} records.");
                return 1;
            }

            meter ??= new Meter();
            foreach (var batch in poll.Batches)
            {
                foreach (var record in batch)
                {
                    bytes += record.Value.Length;
                }

                records += batch.Count;
                batch.Dispose();
            }
        }

        meter!.Print(records, new() { ["bytes"] = bytes });
        return 0;
    }
}
