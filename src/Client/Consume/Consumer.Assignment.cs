using Millrace.Client.Groups;
using Millrace.Client.Routing;
using Millrace.Protocol;

namespace Millrace.Client.Consume;

// How group events become poll results. A partition that was assigned shows in a poll once its committed offset is
// known; if it is taken away before that, the application never hears of it.
public sealed partial class Consumer
{
    const long LongestWaitMs = 60_000;

    enum Mode
    {
        None,
        Subscribed,
        Assigned,
    }

    // All guarded by _gate.
    readonly LinkedList<Pending> _pending = new();      // poll results not handed out yet
    readonly HashSet<TopicPartition> _unreported = [];  // assigned by the group, not handed out yet
    Mode _mode;
    int _loadingStamp;
    readonly Dictionary<TopicPartition, int> _loading = [];   // committed offset asked for, by which call
    int _deliveredRevocation;
    Exception? _failure;

    /// <summary>The drained and committed partitions of the last <see cref="PollKind.Revoking"/> may go to their new
    /// owners. Does nothing if they were lost meanwhile.</summary>
    public void AcknowledgeRevocation()
    {
        int id;
        lock (_gate)
        {
            id = _deliveredRevocation;
            _deliveredRevocation = 0;
        }
        if (id > 0)
            _member?.AcknowledgeRevocation(id);
    }

    PollResult? TryPoll()
    {
        lock (_gate)
        {
            if (_pending.First is { } first)
            {
                _pending.RemoveFirst();
                var pending = first.Value;
                if (pending.RevocationId > 0)
                    _deliveredRevocation = pending.RevocationId;
                foreach (var assigned in pending.Assigned)
                    _unreported.Remove(assigned.TopicPartition);
                return new PollResult
                {
                    Kind = pending.Kind,
                    Assigned = pending.Assigned,
                    Partitions = pending.Partitions,
                };
            }
            if (_failure is not null)
                throw _failure;
        }
        var batches = Cursors.Take(_core.Runtime.NowMs());
        if (batches is null)
            return null;
        _fetching.WakeFetchers();
        return new PollResult { Kind = PollKind.Records, Batches = batches };
    }

    void OnGroupEvent(GroupEvent groupEvent)
    {
        switch (groupEvent.Kind)
        {
            case GroupEventKind.Assigned:
                BeginLoading(groupEvent.Partitions, isReported: true);
                return;
            case GroupEventKind.Revoking:
            case GroupEventKind.Lost:
                Give(groupEvent);
                break;
            case GroupEventKind.Failed:
                lock (_gate)
                    _failure = new KafkaServerException(groupEvent.Code, groupEvent.Message);
                break;
        }
        _signals.Poll.Set();
    }

    void Give(GroupEvent groupEvent)
    {
        Cursors.Remove(groupEvent.Partitions);
        _fetching.OnCursorsChanged();
        var isRevoking = groupEvent.Kind == GroupEventKind.Revoking;
        bool isSilent;
        lock (_gate)
        {
            var gone = groupEvent.Partitions.ToHashSet();
            foreach (var partition in gone)
                _loading.Remove(partition);
            Unreport(gone, dropRevocations: !isRevoking);
            var known = TopicPartitions.Sorted(gone.Where(tp => !_unreported.Contains(tp)));
            _unreported.ExceptWith(gone);
            isSilent = known.Count == 0;
            if (!isSilent)
                _pending.AddLast(isRevoking
                    ? new Pending(PollKind.Revoking, [], known, groupEvent.RevocationId)
                    : new Pending(PollKind.Lost, [], known, 0));
        }
        if (isSilent && isRevoking)
            _member!.AcknowledgeRevocation(groupEvent.RevocationId);
    }

    // What was not polled yet and is void now. Guarded by _gate.
    void Unreport(HashSet<TopicPartition> gone, bool dropRevocations)
    {
        for (var node = _pending.First; node is not null;)
        {
            var next = node.Next;
            var pending = node.Value;
            if (pending.Kind == PollKind.Assigned)
            {
                var left = pending.Assigned.Where(a => !gone.Contains(a.TopicPartition)).ToList();
                if (left.Count == 0)
                    _pending.Remove(node);
                else if (left.Count < pending.Assigned.Count)
                    node.Value = pending with { Assigned = left };
            }
            else if (pending.Kind == PollKind.Revoking && dropRevocations && pending.Partitions.All(gone.Contains))
            {
                _pending.Remove(node);
            }
            node = next;
        }
    }

    /// <summary>Asks for committed offsets and then starts reading.</summary>
    void BeginLoading(IReadOnlyCollection<TopicPartition> partitions, bool isReported)
    {
        if (partitions.Count == 0)
            return;
        int stamp;
        lock (_gate)
        {
            stamp = ++_loadingStamp;
            foreach (var partition in partitions)
            {
                _loading[partition] = stamp;
                if (isReported)
                    _unreported.Add(partition);
            }
        }
        _ = LoadAsync(partitions, stamp, isReported);
    }

    async Task LoadAsync(IReadOnlyCollection<TopicPartition> partitions, int stamp, bool isReported)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                var wanted = StillWanted(partitions, stamp);
                if (wanted.Count > 0)
                    Start(wanted, await CommittedAsync(wanted, _stop.Token).ConfigureAwait(false), stamp, isReported);
                return;
            }
            catch (Exception e) when (e is KafkaConnectionException
                || (e is KafkaServerException s && s.Code.IsRetriable()))
            {
                ConsumerLog.CommittedFailed(_core.Logger, _options.GroupId!, partitions.Count, e.Message);
            }
            catch (KafkaServerException e)
            {
                lock (_gate)
                    _failure = e;
                _signals.Poll.Set();
                return;
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;   // closing
            }
            var pause = Backoff.DelayMs(failures, _core.Options.RetryBackoff, _core.Options.RetryBackoffMax,
                _core.Runtime);
            try
            {
                await Task.Delay(TimeSpan.FromMilliseconds(pause), _core.Runtime.TimeProvider,
                    _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    List<TopicPartition> StillWanted(IReadOnlyCollection<TopicPartition> partitions, int stamp)
    {
        lock (_gate)
            return [.. partitions.Where(tp => _loading.TryGetValue(tp, out var by) && by == stamp)];
    }

    void Start(
        List<TopicPartition> partitions,
        IReadOnlyDictionary<TopicPartition, CommittedOffset> committed,
        int stamp,
        bool isReported)
    {
        var assigned = new List<AssignedPartition>(partitions.Count);
        lock (_gate)
        {
            foreach (var partition in partitions)
            {
                if (!_loading.TryGetValue(partition, out var by) || by != stamp)
                    continue;
                _loading.Remove(partition);
                var has = committed.TryGetValue(partition, out var at);
                Cursors.Add(partition, has ? at.Offset : null, has ? at.LeaderEpoch : -1);
                assigned.Add(new AssignedPartition(
                    partition, has ? at.Offset : null, has ? at.Metadata : null, has ? at.LeaderEpoch : -1));
            }
            if (isReported && assigned.Count > 0)
                _pending.AddLast(new Pending(PollKind.Assigned, assigned, [], 0));
        }
        _fetching.OnCursorsChanged();
        _signals.Poll.Set();
    }

    sealed record Pending(
        PollKind Kind, List<AssignedPartition> Assigned, List<TopicPartition> Partitions, int RevocationId);
}
