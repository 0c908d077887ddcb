// Records of one key are handled one at a time and in order, with many handlers at once and with retries.
using Millrace.Client.Produce;
using Millrace.Processing;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class KeysKeepTheirOrder
{
    const int Concurrency = 32;
    const int Keys = 48;
    const int RecordsPerKey = 20;

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Order_is_kept_with_thirty_two_handlers_and_with_retries(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 3);
        var group = Cluster.NewName("group");
        await cluster.SendAsync(Enumerable.Range(0, Keys * RecordsPerKey)
            .Select(i => ProducerRecord.FromText(topic, $"key-{i % Keys}", $"{i}")));
        var log = new HandlerLog();
        var all = log.RunAtOnce(Concurrency);

        await using var host = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .OrderedByKey(Concurrency)
            .Retry(on => on.Transient<TimeoutException>(
                Backoff.Fixed(TimeSpan.FromMilliseconds(5), attempts: 5, jitter: 0.5)))
            .Handle<string>(topic, (value, record, _) => log.RunAsync(record, value, async () =>
            {
                await all;
                if (int.Parse(value) % 7 == 3 && record.Attempt < 3)
                {
                    throw new TimeoutException("not now");
                }
            })));
        await Until.TrueAsync(() => log.DoneCount == Keys * RecordsPerKey, "all records are done");

        log.AssertOrderOfKeys();
        Assert.Equal(Concurrency, log.MostAtOnce);
        Assert.Equal(
            Enumerable.Range(0, Keys * RecordsPerKey), log.Done.Select(static run => int.Parse(run.Value)).Order());
        Assert.All(log.Done, static run => Assert.Equal(int.Parse(run.Value) % 7 == 3 ? 3 : 1, run.Attempt));
        await host.StopAsync();
        var committed = await cluster.CommittedAsync(group, topic);
        Assert.Equal(Keys * RecordsPerKey, committed.Values.Sum(static offset => offset.Offset));
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_key_that_fails_for_now_holds_no_other_key(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        await cluster.SendAsync(Enumerable.Range(0, 200)
            .Select(i => ProducerRecord.FromText(topic, i % 20 == 0 ? "bad" : $"key-{i}", $"{i}")));
        var log = new HandlerLog();
        var isBroken = true;

        await using var host = await ProcessingHost.StartAsync(cluster, Cluster.NewName("group"), consumer => consumer
            .OrderedByKey(2)
            .Retry(on => on.Transient<TimeoutException>(Backoff.Fixed(TimeSpan.FromMilliseconds(20), Backoff.Forever)))
            .Handle<string>(topic, (value, record, _) => log.RunAsync(record, value, () =>
                Volatile.Read(ref isBroken) && record.KeyText == "bad"
                    ? throw new TimeoutException("not now") : ValueTask.CompletedTask)));
        await Until.TrueAsync(() => log.DoneCount == 190, "all the other keys are done");
        await Until.TrueAsync(() => host.Status.Retried > 3, "the failing record is tried again and again");
        Assert.DoesNotContain(log.Done, static run => run.Key == "bad");
        Volatile.Write(ref isBroken, false);
        await Until.TrueAsync(() => log.DoneCount == 200, "the failing key is done as well");

        log.AssertOrderOfKeys();
    }
}
