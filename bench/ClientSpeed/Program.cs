using System.Diagnostics;
using System.Globalization;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Client.Produce;
using Millrace.Protocol;

// One JSON line for a client against a running cluster; compare only runs that alternate with the other client's.
// dotnet run -c Release --project bench/ClientSpeed -- consume BROKERS TOPIC COUNT [FETCH_BYTES]
// dotnet run -c Release --project bench/ClientSpeed -- latency BROKERS TOPIC COUNT SIZE
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is not [("consume" or "latency") and var mode, var brokers, var topic, var countText, .. var rest])
{
    Console.Error.WriteLine("consume BROKERS TOPIC COUNT [FETCH_BYTES] | latency BROKERS TOPIC COUNT SIZE");
    return 2;
}

await using var client = new KafkaClient(new ClientOptions { BootstrapServers = brokers });
var count = int.Parse(countText);
if (mode == "consume")
{
    await Consume(rest.Length > 0 ? int.Parse(rest[0]) : null);   // the compiler's own time does not count
}

Console.WriteLine(mode == "consume"
    ? await Consume(rest.Length > 0 ? int.Parse(rest[0]) : null)
    : await Latency(rest.Length > 0 ? int.Parse(rest[0]) : 100));
return 0;

async Task<string> Consume(int? fetchBytes)
{
    var partitions = (await client.Admin.DescribeTopicsAsync([topic]))[0].Partitions.Count;
    var options = new ConsumerOptions();
    if (fetchBytes is { } bytes)
    {
        options = options with { FetchMaxBytes = bytes, MaxPartitionFetchBytes = Math.Max(bytes, 1024 * 1024) };
    }

    var cost = Cost.Now();
    await using var consumer = client.CreateConsumer(options);
    consumer.Assign(
        [.. Enumerable.Range(0, partitions).Select(p => new PartitionStart(new TopicPartition(topic, p), 0))]);
    long records = 0, size = 0, first = 0, polls = 0;
    while (records < count)
    {
        var poll = await consumer.PollAsync(TimeSpan.FromSeconds(10));
        if (poll.Kind == PollKind.Empty)
        {
            throw new InvalidOperationException($"Nothing came for 10 s; {records} of {count} records are here.");
        }

        first = first == 0 ? Stopwatch.GetTimestamp() : first;
        polls++;
        foreach (var batch in poll.Batches)
        {
            foreach (var record in batch)
            {
                size += record.Key.Length + record.Value.Length;
            }

            records += batch.Count;
            batch.Dispose();
        }
    }

    var seconds = Stopwatch.GetElapsedTime(first).TotalSeconds;
    return $$"""{"mode":"consume","records":{{records}},"bytes":{{size}},"seconds":{{seconds:f4}},"""
        + $$""" "recordsPerSecond":{{records / seconds:f0}},"polls":{{polls}},{{cost.Per(records)}}}""";
}

async Task<string> Latency(int size)
{
    const int WarmUp = 2000;
    await using var producer = client.CreateProducer(new ProducerOptions { Linger = TimeSpan.Zero });
    var value = new byte[size];
    var times = new double[count];
    var cost = default(Cost);
    for (var i = -WarmUp; i < count; i++)
    {
        cost = i == 0 ? Cost.Now() : cost;
        var start = Stopwatch.GetTimestamp();
        await producer.SendAsync(new ProducerRecord(topic, (byte[]?)null, value) { Partition = 0 });
        if (i >= 0)
        {
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
    }

    var costs = cost.Per(count);
    Array.Sort(times);
    return $$"""{"mode":"latency","records":{{count}},"ackP50Us":{{times[count / 2]:f1}},"""
        + $$""" "ackP99Us":{{times[(int)(count * 0.99)]:f1}},{{costs}}}""";
}

/// <summary>What the process had used at a moment.</summary>
readonly record struct Cost(TimeSpan Cpu, long Allocated, int Collections)
{
    public static Cost Now() => new(
        Process.GetCurrentProcess().TotalProcessorTime, GC.GetTotalAllocatedBytes(precise: true),
        GC.CollectionCount(0));

    public string Per(long records)
    {
        var now = Now();
        return $"\"cpuMicrosPerRecord\":{(now.Cpu - Cpu).TotalMicroseconds / records:f3},"
            + $"\"allocatedPerRecord\":{(double)(now.Allocated - Allocated) / records:f1},"
            + $"\"collections\":{now.Collections - Collections},"
            + $"\"maxRssMB\":{Process.GetCurrentProcess().PeakWorkingSet64 / 1048576}";
    }
}
