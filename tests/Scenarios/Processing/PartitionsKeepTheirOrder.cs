// By default records of a partition are handled one at a time and in order, partitions side by side.
using Millrace.Client.Produce;
using Millrace.Processing;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class PartitionsKeepTheirOrder
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Partitions_run_side_by_side_and_each_in_order(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 4);
        await cluster.SendAsync(Enumerable.Range(0, 400)
            .Select(i => ProducerRecord.FromText(topic, $"{i}", $"{i}") with { Partition = i % 4 }));
        var log = new HandlerLog();
        var all = log.RunAtOnce(4);

        await using var host = await ProcessingHost.StartAsync(cluster, Cluster.NewName("group"), consumer => consumer
            .Retry(on => on.Transient<TimeoutException>(Backoff.Fixed(TimeSpan.FromMilliseconds(5), attempts: 3)))
            .Handle<string>(topic, (value, record, _) => log.RunAsync(record, value, async () =>
            {
                await all;
                if (record.Offset == 10 && record.Attempt == 1)
                {
                    throw new TimeoutException("not now");
                }
            })));
        await Until.TrueAsync(() => log.DoneCount == 400, "all records are done");

        Assert.Equal(4, log.MostAtOnce);
        foreach (var partition in log.Done.GroupBy(static run => run.Partition))
        {
            Assert.Equal(
                Enumerable.Range(0, 100).Select(static o => (long)o), partition.Select(static run => run.Offset));
        }
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Unordered_records_of_one_key_run_side_by_side(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        await cluster.SendAsync(
            Enumerable.Range(0, 100).Select(i => ProducerRecord.FromText(topic, "one key", $"{i}")));
        var log = new HandlerLog();
        var all = log.RunAtOnce(8);

        await using var host = await ProcessingHost.StartAsync(cluster, Cluster.NewName("group"), consumer => consumer
            .Unordered(8)
            .Handle<string>(topic, (value, record, _) =>
                log.RunAsync(record, value, async () => await all, exclusive: false)));
        await Until.TrueAsync(() => log.DoneCount == 100, "all records are done");

        Assert.Equal(8, log.MostAtOnce);
        Assert.Equal(Enumerable.Range(0, 100), log.Done.Select(static run => int.Parse(run.Value)).Order());
    }
}
