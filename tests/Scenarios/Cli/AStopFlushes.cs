// A stop of the broker process ends with everything flushed and exit code 0, however long a client lets it wait.
using System.Net.Sockets;
using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Scenarios.Cli;

public sealed class AStopFlushes
{
    // More than the buffers of a connection hold, so that an answer of this size waits for its reader.
    const int Records = 24;
    const int BytesOfARecord = 1_000_000;

    [Fact]
    public async Task A_client_that_takes_no_answer_does_not_spoil_it()
    {
        using var folder = new TemporaryFolder();
        using var broker = OrdersProcess.StartCli("broker", "--data", folder.Path, "--port", "0");
        await broker.WaitForOutputAsync("Listening on ");
        var address = broker.Output.Split("Listening on ")[1].Split(',')[0];
        await FillAsync(address);
        using var silent = new TcpClient("127.0.0.1", int.Parse(address.Split(':')[1], null));
        await AskForAllAsync(silent);
        await Until.TrueAsync(() => silent.Available > 0, "the answer has begun");

        broker.Terminate();
        var code = await broker.WaitAsync();
        Assert.True(code == 0, $"exit code {code}\n{broker.Output}\n{broker.Error}");
        Assert.True(File.Exists(folder.File(".kafka_cleanshutdown")), "the stop was not clean");
    }

    static async Task FillAsync(string address)
    {
        await using var client = new KafkaClient(new ClientOptions { BootstrapServers = address });
        await client.Admin.CreateTopicAsync("big", 1);
        await using var producer = client.CreateProducer();
        for (var i = 0; i < Records; i++)
        {
            await producer.SendAsync(new ProducerRecord("big", null, new byte[BytesOfARecord]));
        }
    }

    static async Task AskForAllAsync(TcpClient connection)
    {
        const int All = 50 * 1024 * 1024;
        var partition = new FetchRequest.FetchPartition { Partition = 0, FetchOffset = 0, PartitionMaxBytes = All };
        var request = new FetchRequest
        {
            MaxWaitMs = 1000,
            MinBytes = 1,
            MaxBytes = All,
            Topics = [new FetchRequest.FetchTopic { Topic = "big", Partitions = [partition] }],
        };
        using var writer = new WireWriter(BufferPool.Default);
        Frame.WriteRequest<FetchRequest, FetchResponse>(writer, request, 4, 1, "silent");
        await connection.GetStream().WriteAsync(writer.ToArray());
    }
}
