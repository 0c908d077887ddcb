using System.CommandLine;
using Millrace.Client;

namespace Millrace.Orders;

/// <summary>The sample's options, and its errors: one line that names the remedy, and an exit code that is not 0.</summary>
static class CommandLine
{
    static readonly Option<long> Orders = new("--orders") { Description = "How many records the generated feed has.", DefaultValueFactory = _ => 100_000 };
    static readonly Option<int> EventsPerOrder = new("--events-per-order") { Description = "Records per order; they share the key.", DefaultValueFactory = _ => 1 };
    static readonly Option<int> Seed = new("--seed") { Description = "Which orders are generated.", DefaultValueFactory = _ => 42 };
    static readonly Option<string?> Input = new("--input") { Description = "Feed the JSON lines of this file instead; - for standard input." };
    static readonly Option<bool> NoFeed = new("--no-feed") { Description = "Feed nothing and run until Ctrl+C: any Kafka client may produce." };
    static readonly Option<string?> Bootstrap = new("--bootstrap") { Description = "Use this Kafka cluster instead of the embedded broker." };
    static readonly Option<int> Port = new("--port") { Description = "Port of the embedded broker; the next free one if it is taken.", DefaultValueFactory = _ => 9092 };
    static readonly Option<double?> Rate = new("--rate") { Description = "Feed this many records per second." };
    static readonly Option<int> Partitions = new("--partitions") { Description = "Partitions of order.events when it is created.", DefaultValueFactory = _ => 12 };
    static readonly Option<short> ReplicationFactor = new("--replication-factor") { Description = "Replicas when it is created; -1 for the cluster's default.", DefaultValueFactory = _ => -1 };
    static readonly Option<int> Concurrency = new("--concurrency") { Description = "Handlers at once.", DefaultValueFactory = _ => 128 };
    static readonly Option<int> WorkMs = new("--work-ms") { Description = "How long the downstream call of each record takes.", DefaultValueFactory = _ => 20 };
    static readonly Option<string> Data = new("--data") { Description = "Directory of the broker's log and of orders.db.", DefaultValueFactory = _ => DefaultData() };
    static readonly Option<string?> Summary = new("--summary") { Description = "Also write the closing figures to this file, as JSON." };

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("An order flow end to end: a broker, a feed, a listener with retries and dead letters.")
        {
            Orders, EventsPerOrder, Seed, Input, NoFeed, Bootstrap, Port, Rate, Partitions, ReplicationFactor, Concurrency, WorkMs, Data, Summary,
        };
        root.SetAction((parsed, cancellation) => new OrdersApplication(ToOptions(parsed)).RunAsync(cancellation));
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return await FailAsync($"{parsed.Errors[0].Message} See --help.", 2);
        }

        try
        {
            // Ctrl+C starts a drain; how long that takes is the listener's drain timeout, not the parser's.
            return await parsed.InvokeAsync(new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(60),
            });
        }
        catch (OperationCanceledException)
        {
            return await FailAsync("interrupted before the listener had started.", 130);
        }
        catch (Exception e) when (Explains(e))
        {
            return await FailAsync(e.Message, 1);
        }
    }

    /// <summary>These say in their message what is wrong and what to do; anything else is a bug and keeps its stack trace.</summary>
    static bool Explains(Exception e) => e is KafkaServerException or KafkaConnectionException or IOException or UnauthorizedAccessException
        or ArgumentException or InvalidOperationException or System.Net.Sockets.SocketException
        or Microsoft.Extensions.Options.OptionsValidationException or Microsoft.Data.Sqlite.SqliteException
        or Millrace.Processing.Hosting.MillraceStartException or SampleException;

    static OrdersOptions ToOptions(ParseResult parsed)
    {
        var options = new OrdersOptions
        {
            Orders = parsed.GetValue(Orders),
            EventsPerOrder = parsed.GetValue(EventsPerOrder),
            Seed = parsed.GetValue(Seed),
            Input = parsed.GetValue(Input),
            NoFeed = parsed.GetValue(NoFeed),
            Bootstrap = parsed.GetValue(Bootstrap),
            Port = parsed.GetValue(Port),
            Rate = parsed.GetValue(Rate),
            Partitions = parsed.GetValue(Partitions),
            ReplicationFactor = parsed.GetValue(ReplicationFactor),
            Concurrency = parsed.GetValue(Concurrency),
            Work = TimeSpan.FromMilliseconds(parsed.GetValue(WorkMs)),
            Data = parsed.GetValue(Data)!,
            Summary = parsed.GetValue(Summary),
        };
        Check(options.Orders >= 0, "--orders must be 0 or more.");
        Check(options.EventsPerOrder >= 1, "--events-per-order must be at least 1.");
        Check(options.Rate is null or > 0, "--rate must be above 0; leave it out for full speed.");
        Check(options.Partitions is >= 1 and <= 10_000, "--partitions must be 1 to 10000.");
        Check(options.Concurrency is >= 1 and <= 10_000, "--concurrency must be 1 to 10000.");
        Check(options.Work >= TimeSpan.Zero, "--work-ms must be 0 or more.");
        Check(options.Port is >= 0 and <= 65535, "--port must be 0 (any free one) to 65535.");
        Check(options.Input is null or "-" || File.Exists(options.Input), $"--input: there is no file {options.Input}.");
        return options;
    }

    static void Check(bool isGood, string message)
    {
        if (!isGood)
        {
            throw new SampleException(message);
        }
    }

    static async Task<int> FailAsync(string message, int code)
    {
        await Console.Error.WriteLineAsync("orders: " + message.ReplaceLineEndings(" "));
        return code;
    }

    /// <summary>Below the sample's own folder in a checkout, below the working directory elsewhere.</summary>
    static string DefaultData()
    {
        var sample = Path.Combine(Environment.CurrentDirectory, "samples", "Orders");
        if (Directory.Exists(sample))
        {
            return Path.Combine(sample, "data");
        }

        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "samples", "Orders", "Orders.csproj")))
            {
                return Path.Combine(folder, "samples", "Orders", "data");
            }
        }

        return Path.Combine(Environment.CurrentDirectory, "data");
    }
}

/// <summary>A failure that is explained in full by its message.</summary>
/// <param name="message">What is wrong and what to do.</param>
sealed class SampleException(string message) : Exception(message);
