// An application with one consumer, hosted as applications host it.
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Millrace.Processing;
using Millrace.Processing.Hosting;
using Millrace.Processing.Listeners;
using Xunit;

namespace Millrace.Scenarios.Processing;

/// <summary>A generic host with <c>AddMillrace</c> and one consumer on the cluster of the scenario.</summary>
sealed class ProcessingHost : IAsyncDisposable
{
    readonly IHost _host;
    readonly CutNetwork _network;

    ProcessingHost(IHost host, CutNetwork network, string group)
    {
        _host = host;
        _network = network;
        Listener = host.Services.GetRequiredService<IListeners>().Find(group)!;
    }

    public IListenerControl Listener { get; }

    public ListenerStatus Status => Listener.Status ?? new ListenerStatus { Name = "not started" };

    /// <summary>Starts a host and waits until it is started.</summary>
    /// <param name="cluster">Where.</param>
    /// <param name="group">The consumer's group.</param>
    /// <param name="consumer">Describes the consumer.</param>
    /// <param name="settings">Configuration: keys and values.</param>
    /// <param name="sessionSeconds">How long the group waits for a member that vanished.</param>
    public static async Task<ProcessingHost> StartAsync(
        Cluster cluster,
        string group,
        Action<ConsumerBuilder> consumer,
        Dictionary<string, string?>? settings = null,
        int sessionSeconds = 10)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection([new("ConnectionStrings:kafka", cluster.Bootstrap)]);
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        var runtime = cluster.CreateClientRuntime();
        var network = new CutNetwork(runtime.Transport);
        builder.Services.AddSingleton(runtime with { Transport = network });
        builder.Services.AddHealthChecks().AddMillrace();
        var kafka = builder.AddMillrace("kafka");
        kafka.Configure(options => options.ConfigureConsumer = defaults => defaults with
        {
            SessionTimeout = TimeSpan.FromSeconds(sessionSeconds),
            HeartbeatInterval = TimeSpan.FromMilliseconds(200),
        });
        consumer(kafka.Consumer(group).CommitEvery(TimeSpan.FromMilliseconds(50)));
        var host = builder.Build();
        try
        {
            await host.StartAsync(TestContext.Current.CancellationToken);
        }
        catch
        {
            host.Dispose();
            throw;
        }

        return new ProcessingHost(host, network, group);
    }

    /// <summary>The answer of one of the two health checks: <c>millrace-ready</c> or <c>millrace-live</c>.</summary>
    public async Task<HealthReportEntry> HealthAsync(string check)
    {
        var service = _host.Services.GetRequiredService<HealthCheckService>();
        return (await service.CheckHealthAsync(TestContext.Current.CancellationToken)).Entries[check];
    }

    /// <summary>Stops as a host does on SIGTERM.</summary>
    public Task StopAsync() => _host.StopAsync(TestContext.Current.CancellationToken);

    /// <summary>What kill -9 looks like from outside: nothing that it still does reaches anybody.</summary>
    public void Vanish() => _network.Cut();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}
