using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Millrace.Broker.Coordination;
using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Handlers;
using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker;

/// <summary>A Kafka broker in this process: one node, durable, for every Kafka client.</summary>
/// <example><code>
/// await using var broker = await KafkaBroker.StartAsync(new BrokerOptions { DataDirectory = "data", Port = 9092 });
/// Console.WriteLine(broker.BootstrapServers);
/// </code></example>
public sealed class KafkaBroker : IAsyncDisposable
{
    /// <summary>Kafka's topic of committed offsets.</summary>
    internal const string OffsetsTopic = "__consumer_offsets";

    const int PortsToTry = 100;

    readonly Listener _listener;
    readonly CoordinatorLoop _groups;
    readonly LogManager _logs;
    readonly Metrics _metrics;
    readonly ILogger _logger;
    int _isStopped;

    KafkaBroker(BrokerState state, Listener listener, Metrics metrics, Endpoint advertised, int port)
    {
        _listener = listener;
        _groups = state.Groups;
        _logs = state.Logs;
        _metrics = metrics;
        _logger = state.Logger;
        Port = port;
        BootstrapServers = advertised.ToString();
    }

    /// <summary>What clients take as <c>bootstrap.servers</c>: the advertised host and port.</summary>
    public string BootstrapServers { get; }

    /// <summary>The port that it listens on: the one that was asked for, or a free one.</summary>
    public int Port { get; }

    /// <summary>The cluster's id, kept in the data directory.</summary>
    public string ClusterId => _logs.ClusterId;

    /// <summary>The broker's number.</summary>
    public int NodeId => _logs.NodeId;

    /// <summary>Connections that are open now.</summary>
    public int ConnectionCount => _listener.ConnectionCount;

    internal LogManager Logs => _logs;

    /// <summary>Opens the data directory, recovers what a crash left, and listens.</summary>
    /// <param name="options">How it is set up.</param>
    /// <param name="runtime">Clock, transports, file system, randomness, buffers, logging; null for those of
    /// production.</param>
    /// <param name="cancellation">Gives up the start.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message names it and the remedy.</exception>
    /// <exception cref="StorageException">The data directory is in use, cannot be written, or is damaged.</exception>
    /// <exception cref="IOException">The address cannot be listened on, most likely because the port is
    /// taken.</exception>
    public static async Task<KafkaBroker> StartAsync(
        BrokerOptions options, BrokerRuntime? runtime = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Check() is { } wrong) throw new ArgumentException(wrong, nameof(options));
        runtime ??= new BrokerRuntime();
        if (runtime.Transports.Count == 0)
            throw new ArgumentException("BrokerRuntime.Transports is empty: give at least one.", nameof(runtime));
        var logger = runtime.LoggerFactory.CreateLogger("Millrace.Broker");
        var random = runtime.Random ?? NewRandom();

