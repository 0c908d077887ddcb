// When no broker answers the console says so in a line, and all who wait are told by the one reading that failed.
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Client;
using Millrace.Console.Hosting;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Scenarios.Console;

public sealed class TheConsoleSaysThatNoBrokerAnswers
{
    [Fact]
    public async Task Once_for_all_who_ask()
    {
        var network = new DeafNetwork();
        await using var client = new KafkaClient(
            new ClientOptions { BootstrapServers = "127.0.0.1:1", ApiTimeout = TimeSpan.FromSeconds(1) },
            new ClientRuntime { Transport = network });
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddMillraceConsole(o =>
        {
            o.Client = client;
            o.MaxAge = TimeSpan.FromMinutes(1);
        });
        await using var app = builder.Build();
        app.MapMillraceConsole();
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        Assert.Contains("127.0.0.1:1", await FailAsync(http), StringComparison.Ordinal);
        var connects = network.Connects;
        Assert.True(connects > 0);
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => FailAsync(http)));
        Assert.All(answers, text => Assert.Contains("127.0.0.1:1", text, StringComparison.Ordinal));
        Assert.Equal(connects, network.Connects);
    }

    static async Task<string> FailAsync(HttpClient http)
    {
        using var response = await http.GetAsync("/api/overview");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>Refuses every connection and counts them.</summary>
    sealed class DeafNetwork : ITransport
    {
        int _connects;

        public int Connects => Volatile.Read(ref _connects);

        public ValueTask<ITransportConnection> ConnectAsync(string host, int port, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _connects);
            throw new IOException("refused");
        }

        public ValueTask<ITransportListener> ListenAsync(string host, int port, CancellationToken cancellation) =>
            throw new NotSupportedException();
    }
}
