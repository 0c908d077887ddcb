using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>
/// Fetch 4-18. Sessionless: a request for a new session is answered with session id 0, which is always legal (KIP-227).
/// <list type="bullet">
/// <item>Records are whole batches as they lie in the log, never null, the first one even above every limit
/// (KIP-74).</item>
/// <item>Below min_bytes the request waits for the end offsets of its partitions and one timer. Errors end the
/// wait.</item>
/// <item>12: diverging epoch (KIP-595). 13: topics by id.</item>
/// </list>
/// </summary>
sealed class Fetch(BrokerState state) : RequestHandler<FetchRequest, FetchResponse>(min: 4, max: 18)
{
    uint _rotation;

    protected override ValueTask<FetchResponse?> HandleAsync(FetchRequest request, RequestContext context)
    {
        // A session that we never gave out; -1 ends one, which needs no knowledge of it.
        if (request.SessionId != 0 && request.SessionEpoch > 0)
            return new ValueTask<FetchResponse?>(new FetchResponse { ErrorCode = ErrorCode.FetchSessionIdNotFound });

        var fetch = new FetchJob(state, request, context.Version, Interlocked.Increment(ref _rotation));
        // One read ends where a segment ends: more may lie behind it.
        var isEnough = fetch.Read() || request.MaxWaitMs <= 0 || fetch.HasEnough();
        if (isEnough) return new ValueTask<FetchResponse?>(fetch.Answer(context));
        fetch.Drop();
        return WaitAsync(fetch, request, context);
    }

    async ValueTask<FetchResponse?> WaitAsync(FetchJob fetch, FetchRequest request, RequestContext context)
    {
        var wait = TimeSpan.FromMilliseconds(request.MaxWaitMs);
        if (wait > state.Options.Limits.MaxFetchWait) wait = state.Options.Limits.MaxFetchWait;
        var signal = new FetchSignal();
        await using var timer = state.Time
            .CreateTimer(static s =>
                ((FetchSignal)s!).End(), signal, wait, Timeout.InfiniteTimeSpan).ConfigureAwait(false);
        await using var closed = context.Closed
            .UnsafeRegister(static s => ((FetchSignal)s!).End(), signal).ConfigureAwait(false);
        while (!signal.HasEnded)
        {
            var woken = signal.Next();
            fetch.Register(signal);
            // The end of the wait may have come before there was a signal to wake.
            if (signal.HasEnded) signal.Wake();
            await woken.ConfigureAwait(false);
            fetch.Unregister();
            if (fetch.HasEnough()) break;
        }

        fetch.Read();
        return fetch.Answer(context);
    }
}

/// <summary>What wakes a waiting fetch: a partition, the timer, or the end of the connection.</summary>
sealed class FetchSignal
{
    TaskCompletionSource _woken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile bool _hasEnded;

    public bool HasEnded => _hasEnded;

    /// <summary>Begins a round: what wakes from now on counts.</summary>
    public Task Next()
    {
        var next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _woken, next);
        return next.Task;
    }

    public void Wake() => Volatile.Read(ref _woken).TrySetResult();

    public void End()
    {
        _hasEnded = true;
        Wake();
    }
}

/// <summary>One fetch request: its partitions, what was read, what it waits for.</summary>
sealed class FetchJob
{
    readonly BrokerState _state;
    readonly short _version;
    readonly uint _rotation;
    readonly ReadIsolation _isolation;
    readonly int _maxBytes;
    readonly int _minBytes;
    readonly List<Part> _parts = [];
    readonly List<TopicAnswer> _topics = [];

    public FetchJob(BrokerState state, FetchRequest request, short version, uint rotation)
    {
        _state = state;
        _version = version;
        _rotation = rotation;
        _isolation = request.IsolationLevel == 1 ? ReadIsolation.LastStable : ReadIsolation.HighWatermark;
        _maxBytes = Math.Min(request.MaxBytes, state.Options.Limits.MaxFetchBytes);
        // Waiting for more than an answer may hold would always last to the end.
        _minBytes = Math.Min(request.MinBytes, _maxBytes);
        foreach (var topic in request.Topics)
        {
            var entry = state.Find(topic.Topic, topic.TopicId, byId: version >= 13);
            _topics.Add(new TopicAnswer(topic, topic.Partitions.Count));
            foreach (var partition in topic.Partitions) _parts.Add(new Part(entry, partition));
        }
    }

    /// <summary>Reads all partitions, as far as the limits go. True if that is worth an answer now.</summary>
    public bool Read()
    {
        var left = _maxBytes;
        var total = 0L;
        var hasError = false;
        // Every request begins with another partition, so that a full one does not starve the others.
        var start = _parts.Count == 0 ? 0 : (int)(_rotation % (uint)_parts.Count);
        for (var i = 0; i < _parts.Count; i++)
        {
            var part = _parts[(start + i) % _parts.Count];
            var bytes = ReadOne(part, left, isFirst: total == 0);
            total += bytes;
            left -= bytes;
            hasError |= part.Error != ErrorCode.None || part.DivergingEnd >= 0;
        }

        return hasError || _parts.Count == 0 || total >= _minBytes;
    }

