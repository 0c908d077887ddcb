// A start that cannot succeed fails with one line that names the cause and the remedy.
using Millrace.Processing.Hosting;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class AFailedStartNamesTheRemedy
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_missing_topic_is_named(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = Cluster.NewName("nobody-made-this");
        var group = Cluster.NewName("group");

        var error = await FailAsync(cluster, group, topic);

        Assert.Contains($"topic '{topic}' does not exist", error.Message, StringComparison.Ordinal);
        Assert.Contains("Millrace:CreateTopics", error.Message, StringComparison.Ordinal);
        var topics = await cluster.Client.Admin.ListTopicsAsync(cancellation: TestContext.Current.CancellationToken);
        Assert.DoesNotContain(topics, found => found.Name == topic);
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_missing_topic_is_created_when_the_configuration_says_so(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = Cluster.NewName("made-at-start");
        await using var host = await ProcessingHost.StartAsync(
            cluster, Cluster.NewName("group"),
            consumer => consumer.Handle<string>(topic, static (_, _) => ValueTask.CompletedTask),
            new() { ["Millrace:CreateTopics"] = "true", ["Millrace:CreatePartitions"] = "5" });
        await Until.TrueAsync(() => host.Status.Partitions.Count == 5, "its five partitions are assigned");
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_missing_dead_letter_topic_that_is_not_to_be_created_is_named(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 2);

        var error = await Assert.ThrowsAsync<MillraceStartException>(() => ProcessingHost.StartAsync(
            cluster, Cluster.NewName("group"), consumer => consumer
                .DeadLetter(configure: dead => dead.DoNotCreate())
                .Handle<string>(topic, static (_, _) => ValueTask.CompletedTask)));

        Assert.Contains($"'{topic}.DLT' does not exist", error.Message, StringComparison.Ordinal);
        Assert.Contains("2 partitions", error.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_broker_that_does_not_answer_is_named(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();

        var error = await FailAsync(cluster, Cluster.NewName("group"), topic, new()
        {
            ["ConnectionStrings:kafka"] = "127.0.0.1:1",
            ["Millrace:StartTimeout"] = "500ms",
        });

        Assert.Contains("no broker answered at 127.0.0.1:1 within 0.5 s", error.Message, StringComparison.Ordinal);
        Assert.Contains("ConnectionStrings:kafka", error.Message, StringComparison.Ordinal);
    }

    static async Task<MillraceStartException> FailAsync(
        Cluster cluster, string group, string topic, Dictionary<string, string?>? settings = null)
    {
        var error = await Assert.ThrowsAsync<MillraceStartException>(() => ProcessingHost.StartAsync(
            cluster, group, consumer => consumer.Handle<string>(topic, static (_, _) => ValueTask.CompletedTask),
            settings));
        Assert.DoesNotContain("\n", error.Message, StringComparison.Ordinal);
        Assert.Contains(group, error.Message, StringComparison.Ordinal);
        return error;
    }
}
