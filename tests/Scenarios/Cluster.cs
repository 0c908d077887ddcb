using Millrace.Client;
using Xunit;

namespace Millrace.Scenarios;

/// <summary>The cluster that the scenarios run against: the one that <c>MILLRACE_TEST_BOOTSTRAP</c> names. Without it
/// a scenario is
/// skipped.</summary>
static class Cluster
{
    static readonly string? FromEnvironment = Environment.GetEnvironmentVariable("MILLRACE_TEST_BOOTSTRAP");

    /// <summary>The bootstrap servers; skips the calling test if there are none.</summary>
    public static string Bootstrap
    {
        get
        {
            Assert.SkipWhen(string.IsNullOrEmpty(FromEnvironment), "MILLRACE_TEST_BOOTSTRAP names no cluster.");
            return FromEnvironment!;
        }
    }

    /// <summary>A client of the cluster.</summary>
    public static KafkaClient Connect() =>
        new(new ClientOptions { BootstrapServers = Bootstrap, ClientId = "scenario" });

    /// <summary>A topic of its own, named after the scenario so that a broker's log line leads to it.</summary>
    public static async Task<string> CreateTopicAsync(KafkaClient client, string scenario, int partitions = 1)
    {
        var name = $"it-{scenario}-{Environment.ProcessId}-{Environment.TickCount64}";
        await client.Admin.CreateTopicAsync(name, partitions, cancellation: TestContext.Current.CancellationToken);
        return name;
    }
}
