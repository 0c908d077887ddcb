// Two applications in one group share the partitions; hand-overs lose nothing and repeat nothing.
using Millrace.Client.Produce;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class HostsShareAGroup
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Partitions_move_with_a_drain_and_every_record_is_done_once(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 6);
        var group = Cluster.NewName("group");
        var log = new HandlerLog();
        await SendAsync(cluster, topic, 0);
        await using var a = await StartAsync(cluster, group, topic, log);
        await Until.TrueAsync(() => log.DoneCount > 300, "the first host is at work");

        await using var b = await StartAsync(cluster, group, topic, log);
        await SendAsync(cluster, topic, 1);
        await Until.TrueAsync(
            () => a.Status.Partitions.Count == 3 && b.Status.Partitions.Count == 3, "each host has three partitions");
        await SendAsync(cluster, topic, 2);
        await Until.TrueAsync(() => b.Status.Handled > 100, "the second host is at work");

        await a.StopAsync();
        await SendAsync(cluster, topic, 3);
        await Until.TrueAsync(() => log.DoneCount >= 4 * Batch, "all records are done");

        log.AssertOrderOfKeys();
        Assert.Equal(Enumerable.Range(0, 4 * Batch), log.Done.Select(static run => int.Parse(run.Value)).Order());
        Assert.Equal(6, b.Status.Partitions.Count);
        Assert.True(a.Status.Handled > 0);
        await b.StopAsync();
        Assert.Equal(4 * Batch, (await cluster.CommittedAsync(group, topic)).Values.Sum(static o => o.Offset));
    }

    const int Batch = 1000;

    static Task SendAsync(Cluster cluster, string topic, int number) => cluster.SendAsync(
        Enumerable.Range(number * Batch, Batch).Select(i => ProducerRecord.FromText(topic, $"key-{i % 60}", $"{i}")));

    static Task<ProcessingHost> StartAsync(Cluster cluster, string group, string topic, HandlerLog log) =>
        ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .OrderedByKey(8)
            .Handle<string>(topic, (value, record, cancellation) =>
                log.RunAsync(record, value, () => new ValueTask(
                    Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellation)))));
}
