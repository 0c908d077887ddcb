using System.Globalization;
using System.Text.Json;
using Millrace.Client;
using Millrace.Ops.DeadLetters;
using Millrace.Processing.Hosting;
using Millrace.Protocol;
using Spectre.Console;

namespace Millrace.Orders;

/// <summary>The closing figures. Counts are of all runs on this data; retries, times and percentiles are of this
/// run.</summary>
sealed record Summary
{
    /// <summary>Records in the topic, whoever sent them.</summary>
    public required long Produced { get; init; }

    /// <summary>Records of the topic that were handled, each counted once.</summary>
    public required long Handled { get; init; }

    /// <summary>Different order ids in SQLite.</summary>
    public required long Distinct { get; init; }

    public required long Retried { get; init; }

    /// <summary>Records of the topic that lie in the dead-letter topic, each counted once.</summary>
    public required long DeadLettered { get; init; }

    /// <summary>Deliveries of records that had been handled or dead-lettered before.</summary>
    public required long Redelivered { get; init; }

    public required long OrderViolations { get; init; }

    public required double ElapsedSeconds { get; init; }

    /// <summary>Records handled in this run, by the time from the first to the last.</summary>
    public required double RecordsPerSecond { get; init; }

    public required long P50Ms { get; init; }

    public required long P99Ms { get; init; }

    public required long Lag { get; init; }

    /// <summary>What the generator made that no handler can take; null for another feed.</summary>
    public long? Broken { get; init; }

    /// <summary>Different orders that the generator made and that can be handled; null for another feed.</summary>
    public long? ExpectedDistinct { get; init; }

    public required IReadOnlyList<DeadLetterGroup> DeadLetterGroups { get; init; }

    public static async Task<Summary> MakeAsync(
        KafkaClient client, OrderStore store, IListenerControl listener, OrderFeed feed, OrdersOptions options,
        Latencies latencies,
        TimeSpan elapsed, CancellationToken cancellation)
    {
        var (starts, ends) = await TopicScan.RangeAsync(client, OrdersOptions.Topic, cancellation);
        var deadLetters = await DeadLettersAsync(client, cancellation);
        var counts = store.Count();
        var window = TimeProvider.System.GetElapsedTime(latencies.Window.First, latencies.Window.Last).TotalSeconds;
        var produced = ends.Sum(e => e.Value - starts[e.Key]);
        var isPure = feed.Total >= 0 && options.Input is null && produced == feed.Total;
        var generator = new OrderGenerator(options.Seed, options.EventsPerOrder);
        return new Summary
        {
            Produced = produced,
            Handled = counts.Handled,
            Distinct = counts.DistinctOrders,
            Retried = listener.Status?.Retried ?? 0,
            DeadLettered = deadLetters.Origins,
            Redelivered = counts.Redelivered + deadLetters.Count - deadLetters.Origins,
            OrderViolations = counts.OrderViolations,
            ElapsedSeconds = Math.Round(elapsed.TotalSeconds, 3),
            RecordsPerSecond = latencies.Count > 1 && window > 0 ? Math.Round(latencies.Count / window, 1) : 0,
            P50Ms = latencies.Percentile(0.5),
            P99Ms = latencies.Percentile(0.99),
            Lag = await Orders.Lag.OfAsync(client, OrdersOptions.Group, OrdersOptions.Topic, cancellation),
            Broken = isPure ? generator.BrokenAmong(feed.Total) : null,
            ExpectedDistinct = isPure ? generator.HandledOrdersAmong(feed.Total) : null,
            DeadLetterGroups = deadLetters.Groups,
        };
    }

    /// <summary>Whether nothing was lost, doubled or disordered. Of an interrupted run, whether nothing is lost so
    /// far.</summary>
    public bool Agrees(bool isFinished) => OrderViolations == 0 && (isFinished
        ? Produced == Handled + DeadLettered && Lag == 0
            && (Broken is null || Broken == DeadLettered)
            && (ExpectedDistinct is null || ExpectedDistinct == Distinct)
        : Produced - Handled - DeadLettered <= Lag);

