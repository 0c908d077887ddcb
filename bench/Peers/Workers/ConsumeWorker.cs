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
        var partitions = topic.Partitions.Select(p => new TopicPartition(options.Topic, p.Index)).ToList();
        // Another consumer, so that the one that is measured starts with nothing buffered.
        if (options.Warmup > 0 && await ReadAsync(client, partitions, options.Warmup, cancellation) is null)
        {
            return 1;
        }

        if (await ReadAsync(client, partitions, options.Count, cancellation) is not var (meter, records, bytes))
        {
            return 1;
        }

        meter.Print(records, new() { ["bytes"] = bytes });
        return 0;
    }

    static async Task<(Meter Meter, long Records, long Bytes)?> ReadAsync(
        KafkaClient client, List<TopicPartition> partitions, int count, CancellationToken cancellation)
    {
        await using var consumer = client.CreateConsumer(new ConsumerOptions());
        consumer.Assign([.. partitions.Select(p => new PartitionStart(p, 0))]);
        Meter? meter = null;
        long records = 0, bytes = 0;
        while (records < count)
        {
            var poll = await consumer.PollAsync(TimeSpan.FromSeconds(30), cancellation);
            if (poll.Kind == PollKind.Empty)
            {
                await Console.Error.WriteLineAsync(
                    $"Nothing came for 30 s after {records} of {count} records.");
                return null;
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

        return (meter!, records, bytes);
    }
}
