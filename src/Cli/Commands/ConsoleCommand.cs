using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Console.Hosting;

namespace Millrace.Cli.Commands;

/// <summary><c>millrace console</c>: the web console, for this machine only.</summary>
static class ConsoleCommand
{
    public static Command Create()
    {
        var port = new Option<int>("--port")
        {
            Description = "Port on 127.0.0.1; 0 takes a free one.",
            DefaultValueFactory = _ => 8080,
        }.Port();
        var allow = new Option<bool>("--allow-changes") { Description = "Let the page start and stop replays." };
        var command = new Command("console", "Serves the web console on 127.0.0.1 until interrupted.") { port, allow };
        new ClusterArguments().Run(command, async (cluster, parsed, cancellation) =>
        {
            var app = Build(cluster, parsed.GetValue(port), parsed.GetValue(allow));
            await using (app.ConfigureAwait(false))
            {
                try
                {
                    await app.StartAsync(cancellation).ConfigureAwait(false);
                }
                catch (IOException e) when (e.InnerException is AddressInUseException)
                {
                    throw new CommandException(
                        $"port {parsed.GetValue(port)} on 127.0.0.1 is taken: stop the program that uses it, "
                        + "or choose another with --port.");
                }

                var note = parsed.GetValue(allow) ? "" : " (read-only)";
                System.Console.WriteLine(
                    $"Console of {cluster.Address} at {app.Urls.First()}/{note}. Ctrl+C stops.");
                await app.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
            }

            return 0;
        });
        return command;
    }

    static WebApplication Build(Cluster cluster, int port, bool allowChanges)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "millrace" });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(static o => o.SingleLine = true);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        // A start that fails is one line of ours.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        // The command line handles Ctrl+C; the host must not print or wait for it a second time.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, port));
        builder.Services.AddMillraceConsole(o =>
        {
            // Its own client, which has a page's patience and not a command's.
            o.BootstrapServers = cluster.Address;
            o.AllowChanges = allowChanges;
        });
        var app = builder.Build();
        app.MapMillraceConsole();
        return app;
    }

    sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
