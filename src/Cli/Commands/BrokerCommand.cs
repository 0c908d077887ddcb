using System.CommandLine;
using Millrace.Broker;
using Millrace.Broker.Log;

namespace Millrace.Cli.Commands;

/// <summary><c>millrace broker</c>: the embedded broker as a process of its own.</summary>
static class BrokerCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data") { Description = "Directory of the log; created if missing.", Required = true };
        var port = new Option<int>("--port") { Description = "Port to listen on.", DefaultValueFactory = _ => 9092 };
        var host = new Option<string>("--host") { Description = "Address to listen on.", DefaultValueFactory = _ => "127.0.0.1" };
        var flush = new Option<FlushPolicy>("--flush")
        {
            Description = "When a record counts as written: Memory, Os (page cache), Interval, or Group (fsync shared by those who wait).",
            DefaultValueFactory = _ => FlushPolicy.Group,
        };
        var command = new Command("broker", "Runs a broker on one data directory until interrupted.") { data, port, host, flush };
        command.SetAction((parsed, cancellation) => RunAsync(
            new BrokerOptions
            {
                DataDirectory = parsed.GetValue(data)!,
                Port = parsed.GetValue(port),
                Host = parsed.GetValue(host)!,
                Flush = parsed.GetValue(flush),
            },
            cancellation));
        return command;
    }

    static async Task<int> RunAsync(BrokerOptions options, CancellationToken cancellation)
    {
        var broker = await KafkaBroker.StartAsync(options, cancellation: cancellation).ConfigureAwait(false);
        await using (broker.ConfigureAwait(false))
        {
            System.Console.WriteLine($"Listening on {broker.BootstrapServers}, data in {options.DataDirectory}. Ctrl+C stops.");
            var stopped = new TaskCompletionSource();
            await using (cancellation.Register(stopped.SetResult).ConfigureAwait(false))
            {
                await stopped.Task.ConfigureAwait(false);
            }
        }

        return 0;
    }
}
