using Millrace.Client;
using Millrace.Client.Consume;

namespace Millrace.Processing;

/// <summary>
/// The connection that all consumers of one <c>AddMillrace</c> share. Named options; the name is the connection's name.
/// </summary>
public sealed class MillraceOptions
{
    /// <summary>
    /// <c>host:port</c>, several separated by commas. From <c>ConnectionStrings:NAME</c>, else
    /// <c>Millrace:BootstrapServers</c>.
    /// </summary>
    public string BootstrapServers { get; set; } = "";

    /// <summary>The client id in the broker's logs and quotas; null takes the application's name.</summary>
    public string? ClientId { get; set; }

    /// <summary>How long the start waits for a broker and its topics before it fails. 30 s: a broker that starts beside
    /// the application is up by then, and an orchestrator has not given up yet.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether missing source topics are created at start. Off: a misspelt topic is an error, not a new empty topic.
    /// </summary>
    public bool CreateTopics { get; set; }

    /// <summary>The partitions of a source topic that is created at start.</summary>
    public int CreatePartitions { get; set; } = 6;

    /// <summary>The replicas of topics that are created; -1 takes the broker's default.</summary>
    public short CreateReplicationFactor { get; set; } = -1;

    /// <summary>
    /// Last word on the client's options: security, timeouts. Gets what the other settings made, returns what is
    /// used.
    /// </summary>
    public Func<ClientOptions, ClientOptions>? ConfigureClient { get; set; }

    /// <summary>
    /// Last word on the options of every consumer of this connection: session and heartbeat times, fetch sizes, a
    /// static member's name. Gets what the other settings made, returns what is used; the group's id stays as it is.
    /// </summary>
    public Func<ConsumerOptions, ConsumerOptions>? ConfigureConsumer { get; set; }

    internal List<string> Problems { get; } = [];
}
