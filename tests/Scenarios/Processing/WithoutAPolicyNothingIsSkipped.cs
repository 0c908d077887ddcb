// A record that fails without a policy stops its partition and turns health red; nothing is committed past it.
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Millrace.Client.Produce;
using Millrace.Processing.Listeners;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class WithoutAPolicyNothingIsSkipped
{
    [Theory, MemberData(nameof(Cases))]
    public async Task The_partition_stops_others_go_on_a_repaired_handler_resumes(string engine, RecordOrder order)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 2);
        var group = Cluster.NewName("group");
        await cluster.SendAsync(Enumerable.Range(0, 20)
            .Select(i => ProducerRecord.FromText(topic, $"{i}", $"{i}") with { Partition = i % 2 }));
        var log = new HandlerLog();
        await using (var host = await StartAsync(cluster, group, topic, order, log, isBroken: true))
        {
            await Until.TrueAsync(
                () => host.Status.Partitions.Any(static p => p.StoppedAt == 3)
                    && host.Status.Partitions.Any(static p => p is { Committed: 10, StoppedBy: null }),
                "partition 0 is stopped at record 3 and partition 1 is done");
            var ready = await host.HealthAsync("millrace-ready");
            Assert.Equal(HealthStatus.Unhealthy, ready.Status);
            Assert.Contains($"{topic}-0 at offset 3: InvalidOperationException: broken", ready.Description,
                StringComparison.Ordinal);
            Assert.Equal(HealthStatus.Healthy, (await host.HealthAsync("millrace-live")).Status);
        }

        var committed = await cluster.CommittedAsync(group, topic);
        Assert.Equal((3, 10), (committed[0].Offset, committed[1].Offset));
        await using var repaired = await StartAsync(cluster, group, topic, order, log, isBroken: false);
        await Until.TrueAsync(() => log.DoneCount == 20, "everything is done");
        Assert.Equal(Enumerable.Range(0, 20), log.Done.Select(static run => int.Parse(run.Value)).Order());
        Assert.Equal(HealthStatus.Healthy, (await repaired.HealthAsync("millrace-ready")).Status);
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Only_what_is_named_is_skipped(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var group = Cluster.NewName("group");
        await cluster.SendAsync(((string[])["a", "not a number", "b", "worse", "c"])
            .Select(text => ProducerRecord.FromText(topic, "k", text)));
        var log = new HandlerLog();

        await using var host = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .Skip<FormatException>()
            .Handle<string>(topic, (value, record, _) => log.RunAsync(record, value, () => value switch
            {
                "not a number" => throw new FormatException(value),
                "worse" => throw new InvalidOperationException(value),
                _ => ValueTask.CompletedTask,
            })));
        await Until.TrueAsync(
            () => host.Status.Partitions.Any(static p => p.StoppedAt == 3), "the partition is stopped");
        await host.StopAsync();

        Assert.Equal(["a", "b"], log.Done.Select(static run => run.Value));
        Assert.Equal(1, host.Status.Skipped);
        Assert.Equal(3, (await cluster.CommittedAsync(group, topic))[0].Offset);
    }

    public static TheoryData<string, RecordOrder> Cases => new(Cluster.EngineNames.SelectMany(
        static _ => (RecordOrder[])[RecordOrder.ByPartition, RecordOrder.ByKey],
        static (engine, order) => (engine, order)));

    static Task<ProcessingHost> StartAsync(
        Cluster cluster, string group, string topic, RecordOrder order, HandlerLog log, bool isBroken) =>
        ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .Configure(settings => settings.Order = order)
            .Handle<string>(topic, (value, record, _) => log.RunAsync(record, value, () =>
                isBroken && record is { Partition: 0, Offset: 3 }
                    ? throw new InvalidOperationException("broken") : ValueTask.CompletedTask)));
}
