using Millrace.Client.Groups;
using Millrace.Client.Net;
using Millrace.Client.Routing;
using Millrace.Protocol;

namespace Millrace.Client.Consume;

/// <summary>
/// Reads partitions: all of some topics, shared with the other members of a group
/// (<see cref="Subscribe(string[])"/>), or named ones (<see cref="Assign"/>). Polls hand out whole batches of
/// borrowed records; rebalances are poll results, and group membership is kept alive whether the application polls or
/// not. One poll at a time; everything else may be called from any thread. </summary>
public sealed partial class Consumer : IAsyncDisposable
{
    readonly ClientCore _core;
    readonly ConsumerOptions _options;
    readonly ConnectionPool _lanes;
    readonly ConsumerSignals _signals = new();
    readonly Fetching _fetching;
    readonly GroupMember? _member;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    int _isPolling;
    int _isClosed;

    internal Consumer(ClientCore core, ConsumerOptions options)
    {
        options.Validate();
        _core = core;
        _options = options;
        // Its own connections: a long poll or a waiting join of another consumer of this client must not hold it up.
        _lanes = new ConnectionPool(core.Options, core.Runtime, core.Options.Validate())
        {
            OnSlow = () => core.Metadata.RequestRefresh(),
        };
        _lanes.Update(core.Metadata.View);
        _fetching = new Fetching(core, options, _lanes, _signals);
        if (options.GroupId is { } group)
            _member = new GroupMember(core, _lanes, Settings(group, options), OnGroupEvent, _signals.Fail);
    }

    CursorSet Cursors => _fetching.Cursors;

    /// <summary>The group that it commits to; null if none.</summary>
    public string? GroupId => _options.GroupId;

    /// <summary>The id that the group's coordinator gave this member; empty while it is none.</summary>
    public string MemberId => _member?.Identity.MemberId ?? "";

    /// <summary>The group's generation, as a fencing token: it grows with every rebalance; -1 while not a
    /// member.</summary>
    public int Generation => _member?.Identity.Generation ?? -1;

    /// <summary>The partitions that are read now.</summary>
    public IReadOnlyCollection<TopicPartition> Assignment => Cursors.Partitions();

    /// <summary>Bytes of fetch answers and decompressed batches held, those that the application has not released
    /// included.</summary>
    public long BufferedBytes => _fetching.Budget.Held;

    /// <summary>Joins the group to share these topics with its other members. Calling it again changes the topics.
    /// What it gets comes as <see cref="PollKind.Assigned"/>.</summary>
    /// <exception cref="InvalidOperationException">There is no GroupId, or partitions were named with
    /// Assign.</exception>
    public void Subscribe(params string[] topics)
    {
        ThrowIfClosed();
        ArgumentNullException.ThrowIfNull(topics);
        if (topics.Length == 0 || topics.Any(string.IsNullOrWhiteSpace))
            throw new ArgumentException("Name at least one topic; names are not empty.", nameof(topics));
        if (_member is null)
            throw new InvalidOperationException(
                "Subscribe needs ConsumerOptions.GroupId; to read without a group, use Assign.");
        lock (_gate)
        {
            if (_mode == Mode.Assigned)
                throw new InvalidOperationException(
                    "This consumer reads assigned partitions; make another one to subscribe.");
            _mode = Mode.Subscribed;
        }
        _member.Subscribe(topics);
    }

    /// <summary>Reads exactly these partitions from now on, without membership. Those that it reads already keep
    /// their position unless another is given.</summary>
    /// <exception cref="InvalidOperationException">The consumer subscribed.</exception>
    public void Assign(IReadOnlyCollection<PartitionStart> partitions)
    {
        ThrowIfClosed();
        ArgumentNullException.ThrowIfNull(partitions);
        lock (_gate)
        {
            if (_mode == Mode.Subscribed)
                throw new InvalidOperationException("This consumer subscribed; make another one to assign partitions.");
            _mode = Mode.Assigned;
        }
        var wanted = partitions.ToDictionary(p => p.TopicPartition);
        var held = Cursors.Partitions();
        Cursors.Remove(held.Where(tp => !wanted.ContainsKey(tp)));
        var unknown = new List<TopicPartition>();
        foreach (var (topicPartition, start) in wanted)
        {
            if (start.Offset is { } offset)
                Cursors.Add(topicPartition, offset, -1);
            else if (held.Contains(topicPartition))
                continue;
            else if (_options.GroupId is null)
                Cursors.Add(topicPartition, null, -1);
            else
                unknown.Add(topicPartition);
        }
        _fetching.OnCursorsChanged();
        BeginLoading(unknown, isReported: false);
    }

