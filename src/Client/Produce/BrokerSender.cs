using System.Collections.Concurrent;
using Millrace.Client.Net;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Produce;

/// <summary>
/// The outbox for one broker: walks the partitions that the broker leads, round robin, and fills requests with what
/// is due, as long
/// as fewer than <see cref="ProducerOptions.MaxInFlight"/> are in flight. At most one thread drains at a time;
/// whoever calls
/// <see cref="Wake"/> meanwhile makes it go round once more.
/// </summary>
sealed class BrokerSender : IThreadPoolWorkItem
{
    /// <summary>From this version on topics go by id (KIP-516).</summary>
    public const short FirstVersionWithTopicIds = 13;

    // Brokers since 4.0 refuse older ones, and record batches need it.
    const short MinVersion = 3;

    const int Idle = 0;
    const int Working = 1;
    const int WorkingAgain = 2;

    static long LastStamp;

    readonly ClientCore _core;
    readonly ProducerRules _rules;
    readonly IProducerPort _producer;
    readonly ITimer _timer;
    readonly ConcurrentQueue<PartitionBuffer> _arrivals = new();
    readonly List<PartitionBuffer> _active = [];   // drain only
    int _next;                                     // drain only
    BrokerConnection? _connection;                 // drain only
    int _isConnecting;
    int _inFlight;
    int _state;
    volatile bool _isStopped;

