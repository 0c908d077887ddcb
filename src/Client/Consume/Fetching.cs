using Millrace.Client.Metadata;
using Millrace.Client.Net;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Consume;

/// <summary>Everything of a consumer that runs in the background for its partitions: one fetcher per leader, and the
/// loop that finds positions. The consumer has connections of its own for fetching, so that its long polls hold
/// nobody else up.</summary>
sealed class Fetching : IAsyncDisposable
{
    const short ListOffsetsCap = 7;
    static readonly TimeSpan LeaderlessRefresh = TimeSpan.FromSeconds(1);
    static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(5);

    readonly ClientCore _core;
    readonly ConsumerOptions _options;
    readonly ConnectionPool _lanes;
    readonly MetadataInterest _interest;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    readonly Dictionary<int, BrokerFetcher> _fetchers = [];   // guarded by _gate
    readonly List<Task> _loops = [];                          // guarded by _gate

    public Fetching(ClientCore core, ConsumerOptions options, ConnectionPool lanes, ConsumerSignals signals)
    {
        _core = core;
        _options = options;
        _lanes = lanes;
        Signals = signals;
        Budget = new BufferBudget(options.MaxBufferedBytes, WakeFetchers);
        var decoder = new BatchDecoder(core.Runtime.BufferPool, Budget, options.CheckCrcs,
            options.MaxDecompressedBatchBytes);
        Cursors = new CursorSet(options, decoder, Budget, core.Options.MaxResponseBytes / 2, core.Logger);
        _interest = core.Metadata.Register(OnView);
    }

    public CursorSet Cursors { get; }

    public BufferBudget Budget { get; }

    ConsumerSignals Signals { get; }

    /// <summary>The partitions changed: makes sure that their topics' metadata is there and that somebody fetches
    /// them.</summary>
    public void OnCursorsChanged()
    {
        var topics = Cursors.Partitions().Select(tp => tp.Topic).ToHashSet(StringComparer.Ordinal);
        var isNew = topics.Any(t => _core.Metadata.View.Topic(t) is null);
        _interest.Set(topics);
        lock (_gate)
        {
            if (_loops.Count == 0 && !_stop.IsCancellationRequested)
                _loops.Add(Loop.Start("consumer positions", _core.Logger, RunResetsAsync, Signals.Fail));
        }
        if (isNew)
            Refresh();
        Signals.Resets.Set();
        Wake();
    }

    /// <summary>Something may be fetched that was not before.</summary>
    public void Wake()
    {
        var (nodes, _) = Cursors.Leaders(_core.Metadata.View);
        lock (_gate)
        {
            if (_stop.IsCancellationRequested)
                return;
            foreach (var node in nodes)
            {
                if (_fetchers.ContainsKey(node))
                    continue;
                var fetcher = new BrokerFetcher(node, _core, _lanes, Cursors, Budget, Signals, _stop.Token);
                _fetchers[node] = fetcher;
                _loops.Add(Loop.Start("fetcher", _core.Logger, fetcher.RunAsync, Signals.Fail));
            }
        }
        WakeFetchers();
    }