    int ReadOne(Part part, int left, bool isFirst)
    {
        part.Error = Check(part);
        if (part.Error != ErrorCode.None || part.DivergingEnd >= 0) return 0;
        var limit = Math.Min(part.Request.PartitionMaxBytes, left);
        part.Result = part.Log!.Read(part.Request.FetchOffset, Math.Max(limit, 0), isFirst, _isolation);
        part.HasRead = true;
        part.Error = part.Result.Error;
        return part.Result.Records.Length;
    }

    ErrorCode Check(Part part)
    {
        part.DivergingEnd = -1;
        if (part.Topic is not { } topic) return BrokerState.Unknown(null, _version >= 13);
        part.Log = _state.Open(topic, part.Request.Partition, out var error);
        if (part.Log is not { } log) return error;
        error = BrokerState.CheckEpoch(log, part.Request.CurrentLeaderEpoch);
        if (error != ErrorCode.None || part.Request.LastFetchedEpoch < 0) return error;

        var (epoch, end) = log.EndOffsetOfEpoch(part.Request.LastFetchedEpoch);
        if (epoch < 0 || end < 0) return ErrorCode.OffsetOutOfRange;
        if (epoch < part.Request.LastFetchedEpoch || end < part.Request.FetchOffset)
            (part.DivergingEpoch, part.DivergingEnd) = (epoch, end);
        return ErrorCode.None;
    }

    /// <summary>Gives back what was read, before a wait.</summary>
    public void Drop()
    {
        foreach (var part in _parts)
        {
            if (part.HasRead) part.Result.Release();
            part.HasRead = false;
        }
    }

    public void Register(FetchSignal signal)
    {
        foreach (var part in _parts)
        {
            if (part.Log is not { } log) continue;
            var waiter = new Waiter(signal)
            {
                Bound = _isolation,
                Beyond = Seen(part),
            };
            part.Waiter = waiter;
            if (!log.AddWaiter(waiter)) signal.Wake();
        }
    }

    // What was there at the last look: only more than that is news.
    long Seen(Part part)
    {
        var bounds = part.Result.Bounds;
        return Math.Max(part.Seen, _isolation == ReadIsolation.LastStable
            ? bounds.LastStableOffset : bounds.HighWatermark);
    }

    public void Unregister()
    {
        foreach (var part in _parts)
        {
            if (part.Waiter is not { } waiter) continue;
            part.Log!.RemoveWaiter(waiter);
            part.Waiter = null;
        }
    }

    /// <summary>From positions, nothing is read.</summary>
    public bool HasEnough()
    {
        var total = 0L;
        foreach (var part in _parts)
        {
            if (part.Log is not { } log || log.Fault != ErrorCode.None) return true;
            part.Seen = log.Bound(_isolation);
            total += log.AvailableBytes(part.Request.FetchOffset, _isolation, part.Request.PartitionMaxBytes);
            if (total >= _minBytes) return true;
        }

        return false;
    }

    /// <summary>The answer; what it borrows is given back when it has been sent.</summary>
    public FetchResponse Answer(RequestContext context)
    {
        var response = new FetchResponse();
        var next = 0;
        foreach (var (topic, count) in _topics)
        {
            var answer = new FetchResponse.FetchableTopicResponse { Topic = topic.Topic, TopicId = topic.TopicId };
            for (var i = 0; i < count; i++) answer.Partitions.Add(AnswerOne(_parts[next++], context));
            response.Responses.Add(answer);
        }

        return response;
    }

    FetchResponse.PartitionData AnswerOne(Part part, RequestContext context)
    {
        var isRead = part.HasRead && part.Error == ErrorCode.None;
        var bounds = part.HasRead ? part.Result.Bounds : part.DivergingEnd >= 0
            ? part.Log!.Bounds() : new LogBounds(-1, -1, -1, -1);
        if (part.HasRead && part.Result.Owner is { } owner) context.ReleaseWhenSent(owner);
        var answer = new FetchResponse.PartitionData
        {
            PartitionIndex = part.Request.Partition,
            ErrorCode = part.Error,
            HighWatermark = bounds.HighWatermark,
            LastStableOffset = bounds.LastStableOffset,
            LogStartOffset = bounds.StartOffset,
            AbortedTransactions = _isolation == ReadIsolation.LastStable ? [] : null,
            // Never null, also beside an error: librdkafka fails on it.
            Records = isRead ? part.Result.Records : ReadOnlyMemory<byte>.Empty,
        };
        if (part.DivergingEnd >= 0)
        {
            answer.DivergingEpoch = new FetchResponse.EpochEndOffset
            {
                Epoch = part.DivergingEpoch,
                EndOffset = part.DivergingEnd,
            };
        }

        return answer;
    }

    readonly record struct TopicAnswer(FetchRequest.FetchTopic Topic, int Count);

    sealed class Part(TopicEntry? topic, FetchRequest.FetchPartition request)
    {
        public TopicEntry? Topic { get; } = topic;

        public FetchRequest.FetchPartition Request { get; } = request;

        public PartitionLog? Log { get; set; }

        public ErrorCode Error { get; set; }

        public LogRead Result { get; set; }

        public bool HasRead { get; set; }

        public int DivergingEpoch { get; set; }

        public long DivergingEnd { get; set; } = -1;

        public long Seen { get; set; } = -1;

        public Waiter? Waiter { get; set; }
    }

    sealed class Waiter(FetchSignal signal) : LogWaiter
    {
        public override void Wake(PartitionLog log) => signal.Wake();
    }
}
