// A broker on the file system of another has its topics, records and committed offsets, after a crash as well.
using System.Text;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Client.Consume;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Millrace.Testing;
using Xunit;
using GroupOffset = Millrace.Client.Administration.GroupOffset;

namespace Millrace.Scenarios.Testing;

public sealed class DataOutlivesTheBroker
{
    static readonly TopicPartition Partition = new("orders", 0);

    [Fact]
    public async Task A_restart_keeps_records_and_offsets()
    {
        var files = new MemoryFileSystem();
        await using (var first = await TestKafka.StartAsync(new TestKafkaOptions { FileSystem = files }))
        {
            await FillAsync(first);
        }

        await AssertKeptAsync(files);
    }

    [Fact]
    public async Task A_loss_of_power_keeps_what_was_acknowledged()
    {
        var files = new MemoryFileSystem(crashable: true);
        await using var first = await TestKafka.StartAsync(new TestKafkaOptions
        {
            FileSystem = files,
            ConfigureBroker = static options => options with { Flush = FlushPolicy.Group },
        });
        await FillAsync(first);

        await AssertKeptAsync(files.Crash(new Random(1)));
    }

    static async Task FillAsync(TestKafka kafka)
    {
        await using var client = kafka.CreateClient();
        await client.Admin.CreateTopicAsync("orders", 1);
        await using var producer = client.CreateProducer();
        for (var i = 0; i < 10; i++)
        {
            await producer.SendAsync(ProducerRecord.FromText("orders", null, $"{i}"));
        }

        var set = await client.Admin.AlterGroupOffsetsAsync(
            "group", new Dictionary<TopicPartition, GroupOffset> { [Partition] = new(4, Metadata: "map") });
        Assert.Null(set[Partition]);
    }

    static async Task AssertKeptAsync(IFileSystem files)
    {
        await using var second = await TestKafka.StartAsync(new TestKafkaOptions { FileSystem = files });
        await using var client = second.CreateClient();
        var committed = (await client.Admin.ListGroupOffsetsAsync("group"))[Partition];
        Assert.Equal((4L, "map"), (committed.Offset, committed.Metadata));
        await using var consumer = client.CreateConsumer();
        consumer.Assign([new PartitionStart(Partition, 0)]);
        var values = new List<string>();
        await Until.TrueAsync(
            async () =>
            {
                foreach (var batch in (await consumer.PollAsync(TimeSpan.FromSeconds(1))).Batches)
                {
                    values.AddRange(batch.Select(static record => Encoding.UTF8.GetString(record.Value.Span)));
                    batch.Dispose();
                }

                return values.Count == 10;
            },
            "all records are read");
        Assert.Equal(Enumerable.Range(0, 10).Select(static i => $"{i}"), values);
    }
}
