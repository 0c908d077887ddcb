// The console changes nothing unless it was allowed to, takes no posts of other sites, answers to no foreign name,
// loads nothing foreign.
using System.Net;
using Xunit;

namespace Millrace.Scenarios.Console;

public sealed class TheConsoleIsGuarded
{
    const string Replay = "api/dead-letters/orders.DLT/replay";

    [Fact]
    public async Task Changes_need_permission_and_the_header()
    {
        await using var closed = await ConsoleHost.StartAsync();
        Assert.Equal(403, (await closed.PostAsync(Replay, new { to = "orders" })).Status);
        await using var open = await ConsoleHost.StartAsync(allowChanges: true);
        var (status, body) = await open.PostAsync(Replay, new { to = "orders" }, withHeader: false);
        Assert.Equal(403, status);
        Assert.Contains("X-Millrace-Console", body.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Empty((await open.GetAsync("api/replays")).EnumerateArray());
    }

    [Fact]
    public async Task A_foreign_host_name_is_refused()
    {
        await using var console = await ConsoleHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "api/topics");
        request.Headers.Host = "evil.example";
        using var response = await console.Http.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Theory]
    [InlineData("", "text/html")]
    [InlineData("console.js", "text/javascript")]
    [InlineData("console.css", "text/css")]
    public async Task The_page_and_its_files_come_from_here_alone(string file, string type)
    {
        await using var console = await ConsoleHost.StartAsync(prefix: "/kafka/");
        using var response = await console.Http.GetAsync(file);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith(
            "default-src 'self'", response.Headers.GetValues("Content-Security-Policy")
                .Single(), StringComparison.Ordinal);
        var text = await response.Content.ReadAsStringAsync();
        Assert.DoesNotContain("://", text, StringComparison.Ordinal);
        Assert.DoesNotContain("innerHTML", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Errors_are_one_line_of_json()
    {
        await using var console = await ConsoleHost.StartAsync();
        using var response = await console.Http.GetAsync("api/group?id=nobody");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("there is no group", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", text, StringComparison.Ordinal);
    }
}
