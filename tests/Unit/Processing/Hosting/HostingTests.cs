using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Millrace.Processing;
using Millrace.Processing.Hosting;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Processing.Hosting;

public sealed class HostingTests : IAsyncDisposable
{
    readonly FakeCluster _cluster = new() { Topics = { ["orders"] = 6 } };
    readonly StillClock _clock = new(TestRecords.Now);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    IHost Build(Action<MillraceBuilder> configure, params (string Key, string? Value)[] configuration)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?> { ["ConnectionStrings:kafka"] = "127.0.0.1:9" });
        builder.Configuration.AddInMemoryCollection(configuration.ToDictionary(pair => pair.Key, pair => pair.Value));
        builder.Services.AddSingleton<TimeProvider>(_clock);
        builder.Services.AddSingleton<IClusterFactory>(_cluster);
        builder.Services.AddMetrics();
        builder.Services.AddHealthChecks().AddMillrace(maxLag: 100);
        configure(builder.AddMillrace());
        return builder.Build();
    }

    static void Orders(MillraceBuilder kafka) =>
        kafka.Consumer("order-service").OrderedByKey(4).DeadLetter().Handle<string>("orders", (_, _) => default);

    static Task<HealthReport> Health(IHost host, string tag) => host.Services.GetRequiredService<HealthCheckService>()
        .CheckHealthAsync(registration => registration.Tags.Contains(tag));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_that_is_disposed_without_a_stop_stops_its_consumers_before_their_connections(bool isAsync)
    {
        var host = Build(Orders);
        await host.StartAsync();
        if (isAsync)
        {
            await ((IAsyncDisposable)host).DisposeAsync();
        }
        else
        {
            host.Dispose();
        }

        Assert.True(_cluster.Started[0].WasStoppedInTime);
        Assert.True(_cluster.IsDisposed);
    }

    [Fact]
    public async Task A_host_starts_its_consumers_and_stops_them()
    {
        using var host = Build(kafka =>
        {
            Orders(kafka);
            kafka.Consumer("audit").Handle<string>("orders", (_, _) => default);
        });
        await host.StartAsync();
        Assert.Equal(["order-service", "audit"], _cluster.Started.Select(listener => listener.Start.GroupId));
        Assert.Equal(
            (RecordOrder.ByKey, 4), (_cluster.Started[0].Start.Plan.Order, _cluster.Started[0].Start.Plan.Concurrency));
        var listeners = host.Services.GetRequiredService<IListeners>();
        Assert.True(listeners.Find("audit")!.IsRunning);
        await host.StopAsync();
        Assert.All(listeners.All, listener => Assert.False(listener.IsRunning));
        Assert.NotNull(listeners.Find("audit")!.Status);
    }

    [Fact]
    public async Task The_dead_letter_topic_is_created_with_the_partitions_of_its_source()
    {
        using var host = Build(Orders);
        await host.StartAsync();
        Assert.Equal(6, _cluster.Topics["orders.DLT"]);
    }

    [Fact]
    public async Task A_missing_topic_fails_the_start_with_one_line()
    {
        _cluster.Topics.Clear();
        using var host = Build(Orders);
        var exception = await Assert.ThrowsAsync<MillraceStartException>(() => host.StartAsync());
        Assert.Equal(
            "Consumer 'order-service' cannot start: topic 'orders' does not exist at 127.0.0.1:9. Create it, "
            + "correct the name, or set Millrace:CreateTopics to true.",
            exception.Message);
    }

    [Fact]
    public async Task A_missing_topic_is_created_when_that_is_wanted()
    {
        _cluster.Topics.Clear();
        using var host = Build(Orders, ("Millrace:CreateTopics", "true"), ("Millrace:CreatePartitions", "3"));
        await host.StartAsync();
        Assert.Equal((3, 3), (_cluster.Topics["orders"], _cluster.Topics["orders.DLT"]));
    }

    [Fact]
    public async Task A_missing_dead_letter_topic_that_must_exist_fails_the_start()
    {
        using var host = Build(Orders, ("Millrace:Consumers:order-service:DeadLetter:Create", "false"));
        var exception = await Assert.ThrowsAsync<MillraceStartException>(() => host.StartAsync());
        Assert.Contains("its dead-letter topic 'orders.DLT' does not exist", exception.Message);
        Assert.Contains("Create it with 6 partitions", exception.Message);
    }

    [Fact]
    public async Task A_broker_that_does_not_answer_fails_the_start_after_the_timeout()
    {
        var asked = new TaskCompletionSource();
        _cluster.Answer = cancellation =>
        {
            asked.TrySetResult();
            return new TaskCompletionSource().Task.WaitAsync(cancellation);
        };
        using var host = Build(Orders, ("Millrace:StartTimeout", "5s"));
        var start = host.StartAsync();
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.False(start.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(5));
        var exception = await Assert.ThrowsAsync<MillraceStartException>(
            () => start.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.StartsWith(
            "Consumer 'order-service' cannot start: no broker answered at 127.0.0.1:9 within 5 s.", exception.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consumer_can_be_left_out_by_configuration()
    {
        using var host = Build(Orders, ("Millrace:Consumers:order-service:Enabled", "false"));
        await host.StartAsync();
        Assert.Empty(_cluster.Started);
        Assert.Equal(HealthStatus.Healthy, (await Health(host, "ready")).Status);
    }

    [Fact]
    public async Task A_stopped_partition_is_not_ready_but_alive()
    {
        using var host = Build(Orders);
        await host.StartAsync();
        Assert.Equal(HealthStatus.Healthy, (await Health(host, "ready")).Status);
        _cluster.Started[0].Status = new ListenerStatus
        {
            Name = "order-service",
            Partitions =
            [
                new PartitionStatus
                {
                    Partition = new TopicPartition("orders", 2), StoppedAt = 17,
                        StoppedBy = new FormatException("bad date"),
                },
            ],
        };
        var report = await Health(host, "ready");
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Equal(
            "consumer order-service stopped orders-2 at offset 17: FormatException: bad date",
            report.Entries["millrace-ready"].Description);
        Assert.Equal(HealthStatus.Healthy, (await Health(host, "live")).Status);
    }

    [Fact]
    public async Task A_consumer_that_ended_by_itself_is_neither_ready_nor_alive_and_can_be_started_again()
    {
        using var host = Build(Orders);
        await host.StartAsync();
        _cluster.Started[0].Fail(new InvalidOperationException("group refused"));
        var control = host.Services.GetRequiredService<IListeners>().Find("order-service")!;
        Assert.Equal("group refused", control.Failure!.Message);
        Assert.Contains(
            "ended by itself: group refused", (await Health(host, "live")).Entries["millrace-live"].Description);
        Assert.Equal(HealthStatus.Unhealthy, (await Health(host, "ready")).Status);
        await control.StartAsync(CancellationToken.None);
        Assert.True(control.IsRunning);
        Assert.Equal(HealthStatus.Healthy, (await Health(host, "live")).Status);
    }

    [Fact]
    public async Task Too_much_lag_is_degraded()
    {
        using var host = Build(Orders);
        await host.StartAsync();
        _cluster.Started[0].Status = new ListenerStatus { Name = "order-service", Lag = 101 };
        var report = await Health(host, "ready");
        Assert.Equal(HealthStatus.Degraded, report.Status);
        Assert.Equal(
            "consumer order-service lags 101 records, more than 100", report.Entries["millrace-ready"].Description);
    }

    [Fact]
    public async Task Metrics_have_the_conventions_names_and_the_groups_tag()
    {
        using var host = Build(Orders);
        await host.StartAsync();
        var factory = host.Services.GetRequiredService<IMeterFactory>();
        var seen = new Dictionary<string, (double Value, Dictionary<string, object?> Tags)>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                // Other tests have meters of the same name; this host's are scoped to its factory.
                if (instrument.Meter.Name == "Millrace.Processing" && instrument.Meter.Scope == factory)
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
            seen[instrument.Name] = (value, tags.ToArray().ToDictionary()));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            seen[instrument.Name] = (value, tags.ToArray().ToDictionary()));
        listener.Start();

        var started = _cluster.Started[0];
        started.Status = new ListenerStatus
        {
            Name = "order-service",
            InFlight = 3,
            Partitions = [new PartitionStatus { Partition = new TopicPartition("orders", 1), Lag = 12 }],
        };
        var record = TestRecords.Record("x");
        await started.Start.Pipeline.InvokeAsync(record, CancellationToken.None);
        started.Start.Events.RecordRetried(record, TimeSpan.Zero, null);
        started.Start.Events.RecordCompleted(record, OutcomeKind.DeadLettered);
        started.Start.Events.Committed(record.TopicPartition, 43, 0);
        listener.RecordObservableInstruments();

        Assert.Equal(1, seen["messaging.client.consumed.messages"].Value);
        Assert.Equal("order-service", seen["messaging.process.duration"].Tags["messaging.consumer.group.name"]);
        Assert.Equal("orders", seen["messaging.process.duration"].Tags["messaging.destination.name"]);
        Assert.Equal("3", seen["messaging.process.duration"].Tags["messaging.destination.partition.id"]);
        Assert.Equal(1, seen["millrace.retries"].Value);
        Assert.Equal(1, seen["millrace.dead_letters"].Value);
        Assert.Equal(1, seen["millrace.commits"].Value);
        Assert.Equal(3, seen["millrace.in_flight"].Value);
        Assert.Equal(12, seen["millrace.lag"].Value);
        Assert.Equal("1", seen["millrace.lag"].Tags["messaging.destination.partition.id"]);
    }
}
