// A test broker that listens on TCP is reached by any client of the machine, at the address that it names.
using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Protocol.Wire;
using Millrace.Testing;
using Xunit;

namespace Millrace.Scenarios.Testing;

public sealed class OtherProcessesReachTheBroker
{
    [Fact]
    public async Task Two_brokers_listen_on_ports_of_their_own()
    {
        await using var one = await TestKafka.StartAsync(new TestKafkaOptions { ListenOnTcp = true });
        await using var two = await TestKafka.StartAsync(new TestKafkaOptions { ListenOnTcp = true });
        Assert.NotEqual(one.BootstrapServers, two.BootstrapServers);

        await using var client = new KafkaClient(
            new ClientOptions { BootstrapServers = one.BootstrapServers },
            new ClientRuntime { Transport = new TcpTransport() });
        await client.Admin.CreateTopicAsync("orders", 2);
        await using var producer = client.CreateProducer();
        Assert.Equal(0, (await producer.SendAsync(ProducerRecord.FromText("orders", "k", "v"))).Offset);
        await using var other = two.CreateClient();
        Assert.DoesNotContain(await other.Admin.ListTopicsAsync(), static topic => topic.Name == "orders");
    }
}
