using Millrace.Broker;
using Millrace.Client;

namespace Millrace.Cli;

/// <summary>The cluster that a command works on: the one that answers, or else the embedded broker on a data directory,
/// started in this process for as long as the command runs.</summary>
sealed class Cluster : IAsyncDisposable
{
    // Longer than a broker needs to answer, short enough for somebody who mistyped the address.
    static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    readonly KafkaBroker? _broker;

    Cluster(KafkaClient client, string address, KafkaBroker? broker)
    {
        Client = client;
        Address = address;
        _broker = broker;
    }

    public KafkaClient Client { get; }

    /// <summary>Where it is.</summary>
    public string Address { get; }

    /// <summary>Opens the cluster. What the command line names, one of the two at most, wins over the settings
    /// file.</summary>
    /// <param name="bootstrap">From the command line, or null.</param>
    /// <param name="data">From the command line, or null.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<Cluster> OpenAsync(string? bootstrap, string? data, CancellationToken cancellation)
    {
        var settings = Settings.Load(Environment.CurrentDirectory);
        if (data is not null)
        {
            return await OnDataAsync(data, cancellation).ConfigureAwait(false);
        }

        var address = bootstrap ?? settings.Bootstrap;
        try
        {
            return await ConnectAsync(address, cancellation).ConfigureAwait(false);
        }
        catch (KafkaConnectionException e)
        {
            if (bootstrap is null && settings.Data is { } folder && new DirectoryInfo(folder).Exists)
            {
                await System.Console.Error.WriteLineAsync(
                    $"No broker answers at {address}: using the data in {folder}.").ConfigureAwait(false);
                return await OnDataAsync(folder, cancellation).ConfigureAwait(false);
            }

            throw new CommandException(
                $"no broker answers at {address} ({e.Message}). "
                + "Start one (millrace broker --data DIR), name another with --bootstrap, "
                + "or open its data with --data DIR.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync().ConfigureAwait(false);
        if (_broker is not null)
        {
            await _broker.DisposeAsync().ConfigureAwait(false);
        }
    }

    static async Task<Cluster> OnDataAsync(string data, CancellationToken cancellation)
    {
        if (!new DirectoryInfo(data).Exists)
        {
            throw new CommandException($"there is no data directory {data}.");
        }

        var broker = await KafkaBroker.StartAsync(
            new BrokerOptions { DataDirectory = data, Port = 0 }, cancellation: cancellation).ConfigureAwait(false);
        return new Cluster(
            new KafkaClient(
                new ClientOptions { BootstrapServers = broker.BootstrapServers, ClientId = "millrace-cli" }),
            broker.BootstrapServers, broker);
    }

    static async Task<Cluster> ConnectAsync(string address, CancellationToken cancellation)
    {
        var options = new ClientOptions { BootstrapServers = address, ClientId = "millrace-cli" };
        // A client of its own finds out whether anybody is there, because the real one is patient for a minute.
        var probe = new KafkaClient(options with { ApiTimeout = ProbeTimeout, ConnectTimeout = ProbeTimeout });
        await using (probe.ConfigureAwait(false))
        {
            await probe.Admin.DescribeClusterAsync(cancellation).ConfigureAwait(false);
        }

        return new Cluster(new KafkaClient(options), address, null);
    }
}
