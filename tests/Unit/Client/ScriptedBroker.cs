using System.Collections.Concurrent;
using Millrace.Client;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Client;

/// <summary>One broker in memory, or two that share their logs, that answers as the test says. It keeps Kafka's rule of
/// sequences, so that what the client numbers wrongly is refused here as there.</summary>
sealed class ScriptedBroker : IAsyncDisposable
{
    readonly MemoryTransport _transport = new();
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<int, Log> _logs = new();
    readonly ConcurrentBag<ITransportConnection> _connections = [];
    readonly List<ITransportListener> _listeners = [];

    /// <summary>The answer to a Produce for a partition before the rules apply: an error to answer instead of
    /// appending.</summary>
    public Func<int, RecordBatchHeader, Fault> OnProduce { get; set; } = static (_, _) => Fault.None;

    public int Partitions { get; init; } = 1;

    /// <summary>False: the topic does not exist.</summary>
    public volatile bool HasTopic = true;

    /// <summary>The highest ApiVersions version that the broker knows; a higher one is answered with error 35 in the
    /// v0 layout.</summary>
    public short ApiVersionsMax { get; init; } = 4;

    public int ProduceRequests;

    /// <summary>There is also a broker 2, at <c>other:9092</c>.</summary>
    public bool HasSecondNode { get; init; }

    /// <summary>The cluster has given broker 1 up: broker 2 leads, and metadata lists it alone.</summary>
    public volatile bool HasMoved;

    /// <summary>Which requests to which node are read and never answered: a broker that hangs.</summary>
    public Func<int, ApiKey, bool> IsSilentTo { get; set; } = static (_, _) => false;

    /// <summary>How many requests were not answered because of <see cref="IsSilentTo"/>.</summary>
    public int Unanswered;

    public TestClock Clock { get; } = new();

    public DiagnosticBufferPool Pool { get; } = new();

    /// <summary>What was appended: base sequence, epoch and record count of each batch.</summary>
    public IReadOnlyList<(short Epoch, int Sequence, int Count)> Appended(int partition) =>
        _logs.TryGetValue(partition, out var log) ? [.. log.Batches] : [];

    public async Task<KafkaClient> StartAsync(ClientOptions? options = null)
    {
        await ListenAsync();
        return new KafkaClient(options ?? new ClientOptions { BootstrapServers = "broker:9092" }, Runtime);
    }

    /// <summary>As <see cref="StartAsync"/>, for what users of the client do not see.</summary>
    public async Task<ClientCore> StartCoreAsync()
    {
        await ListenAsync();
        return new ClientCore(new ClientOptions { BootstrapServers = "broker:9092" }, Runtime);
    }

    ClientRuntime Runtime => new()
    {
        TimeProvider = Clock,
        Transport = _transport,
        Random = new Random(1),
        BufferPool = Pool,
    };

    /// <summary>Waits for a condition while the clock goes on, so that pauses end.</summary>
    public Task UntilAsync(Func<bool> condition, long stepMs = 10) => Until.TrueAsync(
        () =>
        {
            var isTrue = condition();
            if (!isTrue)
            {
                Clock.Advance(stepMs);
            }

            return isTrue;
        },
        "the client is done");

