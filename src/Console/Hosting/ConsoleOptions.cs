using Millrace.Client;

namespace Millrace.Console.Hosting;

/// <summary>How the web console is set up. Checked when it is registered.</summary>
public sealed class ConsoleOptions
{
    /// <summary>The cluster to show; stays the caller's. Null: the console makes a client for
    /// <see cref="BootstrapServers"/>.</summary>
    public KafkaClient? Client { get; set; }

    /// <summary>Where the cluster is, when no <see cref="Client"/> is given: <c>host:port</c>, several separated by
    /// commas.</summary>
    public string? BootstrapServers { get; set; }

    /// <summary>Lets the page start and stop replays. False by default: whoever can open the page could send
    /// records.</summary>
    public bool AllowChanges { get; set; }

    /// <summary>Serves requests from other machines, and under any host name. False by default: the console shows keys
    /// and values and has no users of its own. Set it only when the host demands authorization for these
    /// endpoints.</summary>
    public bool AllowRemote { get; set; }

    /// <summary>A group whose next record has been waiting for longer is shown as a problem. Default 1 min: longer than
    /// a restart of one instance.</summary>
    public TimeSpan LagLimit { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an overview is shown again before the brokers are asked anew, however many pages are open.
    /// Default 2 s.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How many bytes of a key, value or header are shown at most. Default 64 KiB.</summary>
    public int MaxPayloadBytes { get; set; } = 64 * 1024;

    internal void Validate()
    {
        Check(Client is not null || !string.IsNullOrWhiteSpace(BootstrapServers),
            $"The console needs a cluster: set {nameof(Client)} or {nameof(BootstrapServers)}.");
        Check(LagLimit > TimeSpan.Zero, $"{nameof(LagLimit)} must be above 0.");
        Check(MaxAge >= TimeSpan.Zero && MaxAge <= TimeSpan.FromMinutes(1), $"{nameof(MaxAge)} must be 0 to 1 minute.");
        Check(
            MaxPayloadBytes is >= 256 and <= 16 * 1024 * 1024,
            $"{nameof(MaxPayloadBytes)} must be 256 bytes to 16 MiB.");
    }

    static void Check(bool isGood, string message)
    {
        if (!isGood)
        {
            throw new ArgumentException(message);
        }
    }
}