    public void WakeFetchers()
    {
        lock (_gate)
        {
            foreach (var fetcher in _fetchers.Values)
                fetcher.Wake();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task[] loops;
        lock (_gate)
        {
            _stop.Cancel();
            loops = [.. _loops];
        }
        _interest.Dispose();
        await Task.WhenAll(loops).ConfigureAwait(false);
        Cursors.Remove(Cursors.Partitions());
    }

    static bool IsExpected(Exception e) => e is KafkaConnectionException or KafkaServerException
        or ObjectDisposedException or OperationCanceledException;

    void OnView(ClusterView view)
    {
        _lanes.Update(view);
        Signals.Resets.Set();
        Wake();
    }

    void Refresh() => _ = IgnoreAsync();

    async Task IgnoreAsync()
    {
        try
        {
            await _core.Metadata.RefreshAsync(isUrgent: true, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (IsExpected(e))
        {
            // The loop has logged it; RunResetsAsync asks again while a partition has no leader.
        }
    }

    async Task RunResetsAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var view = _core.Metadata.View;
            var (_, hasLeaderless) = Cursors.Leaders(view);
            if (hasLeaderless)
                Refresh();
            var now = _core.Runtime.NowMs();
            var byLeader = Cursors.PlanResets(now, out var retryAt).GroupBy(
                r => view.LeaderOf(r.Cursor.TopicPartition.Topic, r.Cursor.TopicPartition.Partition));
            foreach (var group in byLeader)
            {
                // Not awaited: one slow broker must not hold up positions on the others. Marked in flight until it
                // ends.
                _ = ResetAsync(group.Key, [.. group], view);
            }
            var sleep = hasLeaderless ? LeaderlessRefresh : LongestSleep;
            if (retryAt != long.MaxValue)
                sleep = TimeSpan.FromMilliseconds(Math.Clamp(retryAt - now, 1, (long)sleep.TotalMilliseconds));
            await Signals.Resets.WaitAsync(sleep, _core.Runtime.TimeProvider, _stop.Token).ConfigureAwait(false);
        }
    }

    async Task ResetAsync(int leader, List<OffsetReset> resets, ClusterView view)
    {
        var open = resets.ToDictionary(r => r.Cursor.TopicPartition);
        try
        {
            if (leader >= 0)
            {
                var response = await _core.SendToAsync<ListOffsetsRequest, ListOffsetsResponse>(
                    leader, ConnectionKind.General, Request(resets, view), ListOffsetsCap, cancellation: _stop.Token)
                    .ConfigureAwait(false);
                foreach (var topic in response.Topics)
                {
                    foreach (var data in topic.Partitions)
                    {
                        if (open.Remove(new TopicPartition(topic.Name, data.PartitionIndex), out var reset))
                            Apply(reset, data);
                    }
                }
            }
        }
        catch (Exception e) when (IsExpected(e))
        {
            foreach (var tp in open.Keys)
                ConsumerLog.ResetFailed(_core.Logger, tp.Topic, tp.Partition, e.Message);
            _core.Metadata.RequestRefresh();
        }
#pragma warning disable CA1031 // Nobody awaits this: a bug would leave the partitions without a position for ever.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogMessages.LoopFailed(_core.Logger, e, "consumer positions");
            Signals.Fail(e);
            return;
        }
        foreach (var reset in open.Values)
            Cursors.Fail(reset, _core.Runtime.NowMs(), null);
        Signals.Resets.Set();
        Wake();
    }

    void Apply(OffsetReset reset, ListOffsetsResponse.ListOffsetsPartitionResponse data)
    {
        var tp = reset.Cursor.TopicPartition;
        if (data.ErrorCode == ErrorCode.None)
        {
            ConsumerLog.PositionFound(_core.Logger, tp.Topic, tp.Partition, data.Offset);
            Cursors.Complete(reset, data.Offset, data.LeaderEpoch);
            return;
        }
        ConsumerLog.ResetFailed(_core.Logger, tp.Topic, tp.Partition, data.ErrorCode.Name());
        var decision = Retries.Decide(data.ErrorCode);
        var fatal = decision == RetryDecision.Fatal
            ? new KafkaServerException(data.ErrorCode, $"The position of {tp} cannot be found.")
            : null;
        Cursors.Fail(reset, _core.Runtime.NowMs(), fatal);
        if (decision == RetryDecision.Refresh)
            _core.Metadata.RequestRefresh();
        if (fatal is not null)
            Signals.Poll.Set();
    }

    ListOffsetsRequest Request(List<OffsetReset> resets, ClusterView view)
    {
        var request = new ListOffsetsRequest { ReplicaId = -1, IsolationLevel = (sbyte)_options.IsolationLevel };
        foreach (var topic in resets.GroupBy(r => r.Cursor.TopicPartition.Topic))
        {
            var entry = new ListOffsetsRequest.ListOffsetsTopic { Name = topic.Key };
            foreach (var reset in topic)
            {
                var partition = reset.Cursor.TopicPartition.Partition;
                entry.Partitions.Add(new ListOffsetsRequest.ListOffsetsPartition
                {
                    PartitionIndex = partition,
                    CurrentLeaderEpoch = view.Partition(topic.Key, partition)?.LeaderEpoch ?? -1,
                    Timestamp = reset.Timestamp,
                });
            }
            request.Topics.Add(entry);
        }
        return request;
    }
}
