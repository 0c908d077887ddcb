using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Simulation.Listeners;

/// <summary>What really happened, kept apart from the engine, and the promises checked against it.</summary>
sealed class Oracle(SimWorld world)
{
    public const string BadMetadata = "metadata that is not ours, or damaged";
    public const string CommitFailure = "a commit that failed";
    public const string Damage = "bytes that cannot be read";
    public const string DrainTimeout = "a drain whose time was over";
    public const string LetterLost = "a dead letter that was not acknowledged";
    public const string Loss = "a partition lost";
    public const string MapAfterCrash = "a map read after a crash";
    public const string Pause = "a partition held back";
    public const string Resumption = "a partition read again";
    public const string Revocation = "a partition handed over";
    public const string StaticMember = "a static member that came back";
    public const string Stop = "a partition stopped by a record";

    /// <summary>What a batch of runs has to meet to be worth its time.</summary>
    public static IReadOnlyList<string> Trouble { get; } =
    [
        BadMetadata, CommitFailure, Damage, DrainTimeout, LetterLost, Loss, MapAfterCrash, Pause, Resumption,
        Revocation, StaticMember, Stop, .. Enum.GetNames<RecordOrder>(),
    ];

    readonly HashSet<(TopicPartition, long)> _done = [];

    /// <summary>What runs anywhere: by key where order is promised, else by offset.</summary>
    readonly Dictionary<(TopicPartition, long), int> _anywhere = [];

    /// <summary>By instance: what runs, as (partition, key) where order is promised.</summary>
    readonly Dictionary<int, HashSet<(TopicPartition, int)>> _running = [];

    /// <summary>By partition and key: the offsets in order, and the first that is not done.</summary>
    readonly Dictionary<(TopicPartition, int), int> _firstOpen = [];
    readonly Dictionary<(TopicPartition, int), List<long>> _byKey = [];
    readonly Dictionary<TopicPartition, int> _indexed = [];

    /// <summary>By instance, partition and generation: what the commit's metadata told at the assignment.</summary>
    readonly Dictionary<(int, TopicPartition, int), OffsetMap> _maps = [];

    /// <summary>By lease and offset: the attempt that may start next, and not before when.</summary>
    readonly Dictionary<(int, Lease, long), (int Attempt, long NotBefore)> _attempts = [];
    bool _isDisturbed;
    bool _hasCrashed;

    public int Started { get; private set; }

    public int Duplicates { get; private set; }

    public int KnownDone { get; private set; }

    public int Commits { get; set; }

    public int Maps { get; private set; }

    public int Rebalances { get; set; }

    /// <summary>What the run met, and how often.</summary>
    public Dictionary<string, int> Seen { get; } = [];

    public bool IsAllDone => _done.Count == world.Broker.Partitions.Sum(static p => p.Log.Count);

    public string Missing => string.Join("; ", world.Broker.Partitions.Select(p =>
        $"{p.Name}: {p.Log.Count(r => !_done.Contains((p.Name, r.Offset)))} of {p.Log.Count} not done, "
        + $"committed {p.Committed} "
        + $"of {p.End}, owner {(p.Owner is { } owner ? $"i{owner.Id}" : "none")}{(p.IsLeaving ? " leaving" : "")}"));

    RecordOrder Order => world.Scenario.Plan.Order;

    public void Saw(string what) => Seen[what] = Seen.GetValueOrDefault(what) + 1;

    public void Evicted() => _isDisturbed = true;

    public void Crashed(SimInstance instance)
    {
        _isDisturbed = true;
        _hasCrashed = true;
        _running.Remove(instance.Id);
    }

    public void OnAssigned(SimInstance instance, AssignedPartition assigned, long end)
    {
        if (OffsetMap.TryDecode(assigned.Metadata, assigned.CommittedOffset, out var map, out _))
        {
            CheckMap(world.Broker[assigned.Partition], map!);
            if (map!.End <= end)
            {
                _maps[(instance.Id, assigned.Partition, assigned.Generation)] = map;
                if (_hasCrashed)
                {
                    Saw(MapAfterCrash);
                }
            }
        }
    }

    public void OnKnownDone(TopicPartition partition, long offset)
    {
        KnownDone++;
        if (!_done.Contains((partition, offset)))
        {
            world.Fail("I9", $"{partition}@{offset} was left out as known to be done, but it was not");
        }
    }

