using Millrace.Client;
using Millrace.Client.Net;
using Millrace.Client.Produce;
using Xunit;

namespace Millrace.Unit.Client.Net;

public sealed class BrokerConnectionTests
{
    [Fact]
    public async Task A_broker_that_knows_only_old_version_questions_is_asked_again_in_its_own_version()
    {
        await using var broker = new ScriptedBroker { ApiVersionsMax = 0 };
        await using var client = await broker.StartAsync();
        await using var producer = client.CreateProducer();
        var send = producer.SendAsync(ProducerRecord.FromText("t", null, "x")).AsTask();
        await broker.UntilAsync(() => send.IsCompleted);
        Assert.Equal(0, (await send).Offset);
    }

    [Fact]
    public async Task A_broken_connection_is_opened_again()
    {
        await using var broker = new ScriptedBroker();
        await using var client = await broker.StartAsync();
        await using var producer = client.CreateProducer();
        for (var i = 0; i < 3; i++)
        {
            var send = producer.SendAsync(ProducerRecord.FromText("t", null, "x")).AsTask();
            await broker.UntilAsync(() => send.IsCompleted);
            await send;
            broker.DropConnections();
        }
        Assert.Equal(3, broker.Appended(0).Sum(static b => b.Count));
    }

    [Fact]
    public void The_highest_version_that_both_speak_is_chosen()
    {
        var table = new ApiVersionTable(new() { ApiKeys = [new() { ApiKey = 0, MinVersion = 3, MaxVersion = 9 }] });
        Assert.Equal(9, table.TryChoose(0, 0, 13, short.MaxValue));
        Assert.Equal(7, table.TryChoose(0, 0, 13, 7));
        Assert.Equal(-1, table.TryChoose(0, 0, 2, short.MaxValue));
        Assert.Equal(-1, table.TryChoose(0, 10, 13, short.MaxValue));
        Assert.False(table.Offers(Millrace.Protocol.ApiKey.Fetch));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("localhost", "'localhost' is not host:port")]
    [InlineData("a:1,b:x", "'b:x' is not host:port")]
    [InlineData("::1:9092", "'::1:9092' is not host:port")]
    [InlineData("a:70000", "'a:70000' is not host:port")]
    public void Wrong_bootstrap_servers_are_named(string servers, string expected)
    {
        var error = Assert.Throws<ArgumentException>(
            () => new KafkaClient(new ClientOptions { BootstrapServers = servers }));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Several_bootstrap_servers_are_parsed() => Assert.Equal(
        [("a", 1), ("::1", 9092)], ClientOptions.ParseBootstrap(" a:1 , [::1]:9092,"));
}
