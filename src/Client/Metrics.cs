using System.Diagnostics.Metrics;

namespace Millrace.Client;

/// <summary>The instruments of the client. Counted per batch or per request, never per record.</summary>
static class Metrics
{
    static readonly Meter Meter = new("Millrace.Client");

    /// <summary>Records acknowledged, by topic.</summary>
    public static readonly Counter<long> RecordsSent = Meter.CreateCounter<long>(
        "messaging.client.sent.messages", "{message}", "Records that brokers acknowledged.");

    /// <summary>Records that could not be delivered, by topic.</summary>
    public static readonly Counter<long> RecordsFailed = Meter.CreateCounter<long>(
        "millrace.producer.failed", "{message}", "Records that could not be delivered.");

    /// <summary>Bytes of batches acknowledged, by topic.</summary>
    public static readonly Counter<long> BytesSent = Meter.CreateCounter<long>(
        "millrace.producer.bytes", "By", "Bytes of batches that brokers acknowledged, compressed.");

    /// <summary>Batches sent again.</summary>
    public static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "millrace.producer.retries", "{batch}", "Batches that had to be sent again.");

    /// <summary>Connections opened.</summary>
    public static readonly Counter<long> Connects = Meter.CreateCounter<long>(
        "millrace.client.connects", "{connection}", "Connections opened.");

    /// <summary>Connections that failed to open or broke.</summary>
    public static readonly Counter<long> ConnectionFailures = Meter.CreateCounter<long>(
        "millrace.client.connection.failures", "{connection}", "Connections that could not be opened or broke.");

    public static KeyValuePair<string, object?> Topic(string topic) => new("messaging.destination.name", topic);
}
