// What the scenarios of the console share: a broker, the console on a free port, and requests to it.
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Console.Hosting;
using Millrace.Scenarios.DeadLetters;

namespace Millrace.Scenarios.Console;

sealed class ConsoleHost : IAsyncDisposable
{
    readonly WebApplication _app;

    ConsoleHost(LetterBox box, WebApplication app, string prefix)
    {
        Box = box;
        _app = app;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First() + prefix) };
    }

    public LetterBox Box { get; }

    public HttpClient Http { get; }

    public static async Task<ConsoleHost> StartAsync(bool allowChanges = false, string prefix = "/")
    {
        var box = await LetterBox.OpenAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddMillraceConsole(o =>
        {
            o.Client = box.Client;
            o.AllowChanges = allowChanges;
            o.MaxAge = TimeSpan.Zero;
        });
        var app = builder.Build();
        app.MapMillraceConsole(prefix);
        await app.StartAsync();
        return new ConsoleHost(box, app, prefix);
    }

    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(path);

    public async Task<(int Status, JsonElement Body)> PostAsync(string path, object body, bool withHeader = true)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        request.Content = new StringContent(JsonSerializer.Serialize(body), null, "application/json");
        if (withHeader)
        {
            request.Headers.Add("X-Millrace-Console", "1");
        }

        using var response = await Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
        await Box.DisposeAsync();
    }
}
