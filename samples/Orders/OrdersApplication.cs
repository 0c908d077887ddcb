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
        Directory.CreateDirectory(options.Data);
        await using var broker = await StartBrokerAsync(cancellation);
        var bootstrap = options.Bootstrap ?? broker!.BootstrapServers;
        await using var client = new KafkaClient(new ClientOptions { BootstrapServers = bootstrap, ClientId = "orders-feed" });
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
            await progress.WhileAsync(WorkAsync(client, feed, listener, cancellation), cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            interrupted = true;
            Console.WriteLine("Interrupted: draining what runs and committing what is done.");
        }

        var elapsed = clock.GetElapsedTime(start);
        await host.StopAsync(CancellationToken.None);
        var summary = await Summary.MakeAsync(client, store, listener, feed, options, _latencies, elapsed, CancellationToken.None);
        summary.Print(interrupted, bootstrap, options);
        if (options.Summary is { } file)
        {
            summary.WriteJson(file);
        }

        // An interrupted run is complete when the rest is only waiting; a finished one when everything agrees.
        return summary.Agrees(isFinished: !interrupted) ? 0 : 1;
    }

    async Task<KafkaBroker?> StartBrokerAsync(CancellationToken cancellation)
    {
        if (options.Bootstrap is not null)
        {
            return null;
        }

        var broker = await KafkaBroker.StartAsync(
            new BrokerOptions { DataDirectory = Path.Combine(options.Data, "broker"), Port = options.Port, NextFreePort = true },
            cancellation: cancellation);
        if (options.Port != 0 && broker.Port != options.Port)
        {
            Console.WriteLine($"Port {options.Port} is taken; using {broker.Port}.");
        }

        Console.WriteLine($"Embedded broker listening on {broker.BootstrapServers}, data in {options.Data}.");
        return broker;
    }

    async Task CreateTopicAsync(KafkaClient client, CancellationToken cancellation)
    {
        try
        {
            await client.Admin.CreateTopicAsync(OrdersOptions.Topic, options.Partitions, options.ReplicationFactor, cancellation);
        }
        catch (KafkaServerException e) when (e.Code == ErrorCode.TopicAlreadyExists)
        {
            // A run before this one made it.
        }
    }

    IHost BuildHost(string bootstrap, OrderStore store)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "orders" });
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
            .Retry(on => on
                .Transient<DownstreamUnavailableException>(Backoff.Exponential(
                    TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), attempts: 5))
                .Transient<IOException>(Backoff.Exponential(
                    TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), attempts: 5)))
            .DeadLetter()
            .Handle<OrderEvent>(
                OrdersOptions.Topic,
                (OrderEvent order, RecordInfo record, OrderHandler handler, CancellationToken cancellation) =>
                    handler.HandleAsync(order, record, cancellation));
        return builder.Build();
    }

    /// <summary>Feeds, then waits until everything that lies in the topic is handled and committed.</summary>
    async Task WorkAsync(KafkaClient client, OrderFeed feed, IListenerControl listener, CancellationToken cancellation)
    {
        await feed.RunAsync(cancellation);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            if (listener.Failure is { } failure)
            {
                throw new SampleException($"the listener ended: {failure.Message}");
            }

            if (listener.Status?.Partitions.FirstOrDefault(p => p.StoppedBy is not null) is { } stopped)
            {
                throw new SampleException($"{stopped.Partition} stopped at offset {stopped.StoppedAt}: {stopped.StoppedBy!.Message}");
            }
        }
        while ((options.NoFeed || !await IsDoneAsync(client, listener, cancellation)) && await timer.WaitForNextTickAsync(cancellation));
    }

    static async Task<bool> IsDoneAsync(KafkaClient client, IListenerControl listener, CancellationToken cancellation) =>
        listener.Status is { Outstanding: 0 } && await Lag.OfAsync(client, OrdersOptions.Group, OrdersOptions.Topic, cancellation) == 0;
}
