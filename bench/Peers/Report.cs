using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Millrace.Peers;

/// <summary>Prints each comparison as it is there, and keeps all of them for the file.</summary>
sealed class Report
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    readonly JsonArray _benchmarks = [];

    public void Add(Benchmark benchmark, List<JsonObject> ours, List<JsonObject> peer)
    {
        Console.WriteLine($"{benchmark.Name}: {benchmark.What}");
        var our = Print(benchmark, benchmark.Ours, ours);
        var their = Print(benchmark, benchmark.Peer, peer);
        var ratio = benchmark.HigherIsBetter ? our / their : their / our;
        Console.WriteLine($"  ratio {ratio:f2} (above 1: {benchmark.Ours.Name} is better)");
        _benchmarks.Add(new JsonObject
        {
            ["name"] = benchmark.Name,
            ["figure"] = benchmark.Figure,
            ["ratio"] = Math.Round(ratio, 3),
            ["ours"] = new JsonObject { ["name"] = benchmark.Ours.Name, ["runs"] = Copies(ours) },
            ["peer"] = new JsonObject { ["name"] = benchmark.Peer.Name, ["runs"] = Copies(peer) },
        });
    }

    public void Write(string file)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(file))!;
        Directory.CreateDirectory(directory);
        var document = new JsonObject
        {
            ["date"] = DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm'Z'"),
            ["machine"] = $"{Environment.ProcessorCount} cores, {Processor()}, {RuntimeInformation.OSDescription}, "
                + RuntimeInformation.FrameworkDescription,
            ["loadAverage"] = LoadAverage(),
            ["benchmarks"] = _benchmarks.DeepClone(),
        };
        File.WriteAllText(file, document.ToJsonString(Indented) + "\n");
    }

    static double Print(Benchmark benchmark, Side side, List<JsonObject> runs)
    {
        var values = Sorted(runs, benchmark.Figure);
        var text = $"  {side.Name,-18} {values[values.Count / 2],12:N0} {benchmark.Figure} "
            + $"({values[0]:N0} to {values[^1]:N0})";
        foreach (var (field, unit) in new[]
        {
            ("cpuMicrosPerRecord", "µs CPU a record"),
            ("allocatedBytesPerRecord", "B allocated a record"),
            ("ackP99Us", "µs at the 99th percentile"),
            ("orderViolations", "order violations"),
            ("meanWorkMs", "ms the work really took"),
        })
        {
            if (runs[0].ContainsKey(field))
            {
                text += $"; {Sorted(runs, field)[runs.Count / 2]:0.##} {unit}";
            }
        }

        Console.WriteLine(text);
        return values[values.Count / 2];
    }

    static List<double> Sorted(List<JsonObject> runs, string field) =>
        [.. runs.Select(run => run[field]!.GetValue<double>()).Order()];

    static JsonArray Copies(List<JsonObject> runs) => [.. runs.Select(run => run.DeepClone())];

    static string Processor() => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':')[1].Trim() ?? "unknown processor"
        : RuntimeInformation.ProcessArchitecture.ToString();

    static string LoadAverage() =>
        File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Trim() : "unknown";
}