    public void DropConnections()
    {
        foreach (var connection in _connections)
        {
            connection.Abort();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        DropConnections();
        foreach (var listener in _listeners)
        {
            await listener.DisposeAsync();
        }
    }

    async Task ListenAsync()
    {
        await ListenAsync("broker", 1);
        if (HasSecondNode)
        {
            await ListenAsync("other", 2);
        }
    }

    async Task ListenAsync(string host, int node)
    {
        var listener = await _transport.ListenAsync(host, 9092, _stop.Token);
        _listeners.Add(listener);
        _ = AcceptAsync(listener, node);
    }

    async Task AcceptAsync(ITransportListener listener, int node)
    {
        while (!_stop.IsCancellationRequested)
        {
            var connection = await listener.AcceptAsync(_stop.Token);
            _connections.Add(connection);
            _ = ServeAsync(connection, node);
        }
    }

    async Task ServeAsync(ITransportConnection connection, int node)
    {
        try
        {
            while (true)
            {
                var size = await ReadAsync(connection, 4);
                var frame = await ReadAsync(
                    connection, System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(size));
                if (IsSilentTo(node, (ApiKey)System.Buffers.Binary.BinaryPrimitives.ReadInt16BigEndian(frame)))
                {
                    Interlocked.Increment(ref Unanswered);
                    continue;
                }
                using var writer = Answer(frame);
                if (writer is null)
                {
                    connection.Abort();
                    return;
                }
                await connection.SendAsync(writer.Segments, _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client closed.
        }
    }

    async Task<byte[]> ReadAsync(ITransportConnection connection, int count)
    {
        var bytes = new byte[count];
        for (var filled = 0; filled < count;)
        {
            var n = await connection.ReceiveAsync(bytes.AsMemory(filled), _stop.Token);
            filled += n > 0 ? n : throw new IOException("closed");
        }
        return bytes;
    }

    WireWriter? Answer(byte[] frame)
    {
        var reader = new WireReader(frame);
        var header = Frame.ReadRequestHeader(ref reader);
        var writer = new WireWriter(BufferPool.Default);
        switch (header.ApiKey)
        {
            case ApiKey.ApiVersions:
                var isKnown = header.ApiVersion <= ApiVersionsMax;
                var versions = Versions();
                versions.ErrorCode = isKnown ? ErrorCode.None : ErrorCode.UnsupportedVersion;
                Frame.WriteResponse(
                    writer, ApiKey.ApiVersions, versions, isKnown ? header.ApiVersion : (short)0,
                    header.CorrelationId, isKnown && header.ApiVersion >= 3);
                break;
            case ApiKey.Metadata:
                Respond(writer, header, Metadata());
                break;
            case ApiKey.InitProducerId:
                Respond(writer, header, new InitProducerIdResponse { ProducerId = 7, ProducerEpoch = 0 });
                break;
            case ApiKey.FindCoordinator:
                Respond(writer, header, new FindCoordinatorResponse { NodeId = 2 });
                break;
            case ApiKey.Produce:
                Frame.ReadRequestTags(ref reader, header.ApiVersion >= ProduceRequest.FirstFlexibleVersion);
                var request = new ProduceRequest();
                request.Read(ref reader, header.ApiVersion);
                reader.ThrowIfBad();
                Interlocked.Increment(ref ProduceRequests);
                if (Produce(request) is not { } response)
                {
                    writer.Dispose();
                    return null;
                }
                Respond(writer, header, response);
                break;
            default:
                throw new InvalidOperationException($"No script for {header.ApiKey}.");
        }
        return writer;
    }

    static void Respond(WireWriter writer, RequestHeader header, IMessage response)
    {
        var firstFlexible = header.ApiKey switch
        {
            ApiKey.Metadata => MetadataRequest.FirstFlexibleVersion,
            ApiKey.InitProducerId => InitProducerIdRequest.FirstFlexibleVersion,
            ApiKey.FindCoordinator => FindCoordinatorRequest.FirstFlexibleVersion,
            _ => ProduceRequest.FirstFlexibleVersion,
        };
        Frame.WriteResponse(
            writer, header.ApiKey, response, header.ApiVersion, header.CorrelationId,
            header.ApiVersion >= firstFlexible);
    }

    ApiVersionsResponse Versions() => new()
    {
        ApiKeys =
        [
            new() { ApiKey = (short)ApiKey.Produce, MinVersion = 3, MaxVersion = 11 },
            new() { ApiKey = (short)ApiKey.Metadata, MinVersion = 1, MaxVersion = 12 },
            new() { ApiKey = (short)ApiKey.FindCoordinator, MinVersion = 0, MaxVersion = 3 },
            new() { ApiKey = (short)ApiKey.ApiVersions, MinVersion = 0, MaxVersion = ApiVersionsMax },
            new() { ApiKey = (short)ApiKey.InitProducerId, MinVersion = 0, MaxVersion = 4 },
        ],
    };

    static MetadataResponse.MetadataResponseBroker Node(int id, string host) =>
        new() { NodeId = id, Host = host, Port = 9092 };

    MetadataResponse Metadata() => new()
    {
        ClusterId = "scripted",
        ControllerId = 1,
        Brokers =
        [
            .. HasMoved ? [] : new[] { Node(1, "broker") },
            .. HasSecondNode ? new[] { Node(2, "other") } : [],
        ],
        Topics =
        [
            new()
            {
                Name = "t",
                ErrorCode = HasTopic ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition,
                Partitions = HasTopic
                    ? [.. Enumerable.Range(0, Partitions).Select(p =>
                        new MetadataResponse.MetadataResponsePartition
                        {
                            PartitionIndex = p,
                            LeaderId = HasMoved ? 2 : 1,
                            LeaderEpoch = HasMoved ? 1 : 0,
                        })]
                    : [],
            },
        ],
    };

    ProduceResponse? Produce(ProduceRequest request)
    {
        var response = new ProduceResponse();
        foreach (var topic in request.TopicData)
        {
            var answer = new ProduceResponse.TopicProduceResponse { Name = topic.Name };
            response.Responses.Add(answer);
            foreach (var partition in topic.PartitionData)
            {
                Assert.Equal(BatchFault.None, RecordBatch.Validate(partition.Records!.Value.Span));
                Assert.True(RecordBatchHeader.TryRead(partition.Records.Value.Span, out var header));
                var fault = OnProduce(partition.Index, header);
                if (fault.Disconnects && !fault.AppendsFirst)
                {
                    return null;
                }
                var log = _logs.GetOrAdd(partition.Index, static _ => new Log());
                var (error, offset) = fault.Error is { } code && !fault.AppendsFirst ? (code, -1L) : log.Append(header);
                if (fault.Disconnects)
                {
                    return null;
                }
                answer.PartitionResponses.Add(
                    new() { Index = partition.Index, ErrorCode = fault.Error ?? error, BaseOffset = offset });
            }
        }
        return response;
    }

    /// <summary>A partition with Kafka's check of sequences.</summary>
    sealed class Log
    {
        readonly List<(short Epoch, int Sequence, int Count)> _batches = [];
        long _nextOffset;

        public IReadOnlyList<(short Epoch, int Sequence, int Count)> Batches
        {
            get
            {
                lock (_batches)
                {
                    return [.. _batches];
                }
            }
        }

        public (ErrorCode Error, long Offset) Append(in RecordBatchHeader header)
        {
            lock (_batches)
            {
                var (epoch, sequence, count) = (header.ProducerEpoch, header.BaseSequence, header.RecordCount);
                if (header.HasProducer)
                {
                    var last = _batches.Count == 0 ? (Epoch: (short)-1, Sequence: 0, Count: 0) : _batches[^1];
                    if (_batches.TakeLast(5).Any(b => b == (epoch, sequence, count)))
                    {
                        return (ErrorCode.DuplicateSequenceNumber, -1);
                    }
                    if (epoch < last.Epoch)
                    {
                        return (ErrorCode.InvalidProducerEpoch, -1);
                    }
                    if (sequence != (epoch > last.Epoch ? 0 : last.Sequence + last.Count))
                    {
                        return (ErrorCode.OutOfOrderSequenceNumber, -1);
                    }
                }
                _batches.Add((epoch, sequence, count));
                _nextOffset += count;
                return (ErrorCode.None, _nextOffset - count);
            }
        }
    }
}

/// <summary>What goes wrong with one batch.</summary>
/// <param name="Error">The error that is answered, or null.</param>
/// <param name="Disconnects">The connection breaks instead of an answer.</param>
/// <param name="AppendsFirst">The batch is written before that.</param>
readonly record struct Fault(ErrorCode? Error, bool Disconnects = false, bool AppendsFirst = false)
{
    public static Fault None => default;
}
