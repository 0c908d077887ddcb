using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Millrace.Processing;
using Millrace.Processing.Hosting;
using Millrace.Processing.Listeners;
using Millrace.Unit.Processing.Hosting;
using Xunit;

namespace Millrace.Unit.Processing.Docs;

/// <summary>The first example of docs/processing.md, compiled and run on a cluster in memory.</summary>
public sealed class ProcessingPageTests
{
    // The example of the page, between the builder and Build(); keep the two alike.
    static void Register(HostApplicationBuilder builder)
    {
        var kafka = builder.AddMillrace("kafka");

        kafka.Consumer("order-service")
            .OrderedByKey(concurrency: 64)
            .Retry(on => on
                .Transient<TimeoutException>(Backoff.Exponential(
                    first: TimeSpan.FromMilliseconds(100), max: TimeSpan.FromSeconds(5), attempts: 4))
                .Transient<HttpRequestException>(
                    e => (int?)e.StatusCode >= 500, Backoff.Fixed(TimeSpan.FromSeconds(1), attempts: 10))
                .Permanent<ArgumentException>())
            .DeadLetter()
            .Handle<OrderPlaced>(
                "orders", async (OrderPlaced order, RecordInfo record, IInvoices invoices, CancellationToken ct) =>
                await invoices.CreateAsync(order, record.Timestamp, ct))
            .HandleWith<ShipmentHandler>("shipments");

        builder.Services.AddScoped<IInvoices, Invoices>();
        builder.Services.AddHealthChecks().AddMillrace(maxLag: 10_000);
    }

    [Fact]
    public async Task The_example_of_the_page_works()
    {
        await using var cluster = new FakeCluster { Topics = { ["orders"] = 3, ["shipments"] = 2 } };
        var log = new List<string>();
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?> { ["ConnectionStrings:kafka"] = "127.0.0.1:9092" });
        builder.Services.AddSingleton<IClusterFactory>(cluster);
        builder.Services.AddSingleton(log);
        Register(builder);
        using var host = builder.Build();
        await host.StartAsync();

        var pipeline = Assert.Single(cluster.Started).Start.Pipeline;
        Assert.Equal(OutcomeKind.Done, await Run(TestRecords.Record("""{"id":"o1"}""")));
        Assert.Equal(OutcomeKind.Done, await Run(TestRecords.Record("""{"id":"s1"}""", topic: "shipments")));
        Assert.Equal(["invoice o1 2023-11-14", "shipped s1"], log);
        Assert.Equal(OutcomeKind.DeadLettered, await Run(TestRecords.Record("""{"id":""}""")));
        Assert.Equal(OutcomeKind.Retry, await Run(TestRecords.Record("""{"id":"late"}""")));
        Assert.Equal((3, 2), (cluster.Topics["orders.DLT"], cluster.Topics["shipments.DLT"]));
        await host.StopAsync();

        async Task<OutcomeKind> Run(Delivery record) =>
            (await pipeline.InvokeAsync(record, CancellationToken.None)).Kind;
    }

    sealed record OrderPlaced(string Id);

    sealed record Shipped(string Id);

    interface IInvoices
    {
        Task CreateAsync(OrderPlaced order, DateTimeOffset at, CancellationToken cancellation);
    }

    sealed class Invoices(List<string> log) : IInvoices
    {
        public Task CreateAsync(OrderPlaced order, DateTimeOffset at, CancellationToken cancellation)
        {
            ArgumentException.ThrowIfNullOrEmpty(order.Id);
            if (order.Id == "late")
            {
                throw new TimeoutException();
            }

            log.Add($"invoice {order.Id} {at:yyyy-MM-dd}");
            return Task.CompletedTask;
        }
    }

    sealed class ShipmentHandler(List<string> log) : IHandle<Shipped>
    {
        public ValueTask HandleAsync(Shipped value, RecordInfo record, CancellationToken cancellation)
        {
            log.Add($"shipped {value.Id}");
            return default;
        }
    }
}
