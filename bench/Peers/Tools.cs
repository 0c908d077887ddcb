using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Millrace.Peers;

/// <summary>Runs the programs that are measured, and the ones that they need.</summary>
static class Tools
{
    static readonly string Shared = Path.GetFullPath("../shared");

    /// <summary>The folder of Apache Kafka's launcher.</summary>
    public static string Kafka { get; } =
        Environment.GetEnvironmentVariable("MILLRACE_KAFKA_DIR") ?? Path.Combine(Shared, "kafka");

    static string Peers { get; } =
        Environment.GetEnvironmentVariable("MILLRACE_PEERS_DIR") ?? Path.Combine(Shared, "peers");

    public static string PathOf(Tool tool) => tool switch
    {
        Tool.Ours => Environment.ProcessPath!,
        Tool.Rdperf => Path.Combine(Peers, "rdperf/rdperf"),
        _ => Path.Combine(Peers, "pc-perf/run"),
    };

    /// <summary>Null if everything that a benchmark needs is here, else what is missing and how to name it.</summary>
    public static string? Missing(Benchmark benchmark)
    {
        foreach (var side in new[] { benchmark.Ours, benchmark.Peer })
        {
            if (!File.Exists(PathOf(side.Tool)))
            {
                return $"there is no {PathOf(side.Tool)}: name its folder with MILLRACE_PEERS_DIR";
            }
        }

        return File.Exists(Path.Combine(Kafka, "kafka"))
            ? null
            : $"there is no {Path.Combine(Kafka, "kafka")}: name its folder with MILLRACE_KAFKA_DIR";
    }

    /// <summary>Runs a program to its end; the last line that it prints is its figures.</summary>
    /// <exception cref="InvalidOperationException">It failed; the text has what it said.</exception>
    public static async Task<JsonObject> MeasureAsync(string file, string arguments, CancellationToken cancellation)
    {
        var output = await RunAsync(file, arguments, cancellation);
        var line = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault("");
        try
        {
            return JsonNode.Parse(line)!.AsObject();
        }
        catch (JsonException)
        {
            throw new InvalidOperationException($"{file} {arguments} printed no figures: {output}");
        }
    }

    /// <summary>Runs a program to its end and gives what it printed.</summary>
    /// <exception cref="InvalidOperationException">It failed; the text has what it said.</exception>
    public static async Task<string> RunAsync(string file, string arguments, CancellationToken cancellation)
    {
        using var process = Start(file, arguments);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0
                ? await output
                : throw new InvalidOperationException(
                    $"{file} {arguments} ended with {process.ExitCode}: {await errors} {await output}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    public static Process Start(string file, string arguments) =>
        Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        }) ?? throw new InvalidOperationException($"{file} did not start.");
}
