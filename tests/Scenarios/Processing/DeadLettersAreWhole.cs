// A record that is given up on is in the dead-letter topic as it was, in its partition, with headers that tell why.
using System.Buffers.Binary;
using Millrace.Client.Produce;
using Millrace.Processing;
using Millrace.Processing.DeadLetters;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class DeadLettersAreWhole
{
    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_record_whose_retries_are_used_up_keeps_everything_and_tells_why(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 3);
        var group = Cluster.NewName("group");
        await cluster.SendAsync(
            Poison(topic) with { Partition = 2 }, ProducerRecord.FromText(topic, "k", "fine") with { Partition = 2 });
        var log = new HandlerLog();

        await using var host = await ProcessingHost.StartAsync(cluster, group, consumer => consumer
            .OrderedByKey(4)
            .Retry(on => on.Transient<TimeoutException>(Backoff.Fixed(TimeSpan.FromMilliseconds(5), attempts: 3)))
            .DeadLetter()
            .Handle<string>(topic, (value, record, _) => log.RunAsync(record, value, () =>
                value == "poison" ? throw new TimeoutException("the store is away") : ValueTask.CompletedTask)));
        var source = (await cluster.ReadAsync(topic, 2, 1))[0];
        var dead = (await cluster.ReadAsync(topic + ".DLT", 2, 1))[0];

        Assert.Equal(source.Key, dead.Key);
        Assert.Equal(source.Value, dead.Value);
        Assert.Equal(source.Headers, dead.Headers.Take(3), SameHeader);
        var info = DeadLetterHeaders.Read(dead.ToHeaders())!;
        Assert.Equal((DeadLetterFamily.Millrace, topic, 2, 0L),
            (info.Family, info.OriginalTopic, info.OriginalPartition, info.OriginalOffset));
        Assert.Equal((group, "System.TimeoutException", "the store is away"),
            (info.ConsumerGroup, info.ExceptionType, info.ExceptionMessage));
        Assert.Equal(("retries-exhausted", 3, 1), (info.Reason, info.Attempts, info.Count));
        Assert.Equal(1234567890123, info.OriginalTimestamp!.Value.ToUnixTimeMilliseconds());
        Assert.Contains(nameof(DeadLettersAreWhole), info.StackTrace, StringComparison.Ordinal);
        await Until.TrueAsync(() => log.DoneCount == 1, "the record behind it is done");
        await host.StopAsync();
        Assert.Equal((4, 1L), (log.Begun, host.Status.DeadLettered));
        Assert.Equal(2, (await cluster.CommittedAsync(group, topic))[2].Offset);
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Spring_finds_its_own_headers_when_asked_for(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync(partitions: 3);
        var parked = Cluster.NewName("parked");
        await cluster.SendAsync(Poison(topic) with { Partition = 1 });

        await using var host = await ProcessingHost.StartAsync(cluster, Cluster.NewName("group"), consumer => consumer
            .DeadLetter(parked, dead => dead.WithSpringHeaders())
            .Handle<string>(topic, (_, _, _) => throw new InvalidOperationException("never")));
        var dead = (await cluster.ReadAsync(parked, 1, 1))[0];

        byte[] Header(string name) => dead.Headers.Single(h => h.Name == name).Value!;
        Assert.Equal(1, BinaryPrimitives.ReadInt32BigEndian(Header("kafka_dlt-original-partition")));
        Assert.Equal(0, BinaryPrimitives.ReadInt64BigEndian(Header("kafka_dlt-original-offset")));
        Assert.Equal(1234567890123, BinaryPrimitives.ReadInt64BigEndian(Header("kafka_dlt-original-timestamp")));
        Assert.Equal(topic, dead.HeaderText("kafka_dlt-original-topic"));
        Assert.Equal("System.InvalidOperationException", dead.HeaderText("kafka_dlt-exception-fqcn"));
        Assert.Equal("never", dead.HeaderText("kafka_dlt-exception-message"));
        var spring = dead.ToHeaders()
            .Where(static h => !h.Key.StartsWith("millrace-", StringComparison.Ordinal)).ToList();
        Assert.Equal((DeadLetterFamily.Spring, topic),
            (DeadLetterHeaders.Read(spring)!.Family, DeadLetterHeaders.Read(spring)!.OriginalTopic));
        Assert.Equal("permanent", dead.HeaderText(DeadLetterHeaders.Reason));
    }

    static ProducerRecord Poison(string topic) => new(topic, new byte[] { 0, 255, 7 }, "poison"u8.ToArray())
    {
        Headers = [new("a", new byte[] { 1 }), new("a", new byte[] { 0, 255 }), new("nothing", null)],
        TimestampMs = 1234567890123,
    };

    static bool SameHeader((string Name, byte[]? Value) a, (string Name, byte[]? Value) b) =>
        a.Name == b.Name && (a.Value is null == b.Value is null) && a.Value.AsSpan().SequenceEqual(b.Value);
}
