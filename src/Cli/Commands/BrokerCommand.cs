using System.CommandLine;
using Millrace.Broker;
using Millrace.Broker.Log;

namespace Millrace.Cli.Commands;

/// <summary><c>millrace broker</c>: the embedded broker as a process of its own.</summary>
static class BrokerCommand
{
    public static Command Create()
    {
        var data = new Option<string>("--data")
        {
            Description = "Directory of the log; created if missing.",
            Required = true,
        }.NotEmpty();
        var port = new Option<int>("--port")
        {
            Description = "Port to listen on; 0 takes a free one.",
            DefaultValueFactory = _ => 9092,
        }.Port();
        var host = new Option<string>("--host")
        {
            Description = "Address to listen on.",
            DefaultValueFactory = _ => "127.0.0.1",
        }.NotEmpty();
        var flush = new Option<FlushMode>("--flush")
        {
            Description =
                "When a record counts as written: Memory, Os (page cache), Interval, "
                + "or Group (fsync shared by those who wait).",
            DefaultValueFactory = _ => FlushMode.Group,
        };
        var interval = new Option<int>("--flush-ms")
        {
            Description = "With --flush Interval: milliseconds between two flushes.",
            DefaultValueFactory = _ => 1000,
        }.Check(static ms => ms >= 1, "no interval: give at least 1");
        var command = new Command("broker", "Runs a broker on one data directory until interrupted.")
        {
            data,
            port,
            host,
            flush,
            interval,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            new BrokerOptions
            {
                DataDirectory = parsed.GetValue(data)!,
                Port = parsed.GetValue(port),
                Host = parsed.GetValue(host)!,
                Flush = PolicyOf(parsed.GetValue(flush), parsed.GetValue(interval)),
            },
            cancellation));
        return command;
    }

    static FlushPolicy PolicyOf(FlushMode mode, int intervalMs) => mode switch
    {
        FlushMode.Interval => FlushPolicy.Every(TimeSpan.FromMilliseconds(intervalMs)),
        _ => new FlushPolicy(mode, TimeSpan.Zero),
    };

    static async Task<int> RunAsync(BrokerOptions options, CancellationToken cancellation)
    {
        var broker = await KafkaBroker.StartAsync(options, cancellation: cancellation).ConfigureAwait(false);
        await using (broker.ConfigureAwait(false))
        {
            System.Console.WriteLine(
                $"Listening on {broker.BootstrapServers}, data in {options.DataDirectory}. Ctrl+C stops.");
            var stopped = new TaskCompletionSource();
            await using (cancellation.Register(stopped.SetResult).ConfigureAwait(false))
            {
                await stopped.Task.ConfigureAwait(false);
            }
        }

        return 0;
    }
}
