using System.CommandLine;
using System.Text.RegularExpressions;
using Millrace.Client;

namespace Millrace.Orders;

/// <summary>The sample's options, and its errors: one line that names the remedy, and an exit code that is not
/// 0.</summary>
static partial class CommandLine
{
    static readonly Option<long> Orders =
        Option("--orders", "How many records the generated feed has.", 100_000L);

    static readonly Option<int> EventsPerOrder =
        Option("--events-per-order", "Records per order; they share the key.", 1);

    static readonly Option<int> Seed =
        Option("--seed", "Which orders are generated.", 42);

    static readonly Option<string?> Input =
        Option<string?>("--input", "Feed the JSON lines of this file instead, or of standard input for -. A line: "
            + """{"orderId":"o-1","customer":"c-1","amountCents":100}""");

    static readonly Option<bool> NoFeed =
        Option<bool>("--no-feed", "Feed nothing and run until Ctrl+C: any Kafka client may produce.");

    static readonly Option<string?> Bootstrap =
        Option<string?>("--bootstrap", "Use this Kafka cluster instead of the embedded broker.");

    static readonly Option<int> Port =
        Option("--port", "Port of the embedded broker; the next free one if it is taken.", 9092);

    static readonly Option<double?> Rate =
        Option<double?>("--rate", "Feed this many records per second.");

    static readonly Option<int> Partitions =
        Option("--partitions", "Partitions of order.events when it is created.", 12);

    static readonly Option<short> ReplicationFactor =
        Option("--replication-factor", "Replicas when it is created; -1 for the cluster's default.", (short)-1);

    static readonly Option<int> Concurrency =
        Option("--concurrency", "Handlers at once.", 128);

    static readonly Option<int> WorkMs =
        Option("--work-ms", "How long the downstream call of each record takes.", 20);

    static readonly Option<string> Data = new("--data")
    {
        Description = "Directory of the broker's log and of orders.db.",
        DefaultValueFactory = _ => DefaultData(),
    };

    static readonly Option<string?> Summary =
        Option<string?>("--summary", "Also write the closing figures to this file, as JSON.");

    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(
            "An order flow end to end: a broker, a feed, a listener with retries and dead letters.")
        {
            Orders, EventsPerOrder, Seed, Input, NoFeed, Bootstrap, Port, Rate, Partitions, ReplicationFactor,
            Concurrency, WorkMs, Data, Summary,
        };
        root.SetAction((parsed, cancellation) => new OrdersApplication(ToOptions(parsed)).RunAsync(cancellation));
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            return await FailAsync(
                $"{ExpectedType().Replace(parsed.Errors[0].Message, ": it takes a number.")} See --help.", 2);
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

    /// <summary>These say in their message what is wrong and what to do; anything else is a bug and keeps its stack
    /// trace.</summary>
    static bool Explains(Exception e) => e is KafkaServerException or KafkaConnectionException
        or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException
        or ArgumentException or InvalidOperationException
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
        Check(options.Rate is null or >= 0.001, "--rate must be at least 0.001; leave it out for full speed.");
        Check(options.Partitions is >= 1 and <= 10_000, "--partitions must be 1 to 10000.");
        Check(options.Concurrency is >= 1 and <= 10_000, "--concurrency must be 1 to 10000.");
        Check(options.Work >= TimeSpan.Zero, "--work-ms must be 0 or more.");
        Check(options.Port is >= 0 and <= 65535, "--port must be 0 (any free one) to 65535.");
        Check(
            options.Input is null or "-" || File.Exists(options.Input),
            $"--input: there is no file {options.Input}.");
        Try("--data", options.Data, static path => Directory.CreateDirectory(path));
        if (options.Summary is { } summary)
        {
            // Now, and not after the run, whose figures would be lost.
            Try("--summary", summary, static path => File.Open(path, FileMode.Append, FileAccess.Write).Dispose());
        }

        return options;
    }

    static void Try(string option, string path, Action<string> use)
    {
        try
        {
            use(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SampleException($"{option} '{path}' cannot be used: {e.Message} Name another.");
        }
    }

    static Option<T> Option<T>(string name, string description) => new(name) { Description = description };

    static Option<T> Option<T>(string name, string description, T value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    static void Check(bool isGood, string message)
    {
        if (!isGood)
        {
            throw new SampleException(message);
        }
    }

    static async Task<int> FailAsync(string message, int code)
    {
        await Console.Error.WriteLineAsync(
            "orders: " + ParameterName().Replace(message, "").ReplaceLineEndings(" "));
        return code;
    }

    [GeneratedRegex(@" as expected type '[^']*'\.")]
    private static partial Regex ExpectedType();

    /// <summary>What an ArgumentException adds for programmers.</summary>
    [GeneratedRegex(@" \(Parameter '[^']*'\)")]
    private static partial Regex ParameterName();

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
