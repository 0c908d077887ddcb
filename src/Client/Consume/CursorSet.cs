using Microsoft.Extensions.Logging;
using Millrace.Client.Metadata;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Consume;

/// <summary>The partitions that a consumer reads: decides what to fetch, takes answers in, hands batches out in turn.
/// Synchronous; one lock guards it, taken per request, per poll and per call, never per record.</summary>
sealed class CursorSet(
    ConsumerOptions options, BatchDecoder decoder, BufferBudget budget, int mostFetchBytes, ILogger logger)
{
    /// <summary>The highest Fetch version whose answers are understood here.</summary>
    public const short VersionCap = 17;

    const short LastVersionWithNames = 12;
    const short FirstVersionWithLastEpoch = 12;
    const int RetryPauseMs = 100;      // after an answered error: the metadata's minimum age
    const int FailurePauseMs = 1_000;  // before what was thrown to the application is tried again
    const int BusyWaitMs = 20;         // the long poll while partitions are left out, which may be wanted any moment

    readonly Lock _gate = new();
    readonly Dictionary<TopicPartition, PartitionCursor> _cursors = [];
    PartitionCursor[] _order = [];   // as _cursors; the rotation starts at _turn
    int _turn;

    /// <summary>Takes over a partition. Replaces one that is there.</summary>
    public void Add(TopicPartition topicPartition, long? offset, int leaderEpoch, bool isPaused = false)
    {
        lock (_gate)
        {
            var cursor = new PartitionCursor(topicPartition, options.MaxPartitionFetchBytes) { IsPaused = isPaused };
            if (_cursors.Remove(topicPartition, out var old))
                old.Drop();
            if (offset is { } known)
                cursor.MoveTo(known, leaderEpoch);
            else
                ResetByPolicy(cursor, "has no committed offset");
            _cursors[topicPartition] = cursor;
            _order = [.. _cursors.Values];
        }
    }

    /// <summary>Gives partitions up, with all that is buffered of them.</summary>
    public void Remove(IEnumerable<TopicPartition> partitions)
    {
        lock (_gate)
        {
            foreach (var topicPartition in partitions)
            {
                if (_cursors.Remove(topicPartition, out var cursor))
                    cursor.Drop();
            }
            _order = [.. _cursors.Values];
        }
    }

    public List<TopicPartition> Partitions()
    {
        lock (_gate)
            return [.. _cursors.Keys];
    }

    /// <summary>False if the partition is not held.</summary>
    public bool SetPaused(TopicPartition topicPartition, bool isPaused)
    {
        lock (_gate)
        {
            if (!_cursors.TryGetValue(topicPartition, out var cursor))
                return false;
            cursor.IsPaused = isPaused;
            return true;
        }
    }

    public bool Seek(TopicPartition topicPartition, long offset)
    {
        lock (_gate)
        {
            if (!_cursors.TryGetValue(topicPartition, out var cursor))
                return false;
            cursor.MoveTo(offset, -1);
            return true;
        }
    }

    public bool TryGetPosition(TopicPartition topicPartition, out long? position)
    {
        lock (_gate)
        {
            position = _cursors.TryGetValue(topicPartition, out var cursor) ? cursor.Position : null;
            return cursor is not null;
        }
    }

    /// <summary>The nodes that lead partitions, and whether some partition has no leader.</summary>
    public (HashSet<int> Nodes, bool HasLeaderless) Leaders(ClusterView view)
    {
        lock (_gate)
        {
            var nodes = new HashSet<int>();
            var hasLeaderless = false;
            foreach (var cursor in _order)
            {
                var leader = view.LeaderOf(cursor.TopicPartition.Topic, cursor.TopicPartition.Partition);
                if (leader >= 0)
                    nodes.Add(leader);
                else
                    hasLeaderless = true;
            }
            return (nodes, hasLeaderless);
        }
    }

    /// <summary>The node leads at least one of the partitions.</summary>
    public bool IsLedBy(int node, ClusterView view)
    {
        lock (_gate)
        {
            foreach (var cursor in _order)
            {
                if (view.LeaderOf(cursor.TopicPartition.Topic, cursor.TopicPartition.Partition) == node)
                    return true;
            }
            return false;
        }
    }

    /// <summary>What to ask a node for now.</summary>
    /// <param name="node">The node.</param>
    /// <param name="view">Who leads what.</param>
    /// <param name="version">The Fetch version that the node speaks.</param>
    /// <param name="now">Monotonic milliseconds.</param>
    /// <param name="retryAt">If there is nothing to ask for: when there may be, without any other event.</param>
    public FetchPlan? Plan(int node, ClusterView view, short version, long now, out long retryAt)
    {
        lock (_gate)
        {
            retryAt = long.MaxValue;
            if (budget.Room <= 0 && !DropPausedBuffers())
                return null;
            FetchPlan? plan = null;
            var leftOut = false;
            for (var i = 0; i < _order.Length; i++)
            {
                // Starts where the last poll did, so that the size limit does not always cut the same partitions.
                var cursor = _order[(i + _turn) % _order.Length];
                var partition = view.Partition(cursor.TopicPartition.Topic, cursor.TopicPartition.Partition);
                if (partition is null || partition.Leader != node || cursor.Position is null)
                    continue;
                if (cursor.IsPaused || cursor.BufferedBytes >= options.MaxPartitionFetchBytes)
                {
                    leftOut = true;
                    continue;
                }
                if (cursor.NotBefore > now)
                {
                    retryAt = Math.Min(retryAt, cursor.NotBefore);
                    leftOut = true;
                    continue;
                }
                var topicId = view.Topic(cursor.TopicPartition.Topic)!.Id;
                if (cursor.TopicId != Guid.Empty && topicId != Guid.Empty && cursor.TopicId != topicId)
                {
                    cursor.TopicId = topicId;
                    ResetByPolicy(cursor, "was deleted and made anew");
                    continue;
                }
                cursor.TopicId = topicId;
                plan ??= NewPlan(version);
                AddTo(plan, cursor, topicId, partition.LeaderEpoch);
            }
            if (plan is not null && leftOut)
                plan.Request.MaxWaitMs = Math.Min(plan.Request.MaxWaitMs, BusyWaitMs);
            return plan;
        }
    }

    FetchPlan NewPlan(short version) => new()
    {
        VersionCap = version,
        Request = new FetchRequest
        {
            MaxWaitMs = (int)options.FetchMaxWait.TotalMilliseconds,
            MinBytes = options.FetchMinBytes,
            MaxBytes = (int)Math.Clamp(budget.Room, 1, options.FetchMaxBytes),
            IsolationLevel = (sbyte)options.IsolationLevel,
        },
    };

    static void AddTo(FetchPlan plan, PartitionCursor cursor, Guid topicId, int leaderEpoch)
    {
        var name = cursor.TopicPartition.Topic;
        var topics = plan.Request.Topics;
        var topic = topics.Count > 0 && topics[^1].Topic == name ? topics[^1] : topics.Find(t => t.Topic == name);
        if (topic is null)
            topics.Add(topic = new FetchRequest.FetchTopic { Topic = name, TopicId = topicId });
        if (topicId == Guid.Empty)
            plan.VersionCap = Math.Min(plan.VersionCap, LastVersionWithNames);
        topic.Partitions.Add(new FetchRequest.FetchPartition
        {
            Partition = cursor.TopicPartition.Partition,
            CurrentLeaderEpoch = leaderEpoch,
            FetchOffset = cursor.FetchOffset,
            LastFetchedEpoch = plan.VersionCap >= FirstVersionWithLastEpoch ? cursor.LastEpoch : -1,
            PartitionMaxBytes = cursor.FetchBytes,
        });
        plan.Add(new FetchPlan.Entry(cursor, cursor.Stamp, cursor.FetchOffset), topicId);
    }

    // Buffers of paused partitions may use up the budget while others starve: those are fetched again later.
    bool DropPausedBuffers()
    {
        var starving = Array.Exists(_order, c => !c.IsPaused && !c.HasBuffered);
        if (!starving || Array.Exists(_order, c => !c.IsPaused && c.HasBuffered))
            return false;
        foreach (var cursor in _order)
        {
            if (cursor.IsPaused)
                cursor.Drop();
        }
        return budget.Room > 0;
    }

    /// <summary>Takes an answer in. The caller keeps his reference to the frame.</summary>
    public FetchOutcome Apply(FetchPlan plan, FetchResponse response, FetchBuffer frame, long now)
    {
        lock (_gate)
        {
            var outcome = new FetchOutcome();
            if (response.ErrorCode != ErrorCode.None)
            {
                foreach (var entry in plan.Entries)
                    ApplyError(entry, response.ErrorCode, now, ref outcome);
                return outcome;
            }
            foreach (var topic in response.Responses)
            {
                foreach (var data in topic.Partitions)
                {
                    if (plan.Find(topic, data.PartitionIndex) is { IsCurrent: true } entry)
                        Apply(entry, data, frame, now, ref outcome);
                }
            }
            return outcome;
        }
    }

    void Apply(
        FetchPlan.Entry entry, FetchResponse.PartitionData data, FetchBuffer frame, long now, ref FetchOutcome outcome)
    {
        if (data.ErrorCode == ErrorCode.None && data.DivergingEpoch is { EndOffset: >= 0 } diverging)
        {
            Truncate(entry.Cursor, diverging.EndOffset, diverging.Epoch);
            return;
        }
        if (data.ErrorCode == ErrorCode.None)
        {
            var hasRecords = entry.Cursor.Accept(
                data, frame, options.IsolationLevel == IsolationLevel.ReadCommitted, mostFetchBytes);
            outcome = outcome with { HasRecords = outcome.HasRecords || hasRecords };
            return;
        }
        if (data.CurrentLeader is { LeaderId: >= 0 } leader)
        {
            var leaders = outcome.Leaders ?? [];
            var topicPartition = entry.Cursor.TopicPartition;
            leaders.Add((topicPartition.Topic, topicPartition.Partition, leader.LeaderId, leader.LeaderEpoch));
            outcome = outcome with { Leaders = leaders };
        }
        ApplyError(entry, data.ErrorCode, now, ref outcome);
    }

    // An unclean election removed records that were read already (KIP-320). What was buffered after that point never
    // was.
    void Truncate(PartitionCursor cursor, long endOffset, int epoch)
    {
        ConsumerLog.Truncated(
            logger, cursor.TopicPartition.Topic, cursor.TopicPartition.Partition, endOffset, cursor.FetchOffset);
        if (options.AutoOffsetReset == AutoOffsetReset.Error)
            ResetByPolicy(cursor, $"was truncated to offset {endOffset}");
        else
            cursor.MoveTo(endOffset, epoch);
    }

    void ApplyError(FetchPlan.Entry entry, ErrorCode code, long now, ref FetchOutcome outcome)
    {
        var cursor = entry.Cursor;
        if (!entry.IsCurrent)
            return;
        if (code == ErrorCode.OffsetOutOfRange)
        {
            // What is buffered is sound; only when it is used up does the position count.
            if (cursor.HasBuffered)
                cursor.NotBefore = now + RetryPauseMs;
            else
                ResetByPolicy(cursor, $"no longer has offset {entry.Offset}");
            outcome = outcome with { NeedsReset = true, HasRecords = outcome.HasRecords || cursor.Failure is not null };
            return;
        }
        cursor.NotBefore = now + RetryPauseMs;
        switch (Retries.Decide(code))
        {
            case RetryDecision.Refresh:
                outcome = outcome with { NeedsRefresh = true };
                break;
            case RetryDecision.Fatal:
                cursor.Failure = new KafkaServerException(code, $"Fetching {cursor.TopicPartition} failed.");
                outcome = outcome with { HasRecords = true };
                break;
        }
    }

    /// <summary>The fetch was not answered.</summary>
    public void Fail(FetchPlan plan, long retryAt)
    {
        lock (_gate)
        {
            foreach (var entry in plan.Entries)
            {
                if (entry.IsCurrent)
                    entry.Cursor.NotBefore = retryAt;
            }
        }
    }

    void ResetByPolicy(PartitionCursor cursor, string why)
    {
        switch (options.AutoOffsetReset)
        {
            case AutoOffsetReset.Earliest:
                cursor.Reset(OffsetReset.Earliest);
                break;
            case AutoOffsetReset.Latest:
                cursor.Reset(OffsetReset.Latest);
                break;
            default:
                cursor.Drop();
                cursor.NotBefore = long.MaxValue;
                cursor.Failure = new KafkaServerException(ErrorCode.OffsetOutOfRange,
                    $"{cursor.TopicPartition} {why} and AutoOffsetReset is Error; Seek to where reading should go on.");
                break;
        }
    }

    /// <summary>The partitions whose position must be found, marked as being asked for.</summary>
    public List<OffsetReset> PlanResets(long now, out long retryAt)
    {
        lock (_gate)
        {
            var resets = new List<OffsetReset>();
            retryAt = long.MaxValue;
            foreach (var cursor in _order)
            {
                if (cursor.ResetTimestamp is not { } timestamp || cursor.IsResetInFlight)
                    continue;
                if (cursor.NotBefore > now)
                {
                    retryAt = Math.Min(retryAt, cursor.NotBefore);
                    continue;
                }
                cursor.IsResetInFlight = true;
                resets.Add(new OffsetReset(cursor, cursor.Stamp, timestamp));
            }
            return resets;
        }
    }

    /// <summary>A position was found.</summary>
    public void Complete(OffsetReset reset, long offset, int leaderEpoch)
    {
        lock (_gate)
        {
            // A seek meanwhile is newer than the answer.
            if (reset.Cursor.Stamp == reset.Stamp)
                reset.Cursor.MoveTo(offset, leaderEpoch);
        }
    }

    /// <summary>A position was not found; tries again, or tells the application.</summary>
    public void Fail(OffsetReset reset, long now, Exception? fatal)
    {
        lock (_gate)
        {
            if (reset.Cursor.Stamp != reset.Stamp)
                return;
            reset.Cursor.IsResetInFlight = false;
            reset.Cursor.NotBefore = now + (fatal is null ? RetryPauseMs : FailurePauseMs);
            reset.Cursor.Failure = fatal;
        }
    }

    /// <summary>Takes batches of unpaused partitions in turn, one each, up to the poll's limits.</summary>
    /// <returns>Null if there are none.</returns>
    /// <exception cref="CorruptBatchException">The first thing to hand out cannot be read.</exception>
    public List<FetchedBatch>? Take(long now)
    {
        lock (_gate)
        {
            List<FetchedBatch>? taken = null;
            var records = 0;
            var bytes = 0L;
            var idle = 0;   // cursors in a row that had nothing
            while (idle < _order.Length && records < options.MaxPollRecords && bytes < options.MaxPollBytes)
            {
                var cursor = _order[_turn %= _order.Length];
                if (TakeFrom(cursor, isFirst: taken is null, now) is not { } batch)
                {
                    idle++;
                    _turn++;
                    continue;
                }
                idle = 0;
                _turn++;
                (taken ??= []).Add(batch);
                records += batch.Count;
                bytes += batch.SizeBytes;
            }
            return taken;
        }
    }

    FetchedBatch? TakeFrom(PartitionCursor cursor, bool isFirst, long now)
    {
        if (cursor.Failure is { } failure)
        {
            // What other partitions gave goes out first.
            if (!isFirst)
                return null;
            cursor.Failure = null;
            if (cursor.NotBefore != long.MaxValue)
                cursor.NotBefore = now + FailurePauseMs;
            _turn++;
            throw failure;
        }
        if (cursor.IsPaused || !cursor.HasBuffered)
            return null;
        try
        {
            return cursor.TakeNext(decoder);
        }
        catch (CorruptBatchException e)
        {
            cursor.Drop();
            cursor.NotBefore = now + FailurePauseMs;
            if (!isFirst)
            {
                cursor.Failure = e;
                return null;
            }
            _turn++;
            throw;
        }
    }
}

/// <summary>A position to find with ListOffsets.</summary>
/// <param name="Cursor">Of which partition.</param>
/// <param name="Stamp">The cursor's stamp when it was asked for.</param>
/// <param name="Timestamp">What to ask for.</param>
sealed record OffsetReset(PartitionCursor Cursor, int Stamp, long Timestamp)
{
    public const long Latest = -1;
    public const long Earliest = -2;
}