    /// <summary>Waits for records or for a change of the assignment.</summary>
    /// <param name="timeout">How long at most; zero looks and returns.</param>
    /// <param name="cancellation">Ends the wait; nothing is lost by it.</param>
    /// <exception cref="CorruptBatchException">A batch cannot be read.</exception>
    /// <exception cref="KafkaServerException">Reading a partition is forbidden, or its position cannot be found, or
    /// the group refused this member for good.</exception>
    /// <exception cref="InvalidOperationException">Another poll is under way, or a part of the consumer failed in a way
    /// that only a bug explains; then every further poll throws, and another consumer must take over.</exception>
    public async ValueTask<PollResult> PollAsync(TimeSpan timeout, CancellationToken cancellation = default)
    {
        if (Interlocked.Exchange(ref _isPolling, 1) != 0)
            throw new InvalidOperationException(
                "Another PollAsync of this consumer is under way; poll from one place.");
        try
        {
            var deadline = timeout == Timeout.InfiniteTimeSpan
                ? long.MaxValue
                : _core.Runtime.NowMs() + (long)timeout.TotalMilliseconds;
            while (true)
            {
                ThrowIfClosed();
                ThrowIfFailed();
                if (TryPoll() is { } result)
                    return result;
                cancellation.ThrowIfCancellationRequested();
                var left = Math.Min(deadline - _core.Runtime.NowMs(), LongestWaitMs);
                if (left <= 0)
                    return PollResult.Nothing;
                await _signals.Poll.WaitAsync(TimeSpan.FromMilliseconds(left), _core.Runtime.TimeProvider, cancellation)
                    .ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref _isPolling, 0);
        }
    }

    /// <summary>Hands out no more records of the partition until <see cref="Resume"/>. What is buffered is
    /// kept.</summary>
    /// <returns>False if the partition is not held (any more).</returns>
    public bool Pause(TopicPartition partition) => Cursors.SetPaused(partition, true);

    /// <summary>Hands out records of the partition again.</summary>
    /// <returns>False if the partition is not held (any more).</returns>
    public bool Resume(TopicPartition partition)
    {
        var isHeld = Cursors.SetPaused(partition, false);
        _signals.Poll.Set();
        _fetching.WakeFetchers();
        return isHeld;
    }

    /// <summary>Goes on reading at that offset. What is buffered or under way is dropped.</summary>
    /// <returns>False if the partition is not held (any more).</returns>
    public bool Seek(TopicPartition partition, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        var isHeld = Cursors.Seek(partition, offset);
        _fetching.WakeFetchers();
        return isHeld;
    }

    /// <summary>The next offset that a poll hands out; null while it is not known, or if the partition is not
    /// held.</summary>
    public long? Position(TopicPartition partition) =>
        Cursors.TryGetPosition(partition, out var position) ? position : null;

    /// <summary>Ends reading: leaves the group, unless the member is static, and drops what is buffered. The caller has
    /// drained and committed. Batches that it holds stay readable until it disposes them.</summary>
    public async ValueTask CloseAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) != 0)
            return;
        await _stop.CancelAsync().ConfigureAwait(false);
        _signals.Poll.Set();
        if (_member is not null)
            await _member.DisposeAsync().ConfigureAwait(false);
        await _fetching.DisposeAsync().ConfigureAwait(false);
        await _lanes.DisposeAsync().ConfigureAwait(false);
    }

    /// <inheritdoc cref="CloseAsync"/>
    public ValueTask DisposeAsync() => CloseAsync();

    void ThrowIfFailed()
    {
        if (_signals.Failure is { } failure)
        {
            throw new InvalidOperationException(
                $"A background loop of the consumer failed: {failure.Message} Close it and make another; the client's "
                + "log has the details.", failure);
        }
    }

    void ThrowIfClosed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed) != 0, this);

    static GroupSettings Settings(string group, ConsumerOptions options) => new()
    {
        GroupId = group,
        InstanceId = options.GroupInstanceId,
        SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
        HeartbeatIntervalMs = (int)options.HeartbeatInterval.TotalMilliseconds,
        RebalanceTimeoutMs = (int)options.RebalanceTimeout.TotalMilliseconds,
        Assignors = options.Assignors,
    };
}
