// A record that outlives its batch.
using System.Text;
using Millrace.Client.Consume;
using Millrace.Protocol;

namespace Millrace.Scenarios;

/// <summary>A record's bytes, copied; null stays null.</summary>
sealed record CopiedRecord(
    int Partition, long Offset, byte[]? Key, byte[]? Value, List<(string Name, byte[]? Value)> Headers)
{
    public static CopiedRecord Of(FetchedRecord record) => new(
        record.Batch.TopicPartition.Partition,
        record.Offset,
        record.IsKeyNull ? null : record.Key.ToArray(),
        record.IsValueNull ? null : record.Value.ToArray(),
        [.. record.Headers.ToArray().Select(static h => (h.Key, h.Value?.ToArray()))]);

    public RecordHeader[] ToHeaders() => [.. Headers.Select(
        static h => new RecordHeader(h.Name, h.Value is null ? default(ReadOnlyMemory<byte>?) : h.Value))];

    public string? HeaderText(string name) =>
        Headers.LastOrDefault(h => h.Name == name).Value is { } value ? Encoding.UTF8.GetString(value) : null;
}