    public void OnStart(SimInstance instance, Delivery delivery, SimRecord record)
    {
        Started++;
        Saw(Order.ToString());
        var partition = delivery.TopicPartition;
        var lease = delivery.Lease;
        var what = $"i{instance.Id} {partition}@{record.Offset} key {record.Key}";
        if (lease.State != LeaseState.Active)
        {
            world.Fail("I6", $"{what} started on a lease that is {lease.State}");
        }

        if (IsOrdered(record))
        {
            var key = Order == RecordOrder.ByPartition ? 0 : record.Key;
            if (!Running(instance).Add((partition, key)))
            {
                world.Fail("I4", $"{what} started beside another of its key");
            }

            if (FirstOpen(partition, key) < record.Offset)
            {
                world.Fail("I5", $"{what} started before {FirstOpen(partition, key)} was done");
            }
        }

        if (!_anywhere.TryAdd(Exclusive(partition, record), instance.Id) && world.Scenario.IsCalm && !_isDisturbed)
        {
            world.Fail("I4", $"{what} started while i{_anywhere[Exclusive(partition, record)]} runs it or its key");
        }

        var (attempt, notBefore) = _attempts.GetValueOrDefault((instance.Id, lease, record.Offset), (1, 0));
        if (delivery.Attempt != attempt || world.Now < notBefore)
        {
            world.Fail("I10", $"{what} is run {delivery.Attempt} at {world.Now}, due is run {attempt} at {notBefore}");
        }

        if (_maps.TryGetValue((instance.Id, partition, lease.FencingEpoch), out var map) && map.IsDone(record.Offset))
        {
            world.Fail("I9", $"{what} runs again though the commit's metadata called it done");
        }

        if (_done.Contains((partition, record.Offset)))
        {
            Duplicates++;
            if (world.Scenario.IsCalm && !_isDisturbed)
            {
                world.Fail("I3", $"{what} runs again after nothing but orderly hand-overs");
            }
        }
    }

    public void OnEnd(SimInstance instance, Delivery delivery, SimRecord record, Outcome outcome)
    {
        var partition = delivery.TopicPartition;
        if (IsOrdered(record))
        {
            Running(instance).Remove((partition, Order == RecordOrder.ByPartition ? 0 : record.Key));
        }

        _anywhere.Remove(Exclusive(partition, record));
        if (outcome.IsFinal)
        {
            _done.Add((partition, record.Offset));
            _attempts.Remove((instance.Id, delivery.Lease, record.Offset));
        }
        else
        {
            _attempts[(instance.Id, delivery.Lease, record.Offset)] = outcome.Kind == OutcomeKind.Retry
                ? (delivery.Attempt + 1, world.Now + (long)outcome.Delay.TotalMilliseconds)
                : (delivery.Attempt, world.Now);
        }
    }

    /// <summary>A commit arrives at the broker: everything it calls done has to be done (I1, I9, I13).</summary>
    public void OnCommit(SimPartition partition, OffsetCommit commit)
    {
        if (commit.Metadata.Length > world.Scenario.Plan.MaxMetadataChars)
        {
            world.Fail("I13", $"{partition.Name}: {commit.Metadata.Length} characters of metadata");
        }

        if (commit.Offset < partition.Committed || commit.Offset > partition.End)
        {
            world.Fail("I2", $"{partition.Name}: commit {commit.Offset}, committed is {partition.Committed}");
        }

        for (var i = partition.IndexOf(Math.Max(0, partition.Committed)); i < partition.IndexOf(commit.Offset); i++)
        {
            if (!_done.Contains((partition.Name, partition.Log[i].Offset)))
            {
                world.Fail("I1",
                    $"{partition.Name}: commit {commit.Offset} covers {partition.Log[i].Offset}, which is not done");
            }
        }

        if (commit.Metadata.Length > 0)
        {
            Maps++;
            if (!OffsetMap.TryDecode(commit.Metadata, commit.Offset, out var map, out var reason))
            {
                world.Fail("I9", $"{partition.Name}: the map of {commit.Offset} cannot be read: {reason}");
            }

            CheckMap(partition, map!);
        }
    }

    void CheckMap(SimPartition partition, OffsetMap map)
    {
        for (var i = partition.IndexOf(map.Base); i < partition.IndexOf(map.End); i++)
        {
            var offset = partition.Log[i].Offset;
            if (map.IsDone(offset) && !_done.Contains((partition.Name, offset)))
            {
                world.Fail("I9", $"{partition.Name}: the map of {map.Base} calls {offset} done, which is not");
            }
        }
    }

    (TopicPartition, long) Exclusive(TopicPartition partition, SimRecord record) =>
        Order == RecordOrder.ByPartition ? (partition, 0) : IsOrdered(record) ? (partition, record.Key)
            : (partition, -1 - record.Offset);

    bool IsOrdered(SimRecord record) =>
        Order == RecordOrder.ByPartition || (Order == RecordOrder.ByKey && record.Key >= 0);

    HashSet<(TopicPartition, int)> Running(SimInstance instance)
    {
        if (!_running.TryGetValue(instance.Id, out var running))
        {
            _running.Add(instance.Id, running = []);
        }

        return running;
    }

    /// <summary>The first offset of a key that is not done.</summary>
    long FirstOpen(TopicPartition partition, int key)
    {
        var log = world.Broker[partition].Log;
        for (var i = _indexed.GetValueOrDefault(partition); i < log.Count; i++)
        {
            var of = (partition, Order == RecordOrder.ByPartition ? 0 : log[i].Key);
            if (!_byKey.TryGetValue(of, out var list))
            {
                _byKey.Add(of, list = []);
            }

            list.Add(log[i].Offset);
        }

        _indexed[partition] = log.Count;
        var offsets = _byKey[(partition, key)];
        var at = _firstOpen.GetValueOrDefault((partition, key));
        while (at < offsets.Count && _done.Contains((partition, offsets[at])))
        {
            at++;
        }

        _firstOpen[(partition, key)] = at;
        return at < offsets.Count ? offsets[at] : long.MaxValue;
    }
}
