// After a crash the successor runs what was not committed as done, and not again what was done above a gap.
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class ACrashRepeatsOnlyWhatWasNotDone
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Records_done_above_an_unfinished_one_are_not_run_again(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var group = Cluster.NewName("group");
        var session = engine == Cluster.Kafka ? 6 : 1;   // a real cluster allows no shorter one
        await cluster.FillAsync(topic, 100);
        var first = new HandlerLog();
        var gate = new TaskCompletionSource();
        await using var crashed = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .OrderedByKey(8)
            .Handle<string>(topic, (value, record, _) => first.RunAsync(record, value, async () =>
            {
                if (value == "7")
                {
                    await gate.Task;
                }
            })), sessionSeconds: session);
        await Until.TrueAsync(() => crashed.Status.Handled == 99, "all but one record are done");

        // The broker has it all when its map changed twice more: at most one commit was on its way.
        await DoOneMoreAsync(cluster, group, topic, crashed, 100);
        await DoOneMoreAsync(cluster, group, topic, crashed, 101);
        crashed.Vanish();

        var second = new HandlerLog();
        await using var successor = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .OrderedByKey(8)
            .Handle<string>(topic, (value, record, _) =>
                second.RunAsync(record, value, static () => ValueTask.CompletedTask)), sessionSeconds: session);
        await cluster.FillAsync(topic, 1, 102);
        await Until.TrueAsync(
            () => second.Done.Any(static run => run.Value == "7") && second.Done.Any(static run => run.Value == "102"),
            "the successor did what was left and what is new");

        Assert.Subset(
            new HashSet<string>(["7", "100", "101", "102"]), second.Done.Select(static run => run.Value).ToHashSet());
        gate.SetResult();
        await successor.StopAsync();
        Assert.Equal(103 - 7, successor.Status.RedeliveredKnownDone + second.DoneCount);
        Assert.Equal((103L, ""), await CommittedAsync(cluster, group, topic));
    }

    static async Task DoOneMoreAsync(Cluster cluster, string group, string topic, ProcessingHost host, int number)
    {
        var before = await CommittedAsync(cluster, group, topic);
        await cluster.FillAsync(topic, 1, number);
        await Until.TrueAsync(
            async () => host.Status.Handled == number && await CommittedAsync(cluster, group, topic) != before,
            "a later commit is there");
        Assert.Equal(7, (await CommittedAsync(cluster, group, topic)).Offset);
    }

    static async Task<(long Offset, string Map)> CommittedAsync(Cluster cluster, string group, string topic) =>
        (await cluster.CommittedAsync(group, topic)).TryGetValue(0, out var found)
            ? (found.Offset, found.Metadata) : (-1, "");
}
