// What the configuration says about a consumer wins over the code, and a misspelt key fails the start.
using Microsoft.Extensions.Options;
using Millrace.Processing;
using Millrace.Processing.DeadLetters;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class ConfigurationOverridesCode
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Order_concurrency_retries_and_the_dead_letter_topic_come_from_the_configuration(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var group = Cluster.NewName("group");
        var parked = Cluster.NewName("parked");
        await cluster.FillAsync(topic, 20);
        var log = new HandlerLog();
        var all = log.RunAtOnce(3);

        await using var host = await ProcessingHost.StartAsync(
            cluster, group,
            consumer => consumer
                .OrderedByPartition()
                .Retry(on => on.Transient<TimeoutException>(Backoff.Fixed(TimeSpan.FromMinutes(5), attempts: 10)))
                .Handle<string>(topic, (value, record, _) => log.RunAsync(record, value, async () =>
                {
                    await all;
                    if (value == "5")
                    {
                        throw new TimeoutException("never");
                    }
                })),
            new()
            {
                [$"Millrace:Consumers:{group}:Order"] = "ByKey",
                [$"Millrace:Consumers:{group}:Concurrency"] = "3",
                [$"Millrace:Consumers:{group}:Retry:Attempts"] = "2",
                [$"Millrace:Consumers:{group}:Retry:First"] = "1ms",
                [$"Millrace:Consumers:{group}:Retry:Max"] = "2ms",
                [$"Millrace:Consumers:{group}:DeadLetter:Topic"] = parked,
            });
        var dead = (await cluster.ReadAsync(parked, 0, 1))[0];
        await Until.TrueAsync(() => log.DoneCount == 19, "the others are done");

        Assert.Equal("2", dead.HeaderText(DeadLetterHeaders.Attempts));
        Assert.Equal(3, log.MostAtOnce);
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_consumer_can_be_left_out_and_a_misspelt_key_is_an_error(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var group = Cluster.NewName("group");
        await using var host = await ProcessingHost.StartAsync(
            cluster, group, consumer => consumer.Handle<string>(topic, static (_, _) => ValueTask.CompletedTask),
            new() { [$"Millrace:Consumers:{group}:Enabled"] = "false" });
        Assert.False(host.Listener.IsEnabled || host.Listener.IsRunning);

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => ProcessingHost.StartAsync(
            cluster, group, consumer => consumer.Handle<string>(topic, static (_, _) => ValueTask.CompletedTask),
            new() { [$"Millrace:Consumers:{group}:Concurency"] = "3" }));
        Assert.Contains("Concurrency", error.Message, StringComparison.Ordinal);
    }
}
