using System.Buffers.Binary;
using System.Net.Sockets;
using Millrace.Broker;
using Millrace.Broker.Log;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Protocol.Messages;
using Xunit;

namespace Millrace.Unit.Broker.Server;

/// <summary>Frames that no client would send, against a whole broker: each connection is answered or closed, nothing is
/// logged as an error, memory stays within the limits, and a good client is served all the while.</summary>
public sealed class ServerFuzzTests
{
    const int Frames = 1500;

    // Connections at once, each with at most a few frames of the largest size in flight.
    const long MaxPoolBytes = 64L * 1024 * 1024;

    static int Times => int.TryParse(Environment.GetEnvironmentVariable("FUZZ_ITERATIONS"), out var times) ? times : 1;

    [Fact]
    public async Task No_frame_brings_the_broker_down()
    {
        for (var seed = 1; seed <= Times; seed++)
        {
            try
            {
                await RunAsync(new Random(seed));
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}: {e}");
            }
        }
    }

    static async Task RunAsync(Random random)
    {
        var log = new ErrorLog();
        var diagnostic = new DiagnosticBufferPool();
        var pool = new MeasuringPool(diagnostic);
        var options = new BrokerOptions
        {
            DataDirectory = "/data",
            Flush = FlushPolicy.Group,
            Limits = new Limits { MaxRequestBytes = 1024 * 1024, MaxPartitions = 200, MaxGroupSize = 50 },
        };
        await using var broker = await TestBroker.StartAsync(
            options, change: r => r with { Pool = pool, LoggerFactory = log });
        await using var good = await broker.ConnectAsync();
        await good.CreateAsync("t", 2);
        var versions = await good.CallAsync<ApiVersionsRequest, ApiVersionsResponse>(new ApiVersionsRequest(), 0);
        var served = versions.ApiKeys;
        var produced = 0;
        for (var i = 0; i < Frames; i++)
        {
            await using (var bad = await ConnectAsync(broker))
            {
                for (var frames = random.Next(1, 4); frames > 0; frames--)
                {
                    try
                    {
                        await bad.SendAsync(Mutate(random, Make(random, served)));
                    }
                    catch (IOException)
                    {
                        // Closed already: that is an answer.
                        break;
                    }
                }
            }

            Assert.True(log.Errors.IsEmpty, $"After frame {i}: {string.Join('\n', log.Errors)}");
            if (i % 50 != 0) continue;
            var answer = await good.ProduceAsync("t", "still here");
            Assert.Equal(ErrorCode.None, answer.ErrorCode);
            produced++;
        }

        await TestBroker.UntilAsync(() => broker.Broker.ConnectionCount == 1);
        var end = (await good.FetchAsync("t", 0)).HighWatermark;
        Assert.True(end >= produced, $"{end} records of {produced}.");
        Assert.InRange(pool.PeakBytes, 1, MaxPoolBytes);
        await good.DisposeAsync();
        await broker.DisposeAsync();
        Assert.True(log.Errors.IsEmpty, string.Join('\n', log.Errors));
        diagnostic.AssertAllReturned();
    }

    // A listener refuses while more wait than its backlog holds, as TCP does.
    static async Task<RawClient> ConnectAsync(TestBroker broker)
    {
        RawClient? client = null;
        await TestBroker.UntilAsync(async () =>
        {
            try
            {
                client = await broker.ConnectAsync();
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
        return client!;
    }

    // A request that parses, of any kind and version, with anything in its fields.
    static byte[] Make(Random random, List<ApiVersionsResponse.ApiVersion> served)
    {
        var api = served[random.Next(served.Count)];
        var message = Catalog.Find($"{(ApiKey)api.ApiKey}Request");
        var version = (short)random.Next(Math.Max(api.MinVersion, message.Versions.Low), api.MaxVersion + 1);
        var request = Filler.Fill(message, version, random.Next());
        Aim(random, request);
        using var writer = new WireWriter(BufferPool.Default);
        var size = writer.ReserveInt32();
        var flexible = message.Flexible.Contains(version);
        var header = new RequestHeader((ApiKey)api.ApiKey, version, random.Next(), "fuzz");
        Frame.WriteRequestHeader(writer, header, flexible);
        request.Write(writer, version);
        writer.PatchSize(size);
        return writer.ToArray();
    }

    // Names that exist, so that more than "unknown topic" is reached.
    static void Aim(Random random, IMessage request)
    {
        if (random.Next(3) == 0) return;
        switch (request)
        {
            case ProduceRequest produce:
                foreach (var topic in produce.TopicData)
                {
                    topic.Name = "t";
                    foreach (var partition in topic.PartitionData)
                    {
                        partition.Index = random.Next(2);
                        if (random.Next(2) == 0) partition.Records = Mutate(random, RawClient.Batch("a", "b"), 61);
                    }
                }

                produce.Acks = (short)random.Next(-1, 2);
                break;
            case FetchRequest fetch:
                foreach (var topic in fetch.Topics) topic.Topic = "t";
                break;
            case CreateTopicsRequest create:
                foreach (var topic in create.Topics)
                {
                    topic.Name = $"made-{random.Next(8)}";
                    topic.NumPartitions = random.Next(-2, 4);
                }

                break;
            case JoinGroupRequest join:
                join.GroupId = $"g{random.Next(3)}";
                join.SessionTimeoutMs = random.Next(50, 2000);
                if (random.Next(2) == 0) join.MemberId = "";
                break;
            case OffsetCommitRequest commit:
                commit.GroupId = $"g{random.Next(3)}";
                foreach (var topic in commit.Topics) topic.Name = "t";
                break;
            case DeleteTopicsRequest delete:
                // The good client's topic is not for them.
                delete.TopicNames.Remove("t");
                break;
        }
    }

    static byte[] Mutate(Random random, byte[] bytes, int from = 0)
    {
        switch (random.Next(8))
        {
            case 0:
                for (var flips = random.Next(1, 12); flips > 0; flips--)
                    bytes[random.Next(from, bytes.Length)] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                return bytes[..random.Next(from, bytes.Length)];
            case 2:
                var at = random.Next(from, bytes.Length - 3);
                BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), Hostile(random));
                return bytes;
            case 3:
                random.NextBytes(bytes.AsSpan(Math.Min(bytes.Length, Math.Max(from, random.Next(64)))));
                return bytes;
            case 4:
                return [.. bytes, .. bytes[..random.Next(bytes.Length)]];
            default:
                return bytes;
        }
    }

    static int Hostile(Random random) => random.Next(6) switch
    {
        0 => int.MaxValue,
        1 => int.MinValue,
        2 => -1,
        3 => 0x00ffffff,
        4 => 0x7fff7fff,
        _ => random.Next(),
    };
}
