using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Broker;
using Millrace.Client;
using Millrace.Processing;
using Millrace.Processing.Hosting;
using Millrace.Protocol;

namespace Millrace.Orders;

/// <summary>The whole run: broker, topic, feed, listener, progress, summary.</summary>
sealed class OrdersApplication(OrdersOptions options)
{
    readonly Latencies _latencies = new();

    public async Task<int> RunAsync(CancellationToken cancellation)
    {
        using var hold = Hold(options.Data);
        await using var broker = await StartBrokerAsync(cancellation);
        var bootstrap = options.Bootstrap ?? broker!.BootstrapServers;
        await using var client = new KafkaClient(
            new ClientOptions { BootstrapServers = bootstrap, ClientId = "orders-feed" });
        await FindClusterAsync(bootstrap, cancellation);
        await CreateTopicAsync(client, cancellation);
        await using var store = OrderStore.Open(Path.Combine(options.Data, "orders.db"));
        await store.BelongsToAsync(client, OrdersOptions.Topic, cancellation);

        using var host = BuildHost(bootstrap, store);
        await host.StartAsync(cancellation);
        var listener = host.Services.GetRequiredService<IListeners>().Find(OrdersOptions.Group)!;
        var feed = new OrderFeed(client, options);
        var clock = TimeProvider.System;
        var start = clock.GetTimestamp();
        var interrupted = false;
        var progress = new Progress(listener, feed, clock);
        try
        {
            await progress.WhileAsync(WorkAsync(client, store, feed, listener, cancellation), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            interrupted = true;
            Console.WriteLine("Interrupted: draining what runs and committing what is done.");
        }
        catch
        {
            // Before the broker goes: else the listener would go on against what is disposed.
            await host.StopAsync(CancellationToken.None);
            throw;
        }

        var elapsed = clock.GetElapsedTime(start);
        await host.StopAsync(CancellationToken.None);
        var summary = await Summary.MakeAsync(
            client, store, listener, feed, options, _latencies, elapsed, CancellationToken.None);
        summary.Print(interrupted, bootstrap, options);
        if (options.Summary is { } file)
        {
            summary.WriteJson(file);
        }

        // An interrupted run is complete when the rest is only waiting; a finished one when everything agrees.
        return summary.Agrees(isFinished: !interrupted) ? 0 : 1;
    }

    /// <summary>Keeps a second run off the directory, whatever cluster it uses: both would feed, and fence each
    /// other.</summary>
    static FileStream Hold(string folder)
    {
        try
        {
            return new FileStream(
                Path.Combine(folder, "run.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new SampleException(
                $"--data '{folder}' is used by another run ({e.Message}). Wait for it, or name another.");
        }
    }

    async Task<KafkaBroker?> StartBrokerAsync(CancellationToken cancellation)
    {
        if (options.Bootstrap is not null)
        {
            return null;
        }

        var broker = await KafkaBroker.StartAsync(
            new BrokerOptions
            {
                DataDirectory = Path.Combine(options.Data, "broker"),
                Port = options.Port,
                NextFreePort = true,
            },
            cancellation: cancellation);
        if (options.Port != 0 && broker.Port != options.Port)
        {
            Console.WriteLine($"Port {options.Port} is taken; using {broker.Port}.");
        }

        Console.WriteLine($"Embedded broker listening on {broker.BootstrapServers}, data in {options.Data}.");
        return broker;
    }

    /// <summary>Finds out whether anybody is there; the client of the feed is patient for a minute.</summary>
    static async Task FindClusterAsync(string bootstrap, CancellationToken cancellation)
    {
        var patience = TimeSpan.FromSeconds(10);
        await using var probe = new KafkaClient(
            new ClientOptions { BootstrapServers = bootstrap, ApiTimeout = patience, ConnectTimeout = patience });
        try
        {
            await probe.Admin.DescribeClusterAsync(cancellation);
        }
        catch (KafkaConnectionException e)
        {
            throw new SampleException(
                $"no broker answers at {bootstrap} ({e.Message}). Start it, name another with --bootstrap, "
                + "or leave that out for the embedded broker.");
        }
    }

    async Task CreateTopicAsync(KafkaClient client, CancellationToken cancellation)
    {
        try
        {
            await client.Admin.CreateTopicAsync(
                OrdersOptions.Topic, options.Partitions, options.ReplicationFactor, cancellation);
        }
        catch (KafkaServerException e) when (e.Code == ErrorCode.TopicAlreadyExists)
        {
            // A run before this one made it.
        }
    }

    IHost BuildHost(string bootstrap, OrderStore store)
    {
        var builder = Host.CreateEmptyApplicationBuilder(
            new HostApplicationBuilderSettings { ApplicationName = "orders" });
        // Dead letters are counted on the screen and kept in their topic; a line each would bury everything else.
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(60));
        builder.Services.AddSingleton(options).AddSingleton(store).AddSingleton(_latencies)
            .AddSingleton(TimeProvider.System).AddSingleton<OrderHandler>();

        builder.AddMillrace("kafka")
            .Configure(kafka => kafka.BootstrapServers = bootstrap)
            .UseJson(OrdersJson.Default)
            .Consumer(OrdersOptions.Group)
            .OrderedByKey(options.Concurrency)
            // A run that comes back after a crash need not wait until the group has missed its predecessor.
            .Instance("orders-1")
            .CommitEvery(TimeSpan.FromMilliseconds(250))
            .Retry(on => on
                .Transient<DownstreamUnavailableException>(Backoff.Exponential(
                    TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), attempts: 5))
                // The database cannot be written. That is not the order's fault: it waits, and is never dead-lettered.
                .Transient<IOException>(Backoff.Exponential(
                    TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), Backoff.Forever)))
            .DeadLetter()
            .Handle<OrderEvent>(
                OrdersOptions.Topic,
                (OrderEvent order, RecordInfo record, OrderHandler handler, CancellationToken cancellation) =>
                    handler.HandleAsync(order, record, cancellation));
        return builder.Build();
    }

    /// <summary>Feeds, and waits until everything that lies in the topic is handled and committed.</summary>
    async Task WorkAsync(
        KafkaClient client, OrderStore store, OrderFeed feed, IListenerControl listener, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var feeding = feed.RunAsync(stop.Token);
        try
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
            do
            {
                ThrowIfStuck(store, listener);
                if (feeding.IsCompleted)
                {
                    await feeding;
                }
            }
            while ((options.NoFeed || !feeding.IsCompleted || !await IsDoneAsync(client, listener, cancellation))
                && await timer.WaitForNextTickAsync(cancellation));
        }
        finally
        {
            await stop.CancelAsync();
            await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static void ThrowIfStuck(OrderStore store, IListenerControl listener)
    {
        if (listener.Failure is { } failure)
        {
            throw new SampleException($"the listener ended: {failure.Message}");
        }

        if (listener.Status?.Partitions.FirstOrDefault(p => p.StoppedBy is not null) is { } stopped)
        {
            throw new SampleException(
                $"{stopped.Partition} stopped at offset {stopped.StoppedAt}: {stopped.StoppedBy!.Message}");
        }

        if (store.Stuck is { } reason)
        {
            throw new SampleException($"{reason} Free space or mend the disk, and start again: nothing is lost.");
        }
    }

    static async Task<bool> IsDoneAsync(
        KafkaClient client, IListenerControl listener, CancellationToken cancellation) =>
        listener.Status is { Outstanding: 0 }
        && await Lag.OfAsync(client, OrdersOptions.Group, OrdersOptions.Topic, cancellation) == 0;
}