        // Ports before data: a second broker on the same port should not look at a directory first.
        var listeners = await ListenAsync(options, runtime, logger, cancellation).ConfigureAwait(false);
        LogManager? logs = null;
        CoordinatorLoop? groups = null;
        try
        {
            logs = OpenLogs(options, runtime, random, logger);
            logs.Start();
            groups = StartGroups(options, runtime, random, logs, logger);
            var state = new BrokerState(
                options, logs, groups, ProducerIdsOf(options, runtime), runtime.Time, runtime.Pool, logger);
            return Serve(state, listeners, runtime.Gate);
        }
        catch
        {
            if (groups is not null) await groups.DisposeAsync().ConfigureAwait(false);
            logs?.Dispose();
            foreach (var listener in listeners) await listener.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    static KafkaBroker Serve(BrokerState state, List<ITransportListener> listeners, IRequestGate? gate)
    {
        var options = state.Options;
        var metrics = new Metrics();
        var router = new RequestRouter(HandlerTable.Create(state), gate);
        var server =
            new Listener(new ServerContext(router, options.Limits, state.Time, state.Pool, state.Logger, metrics));
        var first = AdvertisedOf(options, listeners[0]);
        foreach (var listener in listeners) server.Add(listener, AdvertisedOf(options, listener));
        state.Logger.Started(
            state.NodeId, state.ClusterId, first.ToString(), options.DataDirectory ?? "memory",
                options.Flush.ToString());
        return new KafkaBroker(state, server, metrics, first, listeners[0].EndPoint.Port);
    }

    static Endpoint AdvertisedOf(BrokerOptions options, ITransportListener listener)
    {
        var host = options.AdvertisedHost
            ?? (options.Host is "0.0.0.0" or "::" ? Environment.MachineName : options.Host);
        return new Endpoint(host, options.AdvertisedPort ?? listener.EndPoint.Port);
    }

    // The seed of production: the one place that asks the system for randomness.
    static Random NewRandom()
    {
#pragma warning disable CA5394 // Ids need to be unlike each other, not secret.
        return new Random(BinaryPrimitives.ReadInt32LittleEndian(RandomNumberGenerator.GetBytes(sizeof(int))));
#pragma warning restore CA5394
    }

    static async Task<List<ITransportListener>> ListenAsync(
        BrokerOptions options, BrokerRuntime runtime, ILogger logger, CancellationToken cancellation)
    {
        List<ITransportListener> listeners = [];
        try
        {
            listeners.Add(
                await ListenFirstAsync(options, runtime.Transports[0], logger, cancellation).ConfigureAwait(false));
            for (var i = 1; i < runtime.Transports.Count; i++)
            {
                listeners.Add(await runtime.Transports[i]
                    .ListenAsync(options.Host, listeners[0].EndPoint.Port, cancellation).ConfigureAwait(false));
            }

            return listeners;
        }
        catch
        {
            foreach (var listener in listeners) await listener.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    static async Task<ITransportListener> ListenFirstAsync(
        BrokerOptions options, ITransport transport, ILogger logger, CancellationToken cancellation)
    {
        var last = options.NextFreePort && options.Port > 0
            ? Math.Min(options.Port + PortsToTry, ushort.MaxValue)
            : options.Port;
        for (var port = options.Port; ; port++)
        {
            try
            {
                var listener = await transport.ListenAsync(options.Host, port, cancellation).ConfigureAwait(false);
                if (port != options.Port) logger.PortMoved(options.Port, port);
                return listener;
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                if (port < last) continue;
                throw new IOException(
                    $"Port {options.Port} on {options.Host} is taken: stop the program that uses it, "
                    + "or choose another (0 or NextFreePort take a free one).",
                    e);
            }
            catch (SocketException e)
            {
                throw new IOException(
                    $"Cannot listen on {options.Host}:{port} ({e.SocketErrorCode}): choose another Host or Port.", e);
            }
        }
    }

    static LogManager OpenLogs(BrokerOptions options, BrokerRuntime runtime, Random random, ILogger logger)
    {
        LogConfig.TryParse(
            options.TopicDefaults.Select(static s => new KeyValuePair<string, string?>(s.Key, s.Value)),
            LogConfig.Default,
            out var defaults);
        return LogManager.Open(new LogManagerOptions
        {
            Directory = options.DataDirectory ?? "",
            Files = runtime.Files,
            Time = runtime.Time,
            Random = random,
            Pool = runtime.Pool,
            Flush = options.DataDirectory is null ? FlushPolicy.Memory : options.Flush,
            Defaults = defaults,
            NodeId = options.NodeId,
            ClusterId = options.ClusterId,
            Logger = logger,
        });
    }

    static ProducerIds ProducerIdsOf(BrokerOptions options, BrokerRuntime runtime) =>
        options.DataDirectory is null || options.Flush.Mode == FlushMode.Memory
            ? new ProducerIds(null, "")
            : new ProducerIds(runtime.Files, options.DataDirectory);

    static CoordinatorLoop StartGroups(
        BrokerOptions options, BrokerRuntime runtime, Random random, LogManager logs, ILogger logger)
    {
        if (logs.Topics.Find(OffsetsTopic) is null)
        {
            // One partition: Kafka's fifty spread groups over brokers, of which there is one.
            logs.CreateTopic(OffsetsTopic, 1,
            [
                new("cleanup.policy", "compact"),
                new("segment.bytes", "104857600"),
                new("max.message.bytes", "134217728"),
            ]);
        }

        var log = logs.Find(OffsetsTopic, 0) ?? throw new StorageException(
            StorageError.Damaged, OffsetsTopic,
                $"The log of {OffsetsTopic}-0 could not be opened: restore it or remove its directory.");
        var coordinator = new GroupCoordinator(
            new GroupOptions
            {
                InitialRebalanceDelayMs = (int)options.InitialRebalanceDelay.TotalMilliseconds,
                MinSessionTimeoutMs = (int)options.MinSessionTimeout.TotalMilliseconds,
                MaxSessionTimeoutMs = (int)options.MaxSessionTimeout.TotalMilliseconds,
                MaxSize = options.Limits.MaxGroupSize,
                OffsetsRetentionMs = (long)options.OffsetsRetention.TotalMilliseconds,
            },
            new Random(random.Next()));
        var loop = new CoordinatorLoop(
            coordinator, log, runtime.Time, runtime.Pool, logger, options.Limits.MaxCoordinatorQueue);
        loop.Start();
        return loop;
    }

    /// <summary>Stops: no new connections, running requests finish (for <see cref="Limits.StopTimeout"/>), everything
    /// is flushed and marked as cleanly stopped. May be called more than once.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isStopped, 1) != 0) return;
        await _listener.DisposeAsync().ConfigureAwait(false);
        await _groups.DisposeAsync().ConfigureAwait(false);
        var isClean = !_logs.Logs.Any(static l => l.Fault != ErrorCode.None);
        _logs.Dispose();
        _metrics.Dispose();
        _logger.Stopped(NodeId, isClean);
    }
}
