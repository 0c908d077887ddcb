// No more records are received than the limit allows; beyond it partitions are paused, and go on when there is room.
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class InFlightIsBounded
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_slow_handler_holds_back_the_consumer(string engine)
    {
        const int Limit = 60;
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 3);
        await cluster.FillAsync(topic, 1000);
        var log = new HandlerLog();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = await ProcessingHost.StartAsync(cluster, Cluster.NewName("group"), consumer => consumer
            .OrderedByKey(4)
            .InFlight(Limit)
            .Handle<string>(topic, (value, record, _) =>
                log.RunAsync(record, value, async () => await gate.Task)));

        await Until.TrueAsync(
            () => host.Status is { Outstanding: > 0, PausedPartitions: > 0 }, "partitions are paused");
        Assert.InRange(host.Status.Outstanding, 4, Limit);
        Assert.Equal(4, log.Begun);
        gate.SetResult();
        await Until.TrueAsync(
            () =>
            {
                Assert.InRange(host.Status.Outstanding, 0, Limit);
                return log.DoneCount == 1000;
            },
            "all records are done");
        log.AssertOrderOfKeys();
        await Until.TrueAsync(() => host.Status is { PausedPartitions: 0, Lag: 0 }, "nothing is paused any more");
    }
}
