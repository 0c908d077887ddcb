// From the console dead letters are replayed, one replay at a time for each topic, and what was replayed is open no
// more.
using System.Text.Json;
using Xunit;

namespace Millrace.Scenarios.Console;

public sealed class TheConsoleReplays
{
    const string Path = "api/dead-letters/orders.DLT/replay";

    [Fact]
    public async Task To_the_end_and_nothing_is_open()
    {
        await using var console = await ConsoleHost.StartAsync(allowChanges: true);
        await console.Box.FillAsync(10);
        var (status, started) = await console.PostAsync(Path, new { to = "orders" });
        Assert.Equal((200, "Running"), (status, started.GetProperty("state").GetString()));
        var done = await EndAsync(console);
        Assert.Equal(("Done", 10, 0), (
            done.GetProperty("state").GetString(), done.GetProperty("sent").GetInt32(), done.GetProperty("remaining")
                .GetInt32()));
        Assert.Equal(10, (await console.Box.ReadAsync("orders")).Count);
        var topic = (await console.GetAsync("api/dead-letters"))[0];
        Assert.Equal((10, 0), (topic.GetProperty("count").GetInt32(), topic.GetProperty("open").GetInt32()));
        Assert.Empty((await console.GetAsync("api/overview")).GetProperty("problems").EnumerateArray());
    }

    [Fact]
    public async Task One_at_a_time_until_it_is_stopped()
    {
        await using var console = await ConsoleHost.StartAsync(allowChanges: true);
        await console.Box.FillAsync(10);
        // One record in a thousand seconds: it runs until somebody stops it.
        Assert.Equal(200, (await console.PostAsync(Path, new { to = "orders", ratePerSecond = 0.001 })).Status);
        var (status, refused) = await console.PostAsync(Path, new { to = "orders" });
        Assert.Equal(409, status);
        Assert.Contains("still runs", refused.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await console.PostAsync("api/replays/1/stop", new { })).Status);
        Assert.Equal("Stopped", (await EndAsync(console)).GetProperty("state").GetString());
        Assert.Equal(404, (await console.PostAsync("api/replays/1/stop", new { })).Status);
    }

    [Fact]
    public async Task Not_to_a_topic_that_cannot_be()
    {
        await using var console = await ConsoleHost.StartAsync(allowChanges: true);
        Assert.Equal(400, (await console.PostAsync(Path, new { to = "orders.DLT" })).Status);
        Assert.Equal(400, (await console.PostAsync(Path, new { to = "" })).Status);
        Assert.Equal(400, (await console.PostAsync(Path, new { to = "orders", unknown = 1 })).Status);
        Assert.Equal(404, (await console.PostAsync(Path, new { to = "missing" })).Status);
    }

    static async Task<JsonElement> EndAsync(ConsoleHost console)
    {
        JsonElement newest = default;
        await Until.TrueAsync(
            async () =>
            {
                newest = (await console.GetAsync("api/replays"))[0];
                return newest.GetProperty("state").GetString() != "Running";
            },
            "the replay ends");
        return newest;
    }
}
