// A shutdown lets running handlers end, commits exactly what is done, and starts nothing new.
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class AShutdownDrains
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Running_handlers_end_and_are_committed(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var group = Cluster.NewName("group");
        await cluster.FillAsync(topic, 50);
        var log = new HandlerLog();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var all = log.RunAtOnce(4);
        await using var host = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .OrderedByKey(4)
            .Handle<string>(topic, (value, record, _) =>
                log.RunAsync(record, value, async () => await gate.Task)));
        await all;

        var stop = host.StopAsync();
        Assert.False(stop.IsCompleted);
        gate.SetResult();
        await stop;

        Assert.Equal(log.DoneCount, log.Begun);
        Assert.False(host.Listener.IsRunning);
        var begun = log.Begun;
        var again = new HandlerLog();
        await using var next = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .OrderedByKey(4)
            .Handle<string>(topic, (value, record, _) =>
                again.RunAsync(record, value, static () => ValueTask.CompletedTask)));
        await Until.TrueAsync(() => again.DoneCount == 50 - begun, "the next host does the rest");
        Assert.Equal(
            Enumerable.Range(0, 50), log.Done.Concat(again.Done).Select(static run => int.Parse(run.Value)).Order());
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Handlers_that_take_too_long_are_cancelled_and_not_committed(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var group = Cluster.NewName("group");
        await cluster.FillAsync(topic, 10);
        var log = new HandlerLog();
        var all = log.RunAtOnce(1);
        await using var host = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .DrainTimeout(TimeSpan.FromMilliseconds(100))
            .Handle<string>(topic, (value, record, cancellation) => log.RunAsync(record, value, () =>
                record.Offset < 3 ? ValueTask.CompletedTask
                : new ValueTask(Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellation)))));
        await Until.TrueAsync(() => log.Begun == 4, "a handler hangs");

        await host.StopAsync();

        Assert.Equal(4, log.Begun);
        Assert.Equal(3, log.DoneCount);
        Assert.Equal(3, (await cluster.CommittedAsync(group, topic))[0].Offset);
    }
}
