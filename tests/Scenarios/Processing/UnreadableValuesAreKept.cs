// A value that cannot be read is dead-lettered with exactly the bytes that came, null where there was null.
using Millrace.Client.Produce;
using Millrace.Processing;
using Millrace.Processing.DeadLetters;
using Xunit;

namespace Millrace.Scenarios.Processing;

public sealed class UnreadableValuesAreKept
{
    sealed record Order(int Id);

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task Bytes_keys_nulls_and_headers_arrive_unchanged_and_the_handler_is_not_called(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        var text = "k"u8.ToArray();
        await cluster.SendAsync(
            new ProducerRecord(topic, text, [0xFF, 0xFE, 0]) { Headers = [new("h", null), new("h", new byte[] { 9 })] },
            new ProducerRecord(topic, (byte[]?)null, "{"u8.ToArray()),
            new ProducerRecord(topic, text, (byte[]?)null) { Headers = [new("tombstone", Array.Empty<byte>())] },
            new ProducerRecord(topic, (byte[]?)null, (byte[]?)null),
            new ProducerRecord(topic, Array.Empty<byte>(), Array.Empty<byte>()),
            new ProducerRecord(topic, text, "{\"id\":1}"u8.ToArray()));
        var handled = new TaskCompletionSource<int>();

        await using var host = await ProcessingHost.StartAsync(cluster, Cluster.NewName("group"), consumer => consumer
            .DeadLetter()
            .Handle<Order>(topic, (order, _) =>
            {
                handled.SetResult(order.Id);   // a second call throws
                return ValueTask.CompletedTask;
            }));
        var sources = await cluster.ReadAsync(topic, 0, 5);
        var dead = await cluster.ReadAsync(topic + ".DLT", 0, 5);

        foreach (var (source, letter) in sources.Zip(dead))
        {
            Assert.Equal(source.Key, letter.Key);
            Assert.Equal(source.Value, letter.Value);
            Assert.Equal(source.Headers.Select(Text), letter.Headers.Take(source.Headers.Count).Select(Text));
            Assert.Equal("deserialization", letter.HeaderText(DeadLetterHeaders.Reason));
            Assert.Equal($"{source.Offset}", letter.HeaderText(DeadLetterHeaders.OriginalOffset));
        }

        Assert.Equal([false, true, false, true, false], dead.Select(static letter => letter.Key is null));
        Assert.Equal([false, false, true, true, false], dead.Select(static letter => letter.Value is null));
        Assert.Equal(1, await handled.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Theory, MemberData(nameof(Cluster.Engines), MemberType = typeof(Cluster))]
    public async Task A_tombstone_reaches_a_handler_that_takes_null(string engine)
    {
        await using var cluster = await Cluster.StartAsync(engine);
        var topic = await cluster.CreateTopicAsync();
        await cluster.SendAsync(new ProducerRecord(topic, "gone"u8.ToArray(), (byte[]?)null));
        var handled = new TaskCompletionSource<(Order?, bool, string?)>();

        await using var host = await ProcessingHost.StartAsync(cluster, Cluster.NewName("group"), consumer => consumer
            .Handle<Order>(topic, (Order? order, RecordInfo record) =>
                handled.SetResult((order, record.IsTombstone, record.KeyText))));

        Assert.Equal((null, true, "gone"), await handled.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    static string Text((string Name, byte[]? Value) header) =>
        $"{header.Name}={(header.Value is null ? "null" : Convert.ToHexString(header.Value))}";
}
