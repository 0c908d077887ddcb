using System.Security.Cryptography;
using System.Text;
using Millrace.Client;
using Millrace.Client.Produce;
using Xunit;

namespace Millrace.Scenarios;

/// <summary>The cluster that scenarios run on, named by <c>MILLRACE_TEST_BOOTSTRAP</c>. Without it they are skipped. Every
/// scenario makes topics and groups of its own, so they may run side by side and again.</summary>
static class Cluster
{
    /// <summary>Where to begin; skips the test if none is named.</summary>
    public static string Bootstrap
    {
        get
        {
            var servers = Environment.GetEnvironmentVariable("MILLRACE_TEST_BOOTSTRAP");
            Assert.SkipWhen(string.IsNullOrEmpty(servers), "MILLRACE_TEST_BOOTSTRAP names no cluster.");
            return servers!;
        }
    }

    public static KafkaClient Connect() => new(new ClientOptions { BootstrapServers = Bootstrap });

    /// <summary>A name that no other run uses.</summary>
    public static string NewName(string prefix) => $"{prefix}-{RandomNumberGenerator.GetHexString(10, lowercase: true)}";

    public static async Task<string> NewTopicAsync(KafkaClient client, int partitions)
    {
        var name = NewName("scenario");
        await client.Admin.CreateTopicAsync(name, partitions, cancellation: TestContext.Current.CancellationToken);
        return name;
    }

    /// <summary>Writes "0", "1", … with the number as the key.</summary>
    public static async Task FillAsync(KafkaClient client, string topic, int count, int first = 0)
    {
        await using var producer = client.CreateProducer();
        for (var i = first; i < first + count; i++)
        {
            var text = Encoding.UTF8.GetBytes($"{i}");
            await producer.EnqueueAsync(new ProducerRecord(topic, text, text), TestContext.Current.CancellationToken);
        }
        await producer.FlushAsync(TestContext.Current.CancellationToken);
    }
}
