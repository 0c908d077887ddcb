// The console groups dead letters by exception, pages through them, and shows one with its bytes as text, JSON and hex.
using System.Net;
using System.Text;
using Millrace.Client.Produce;
using Xunit;

namespace Millrace.Scenarios.Console;

public sealed class TheConsoleShowsDeadLetters
{
    [Fact]
    public async Task By_exception_and_page_by_page()
    {
        await using var console = await ConsoleHost.StartAsync();
        await console.Box.FillAsync(10);
        var topic = Assert.Single((await console.GetAsync("api/dead-letters")).EnumerateArray());
        Assert.Equal(
            ("orders.DLT", 10, 10, "orders"),
            (topic.GetProperty("topic").GetString(), topic.GetProperty("count").GetInt32(),
                topic.GetProperty("open").GetInt32(), topic.GetProperty("replayTo").GetString()));
        Assert.Equal(
            [("Type0", 5), ("Type1", 5)],
            topic.GetProperty("groups").EnumerateArray()
                .Select(g => (g.GetProperty("exceptionType").GetString(), g.GetProperty("count").GetInt32())));

        var seen = new HashSet<(int, int)>();
        var from = "";
        do
        {
            var page = await console.GetAsync($"api/dead-letters/orders.DLT?exception=Type1&limit=2&from={from}");
            foreach (var letter in page.GetProperty("letters").EnumerateArray())
            {
                Assert.Equal("Type1", letter.GetProperty("exceptionType").GetString());
                Assert.True(
                    seen.Add((letter.GetProperty("partition").GetInt32(), letter.GetProperty("offset").GetInt32())));
            }

            from = page.GetProperty("next").GetString();
        }
        while (from is not null);

        Assert.Equal(5, seen.Count);
    }

    [Fact]
    public async Task One_with_all_its_bytes()
    {
        await using var console = await ConsoleHost.StartAsync();
        var record = new ProducerRecord("orders.DLT", [0xFF, 0x00], Encoding.UTF8.GetBytes("{\"a\":[1]}"))
        {
            Partition = 1,
            Headers = [new("text", Encoding.UTF8.GetBytes("<b>")), new("none", null)],
        };
        await console.Box.SendAsync(record);
        var letter = await console.GetAsync("api/dead-letters/orders.DLT/1/0");
        var value = letter.GetProperty("value");
        Assert.Equal("json", value.GetProperty("format").GetString());
        Assert.Equal("{\n  \"a\": [\n    1\n  ]\n}", value.GetProperty("text").GetString()!.ReplaceLineEndings("\n"));
        Assert.StartsWith("00000000  7b 22 61 22", value.GetProperty("hex").GetString(), StringComparison.Ordinal);
        Assert.Equal("hex", letter.GetProperty("key").GetProperty("format").GetString());
        Assert.Equal(
            [("text", "text", "<b>"), ("none", "null", "")],
            letter.GetProperty("headers").EnumerateArray().Select(h => (
                h.GetProperty("name").GetString(), h.GetProperty("value").GetProperty("format").GetString(),
                h.GetProperty("value").GetProperty("text").GetString())));
        using var missing = await console.Http.GetAsync("api/dead-letters/orders.DLT/1/99");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }
}
