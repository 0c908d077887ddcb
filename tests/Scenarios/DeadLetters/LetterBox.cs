// What the scenarios of dead letters share: a broker, a dead-letter topic with letters, and a look at the target.
using System.Text;
using Millrace.Client;
using Millrace.Client.Administration;
using Millrace.Client.Consume;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Millrace.Testing;

namespace Millrace.Scenarios.DeadLetters;

sealed class LetterBox : IAsyncDisposable
{
    public const string Source = "orders.DLT";
    public const string Target = "orders";
    public const int Partitions = 3;

    readonly TestKafka _kafka;

    LetterBox(TestKafka kafka)
    {
        _kafka = kafka;
        Client = kafka.CreateClient();
    }

    public KafkaClient Client { get; }

    public static async Task<LetterBox> OpenAsync()
    {
        var box = new LetterBox(await TestKafka.StartAsync());
        await box.Client.Admin.CreateTopicAsync(Source, Partitions);
        await box.Client.Admin.CreateTopicAsync(Target, Partitions);
        return box;
    }

    public async Task SendAsync(params ProducerRecord[] records)
    {
        await using var producer = Client.CreateProducer();
        foreach (var record in records)
        {
            await producer.SendAsync(record);
        }
    }

    /// <summary>Letters over all partitions, with the headers of a failure.</summary>
    public Task FillAsync(int count) => SendAsync([.. Enumerable.Range(0, count).Select(i =>
        new ProducerRecord(Source, Encoding.UTF8.GetBytes($"key-{i}"), Encoding.UTF8.GetBytes($"value-{i}"))
        {
            Partition = i % Partitions,
            Headers = [Header("millrace-original-topic", Target), Header("millrace-exception-type", $"Type{i % 2}")],
        })]);

    /// <summary>All that lies in a topic now, copied.</summary>
    public async Task<List<Copy>> ReadAsync(string topic)
    {
        var partitions = Enumerable.Range(0, Partitions).Select(p => new TopicPartition(topic, p)).ToArray();
        var ends = await Client.Admin.ListOffsetsAsync(partitions.ToDictionary(p => p, _ => OffsetSpec.Latest));
        await using var consumer = Client.CreateConsumer();
        consumer.Assign([.. partitions.Select(p => new PartitionStart(p, 0))]);
        var copies = new List<Copy>();
        await Until.TrueAsync(
            async () =>
            {
                foreach (var batch in (await consumer.PollAsync(TimeSpan.FromMilliseconds(50))).Batches)
                {
                    using (batch)
                    {
                        copies.AddRange(batch.Select(Copy.Of));
                    }
                }

                return partitions.All(p => consumer.Position(p) >= ends[p].Offset);
            },
            $"all of {topic} is read");
        return copies;
    }

    public static RecordHeader Header(string name, string? value) =>
        new(name, value is null ? (ReadOnlyMemory<byte>?)null : Encoding.UTF8.GetBytes(value));

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _kafka.DisposeAsync();
    }
}

/// <summary>A record as text; null stays null.</summary>
sealed record Copy(string? Key, string? Value, (string Name, string? Value)[] Headers)
{
    public string? Id => Headers.LastOrDefault(h => h.Name == "millrace-replay-id").Value;

    public static Copy Of(FetchedRecord r) => new(
        r.IsKeyNull ? null : Encoding.UTF8.GetString(r.Key.Span),
        r.IsValueNull ? null : Encoding.UTF8.GetString(r.Value.Span),
        [.. r.Headers.ToArray().Select(h => (h.Key, h.Value is { } v ? Encoding.UTF8.GetString(v.Span) : null))]);
}
