using System.Text.Json.Nodes;

namespace Millrace.Peers;

/// <summary>Lets ours and the peer take turns, and reports.</summary>
static class Runner
{
    public static async Task<int> RunAsync(string filter, int rounds, string? json, CancellationToken cancellation)
    {
        var wanted = Benchmarks.All.Where(b => b.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).ToList();
        if (wanted.Count == 0 || rounds < 1)
        {
            await Console.Error.WriteLineAsync(rounds < 1
                ? $"--rounds {rounds}: give at least 1."
                : $"No benchmark's name contains '{filter}'. There are: "
                    + string.Join(", ", Benchmarks.All.Select(b => b.Name)));
            return 2;
        }

        if (wanted.Select(Tools.Missing).FirstOrDefault(missing => missing is not null) is { } text)
        {
            await Console.Error.WriteLineAsync(text);
            return 2;
        }

        var report = new Report();
        var clusters = new Dictionary<Engine, Cluster>();
        try
        {
            foreach (var benchmark in wanted)
            {
                foreach (var engine in new[] { benchmark.Ours.Engine, benchmark.Peer.Engine })
                {
                    if (!clusters.ContainsKey(engine))
                    {
                        clusters[engine] = await Cluster.StartAsync(engine, cancellation);
                    }
                }

                var (ours, peer) = await MeasureAsync(benchmark, clusters, rounds, cancellation);
                report.Add(benchmark, ours, peer);
                if (json is not null)
                {
                    report.Write(json);   // after each, so that an interrupted run leaves what it has
                }
            }
        }
        catch (InvalidOperationException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
        finally
        {
            foreach (var cluster in clusters.Values)
            {
                await cluster.DisposeAsync();
            }
        }

        return 0;
    }

    static async Task<(List<JsonObject> Ours, List<JsonObject> Peer)> MeasureAsync(
        Benchmark benchmark, Dictionary<Engine, Cluster> clusters, int rounds, CancellationToken cancellation)
    {
        var filled = new Dictionary<Engine, string>();
        if (benchmark.Filled is not null)
        {
            foreach (var engine in new[] { benchmark.Ours.Engine, benchmark.Peer.Engine }.Distinct())
            {
                filled[engine] = await clusters[engine].CreateTopicAsync(benchmark.Filled, cancellation);
            }
        }

        List<JsonObject> ours = [], peer = [];
        for (var round = 0; round < rounds; round++)
        {
            // Who goes first changes, so that a warming or cooling machine favours nobody.
            foreach (var isOurs in round % 2 == 0 ? new[] { true, false } : [false, true])
            {
                var side = isOurs ? benchmark.Ours : benchmark.Peer;
                var figures = await MeasureAsync(side, clusters[side.Engine], filled.GetValueOrDefault(side.Engine),
                    $"bench-{benchmark.Name}-{round}-{(isOurs ? "ours" : "peer")}", cancellation);
                (isOurs ? ours : peer).Add(figures);
            }
        }

        foreach (var (engine, topic) in filled)
        {
            await clusters[engine].DeleteTopicAsync(topic);
        }

        return (ours, peer);
    }

    static async Task<JsonObject> MeasureAsync(
        Side side, Cluster cluster, string? filled, string group, CancellationToken cancellation)
    {
        var topic = filled ?? await cluster.CreateTopicAsync(null, cancellation);
        var usesGroup = side.Tool == Tool.PcPerf || side.Arguments.StartsWith("listen", StringComparison.Ordinal);
        var arguments = (side.Tool == Tool.Ours ? "worker " : "") + side.Arguments
            + $" --brokers {cluster.Bootstrap} --topic {topic}" + (usesGroup ? $" --group {group}" : "");
        var figures = await Tools.MeasureAsync(Tools.PathOf(side.Tool), arguments, cancellation);
        if (filled is null)
        {
            await cluster.DeleteTopicAsync(topic);
        }

        return figures;
    }
}
