using Millrace.Client;

namespace Millrace.Orders;

/// <summary>How many records of a topic a group has not committed.</summary>
static class Lag
{
    public static async Task<long> OfAsync(
        KafkaClient client, string group, string topic, CancellationToken cancellation)
    {
        var (starts, ends) = await TopicScan.RangeAsync(client, topic, cancellation);
        var committed = await client.Admin.ListGroupOffsetsAsync(group, cancellation: cancellation);
        return ends.Sum(end =>
            end.Value - (committed.TryGetValue(end.Key, out var offset)
                ? Math.Max(offset.Offset, starts[end.Key])
                : starts[end.Key]));
    }
}