    public void Print(bool interrupted, string bootstrap, OrdersOptions options)
    {
        var table = new Table().Border(TableBorder.Simple).HideHeaders().AddColumns("", "");
        table.Columns[1].RightAligned();
        Row("produced", Produced);
        Row("handled", Handled);
        Row("distinct orders in SQLite", Distinct);
        Row("retried in this run", Retried);
        Row("dead-lettered", DeadLettered);
        foreach (var group in DeadLetterGroups)
        {
            Row($"  {group.ExceptionType.Split('.')[^1]}", group.Count);
        }

        Row("redelivered", Redelivered);
        Row("order violations", OrderViolations);
        Row("lag", Lag);
        Text("elapsed", string.Create(CultureInfo.InvariantCulture, $"{ElapsedSeconds:N1} s"));
        Text("records/s", string.Create(CultureInfo.InvariantCulture, $"{RecordsPerSecond:N0}"));
        Text("of what concurrency allows", string.Create(
            CultureInfo.InvariantCulture, $"{RecordsPerSecond * options.Work.TotalSeconds / options.Concurrency:P1}"));
        Text(
            "produced to handled p50 / p99",
            string.Create(CultureInfo.InvariantCulture, $"{P50Ms:N0} / {P99Ms:N0} ms"));
        Console.WriteLine(interrupted ? "So far:" : "Done:");
        AnsiConsole.Write(table);
        Console.WriteLine(Agrees(!interrupted) ? "The counts agree." : "The counts do NOT agree.");
        var where = options.Bootstrap is null ? $"--data {Path.Combine(options.Data, "broker")}"
            : $"--bootstrap {bootstrap}";
        Console.WriteLine("Next:");
        Console.WriteLine(
            $"  dotnet run --project src/Cli -- dlt list {OrdersOptions.Topic}{DeadLetterReader.Suffix} {where}");
        Console.WriteLine(
            $"  dotnet run --project src/Cli -- dlt replay {OrdersOptions.Topic}{DeadLetterReader.Suffix} "
            + $"--to {OrdersOptions.Topic} {where}");

        void Row(string name, long value) => Text(name, value.ToString("N0", CultureInfo.InvariantCulture));
        void Text(string name, string value) => table.AddRow(Markup.Escape(name), Markup.Escape(value));
    }

    public void WriteJson(string file)
    {
        using var stream = File.Create(file);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteNumber("produced", Produced);
        json.WriteNumber("handled", Handled);
        json.WriteNumber("distinct", Distinct);
        json.WriteNumber("retried", Retried);
        json.WriteNumber("deadLettered", DeadLettered);
        json.WriteNumber("redelivered", Redelivered);
        json.WriteNumber("orderViolations", OrderViolations);
        json.WriteNumber("elapsedSeconds", ElapsedSeconds);
        json.WriteNumber("recordsPerSecond", RecordsPerSecond);
        json.WriteNumber("p50Ms", P50Ms);
        json.WriteNumber("p99Ms", P99Ms);
        json.WriteNumber("lag", Lag);
        json.WriteStartObject("deadLettersByException");
        foreach (var group in DeadLetterGroups)
        {
            json.WriteNumber(group.ExceptionType, group.Count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Dead letters of the topic: how many lie there, and how many different records they are copies
    /// of.</summary>
    static async Task<(long Count, long Origins, IReadOnlyList<DeadLetterGroup> Groups)> DeadLettersAsync(
        KafkaClient client, CancellationToken cancellation)
    {
        var letters = new DeadLetterReader(client);
        var topic = OrdersOptions.Topic + DeadLetterReader.Suffix;
        var origins = new HashSet<(int?, long?)>();
        var count = 0L;
        try
        {
            await foreach (var letter in letters.ReadAsync(topic, cancellation))
            {
                count++;
                origins.Add((letter.Info?.OriginalPartition, letter.Info?.OriginalOffset));
            }

            return (count, origins.Count, await letters.GroupAsync(topic, cancellation));
        }
        catch (KafkaServerException e) when (e.Code == ErrorCode.UnknownTopicOrPartition)
        {
            return (0, 0, []);
        }
    }
}
