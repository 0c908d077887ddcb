// The console shows how far a group is, in records and in seconds, and names a group without members as a problem.
using Millrace.Client.Administration;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.Console;

public sealed class TheConsoleShowsLag
{
    [Fact]
    public async Task In_records_and_in_seconds()
    {
        await using var console = await ConsoleHost.StartAsync();
        var hourAgo = TimeProvider.System.GetUtcNow().AddHours(-1).ToUnixTimeMilliseconds();
        await console.Box.SendAsync([.. Enumerable.Range(0, 10).Select(i =>
            new ProducerRecord("orders", null, [(byte)i]) { Partition = 1, TimestampMs = hourAgo + i })]);
        var commits = new Dictionary<TopicPartition, GroupOffset>
        {
            [new TopicPartition("orders", 1)] = new(4),
            [new TopicPartition("orders", 0)] = new(0),
        };
        await console.Box.Client.Admin.AlterGroupOffsetsAsync("billing/eu", commits);

        var group = await console.GetAsync("api/group?id=billing%2Feu");
        var partitions = group.GetProperty("partitions").EnumerateArray().ToArray();
        Assert.Equal(
            [(0, 0, "Normal"), (1, 6, "Normal"), (2, 0, "None")],
            partitions.Select(p => (
                p.GetProperty("partition").GetInt32(), p.GetProperty("lag").GetInt32(), p.GetProperty("state")
                    .GetString())));
        Assert.InRange(partitions[1].GetProperty("lagSeconds").GetDouble(), 3500, 4500);
        Assert.Equal(0, partitions[0].GetProperty("lagSeconds").GetDouble());

        var problem = Assert.Single((await console.GetAsync("api/overview")).GetProperty("problems").EnumerateArray());
        Assert.Equal(
            ("billing/eu", "No members, and 6 records waiting."),
            (problem.GetProperty("name").GetString(), problem.GetProperty("text").GetString()));
    }
}