    public BrokerSender(int nodeId, ClientCore core, ProducerRules rules, IProducerPort producer)
    {
        NodeId = nodeId;
        _core = core;
        _rules = rules;
        _producer = producer;
        _timer = core.Runtime.TimeProvider.CreateTimer(
            static state => ((BrokerSender)state!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public int NodeId { get; }

    public string Name => $"broker {NodeId}";

    /// <summary>Why the broker could not be reached last, for errors; null if it could.</summary>
    public string? LastFailure { get; private set; }

    /// <summary>Requests in flight.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>A partition has something to send. Under the partition's lock; <see cref="Wake"/> follows.</summary>
    public void Arrive(PartitionBuffer partition) => _arrivals.Enqueue(partition);

    /// <summary>Drains soon, on the thread pool.</summary>
    public void Wake()
    {
        if (TryBegin())
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Drains at once on the caller's thread if nothing is in flight: saves a lone awaited record a change
    /// of threads, and the look at an empty outbox after its answer another one.</summary>
    public void WakeInline()
    {
        if (InFlight > 0)
        {
            Wake();
        }
        else if (TryBegin())
        {
            Execute();
        }
    }

    /// <summary>Stops draining for good.</summary>
    public void Stop()
    {
        _isStopped = true;
        _timer.Dispose();
    }

    /// <summary>The id that the producer knows for a topic.</summary>
    public Guid TopicIdOf(string topic) => _producer.TopicIdOf(topic);

    /// <summary>An error answer named the new leader (KIP-951).</summary>
    public void OnLeaderHint(PartitionBuffer partition, int leader, int leaderEpoch) =>
        _core.Metadata.TryApplyLeader(partition.Topic, partition.Index, leader, leaderEpoch);

    /// <summary>Takes the answers to one request, in order.</summary>
    public void OnAnswers(IReadOnlyList<ProduceBatch> batches, ReadOnlySpan<BatchAnswer> answers)
    {
        var now = _core.Runtime.NowMs();
        var isOutdated = false;
        // First, so that a partition whose answer is here finds room.
        Interlocked.Decrement(ref _inFlight);
        for (var i = 0; i < batches.Count; i++)
        {
            var batch = batches[i];
            var partition = batch.Partition;
            if (partition.Answer(batch, answers[i], now, out var error))
            {
                _producer.Finish(batch, answers[i], error);
            }
            else
            {
                isOutdated |= Retries.Decide(answers[i].Error) == RetryDecision.Refresh;
                Metrics.Retries.Add(1);
                LogMessages.ProduceRetry(
                    _core.Logger, partition.Topic, partition.Index, answers[i].Error.Name(), batch.Count,
                        batch.Failures);
            }
            if (partition.Sender is { } other && other != this)
            {
                other.Wake();   // it waited for the old leader's answers
            }
        }
        if (isOutdated)
        {
            _core.Metadata.RequestRefresh();
        }
        if (_isStopped)
        {
            _producer.AbandonRest();   // nobody will send it again
        }
        // Compressing is too much work for the connection's reader, which calls this.
        if (_rules.Options.Compression == CompressionType.None)
        {
            WakeInline();
        }
        else
        {
            Wake();
        }
    }

    /// <summary>The work item: drains until nobody woke it meanwhile.</summary>
    public void Execute()
    {
        do
        {
            Volatile.Write(ref _state, Working);
            Drain();
        }
        while (Interlocked.CompareExchange(ref _state, Idle, Working) != Working);
    }

    bool TryBegin()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            var next = state == Idle ? Working : WorkingAgain;
            if (Interlocked.CompareExchange(ref _state, next, state) == state)
            {
                return state == Idle;
            }
        }
    }

    void Drain()
    {
        while (_arrivals.TryDequeue(out var partition))
        {
            _active.Add(partition);
        }
        if (_isStopped || _active.Count == 0)
        {
            return;
        }
        if (_rules.IsIdempotent && _rules.Identity.Current.Id < 0)
        {
            _producer.AcquireIdentity();   // wakes every sender when it has one
        }
        if (_connection is not { IsOpen: true })
        {
            _connection = _core.Pool.Find(NodeId)?.TryGet(ConnectionKind.Produce);
            if (_connection is null)
            {
                Connect();
                return;
            }
        }
        while (InFlight < _rules.MaxInFlight && _connection.IsOpen)
        {
            var now = _core.Runtime.NowMs();
            if (Gather(now, out var askAgainMs) is not { } batches)
            {
                SetTimer(now, askAgainMs);
                return;
            }
            Send(_connection, batches);
        }
        // With a full window the next answer wakes; a connection that broke has answered for everything on it, which
        // wakes too.
    }

    /// <summary>Fills one request: each partition gives at most one batch, and the walk goes on where the last one
    /// ended.</summary>
    /// <param name="nowMs">The monotonic clock.</param>
    /// <param name="askAgainMs">If nothing is due: when something will be; <see cref="long.MaxValue"/> = an event
    /// will tell.</param>
    List<ProduceBatch>? Gather(long nowMs, out long askAgainMs)
    {
        askAgainMs = long.MaxValue;
        List<ProduceBatch>? batches = null;
        var stamp = Interlocked.Increment(ref LastStamp);
        long size = 0;
        var at = _next;
        for (var visits = _active.Count; visits > 0 && size < _rules.Options.MaxRequestSize; visits--)
        {
            at = at < _active.Count ? at : 0;
            var partition = _active[at];
            if (partition.LastAskedBy == stamp)
            {
                _active.RemoveAt(at);   // it left and came again: once is enough
                continue;
            }
            partition.LastAskedBy = stamp;
            var context = new DrainContext(
                nowMs, InFlight, _rules.Options.MaxRequestSize - size, batches is null, _producer.IsHurried, stamp);
            if (partition.TakeNext(this, context, out var askMs) is { } batch)
            {
                batch.Seal(_rules.Options.Compression, _rules.Options.CompressionLevel);
                size += batch.Bytes.Length;
                (batches ??= []).Add(batch);
            }
            else if (partition.TryLeave(this, ref askMs))
            {
                _active.RemoveAt(at);
                continue;
            }
            askAgainMs = Math.Min(askAgainMs, askMs);
            at++;
        }
        _next = at;
        return batches;
    }

    void Send(BrokerConnection connection, List<ProduceBatch> batches)
    {
        var cap = short.MaxValue;
        foreach (var batch in batches)
        {
            cap = TopicIdOf(batch.Partition.Topic) != Guid.Empty ? cap : (short)(FirstVersionWithTopicIds - 1);
        }
        var version = connection.Versions.TryChoose(ApiKey.Produce, MinVersion, ProduceRequest.MaxVersion, cap);
        var call = new ProduceCall(version, _rules.Options.Acks != Acks.None, connection, this, batches);
        Interlocked.Increment(ref _inFlight);
        if (version < 0)
        {
            var refusal = new BatchAnswer(
                ErrorCode.UnsupportedVersion,
                    Text: $"{connection.Broker} does not speak Produce version {MinVersion} or later.");
            OnAnswers(batches, Enumerable.Repeat(refusal, batches.Count).ToArray());
            return;
        }
        try
        {
            connection.Send<ProduceRequest, ProduceResponse>(
                BuildRequest(batches, version), call, _core.Options.RequestTimeout);
        }
        catch (KafkaConnectionException e)
        {
            call.OnFailed(e);
        }
    }

    ProduceRequest BuildRequest(List<ProduceBatch> batches, short version)
    {
        var request = new ProduceRequest
        {
            Acks = (short)_rules.Options.Acks,
            // Below our own patience, so that the broker's answer comes before we close the connection.
            TimeoutMs = (int)(_core.Options.RequestTimeout.TotalMilliseconds * 0.9),
        };
        foreach (var batch in batches)
        {
            var partition = batch.Partition;
            var topic = request.TopicData is [.., var last] && last.Name == partition.Topic
                ? last : Find(request, partition.Topic);
            if (topic is null)
            {
                topic = new ProduceRequest.TopicProduceData { Name = partition.Topic };
                request.TopicData.Add(topic);
            }
            topic.PartitionData.Add(
                new ProduceRequest.PartitionProduceData { Index = partition.Index, Records = batch.Bytes });
        }
        if (version >= FirstVersionWithTopicIds)
        {
            foreach (var topic in request.TopicData)
            {
                topic.TopicId = TopicIdOf(topic.Name);
                topic.Name = "";
            }
        }
        return request;
    }

    static ProduceRequest.TopicProduceData? Find(ProduceRequest request, string name)
    {
        foreach (var topic in request.TopicData)
        {
            if (topic.Name == name)
            {
                return topic;
            }
        }
        return null;
    }

    void SetTimer(long nowMs, long dueMs)
    {
        if (dueMs != long.MaxValue)
        {
            _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, dueMs - nowMs)), Timeout.InfiniteTimeSpan);
        }
    }

    void Connect()
    {
        if (Interlocked.Exchange(ref _isConnecting, 1) == 0)
        {
            _ = ConnectAsync();
        }
    }

    async Task ConnectAsync()
    {
        try
        {
            await _core.ConnectAsync(NodeId, ConnectionKind.Produce, CancellationToken.None).ConfigureAwait(false);
            LastFailure = null;
        }
        catch (Exception e) when (e is KafkaConnectionException or KafkaServerException or ObjectDisposedException)
        {
            LastFailure = e.Message;
            if (!_isStopped && e is not ObjectDisposedException)
            {
                _core.Metadata.RequestRefresh();   // another broker may lead its partitions by now
            }
            await Task.Delay(_core.Options.ReconnectBackoff, _core.Runtime.TimeProvider).ConfigureAwait(false);
        }
        finally
        {
            Volatile.Write(ref _isConnecting, 0);
            Wake();
        }
    }
}

/// <summary>What a sender needs of its producer.</summary>
interface IProducerPort
{
    /// <summary>A flush is waiting, or callers wait for memory: nothing lingers.</summary>
    bool IsHurried { get; }

    /// <summary>A topic's id, empty if unknown.</summary>
    Guid TopicIdOf(string topic);

    /// <summary>Asks for a producer id if nobody is asking already; wakes every sender when there is one.</summary>
    void AcquireIdentity();

    /// <summary>The producer is disposed: what is not delivered fails.</summary>
    void AbandonRest();

    /// <summary>A batch is delivered (error null) or failed: tells who waits and gives its memory back.</summary>
    void Finish(ProduceBatch batch, in BatchAnswer answer, ProduceException? error);
}
