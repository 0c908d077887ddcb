using Millrace.Protocol;

namespace Millrace.Client.Groups;

/// <summary>Finds a balanced assignment near a given one. Starts from what members hold, deals out the rest, the most
/// constrained first, to the least loaded; then shifts single partitions along the shortest chain of members that
/// leads from a loaded member to one with at least two fewer, until there is none. With equal subscriptions a chain
/// is one step and the loads end within one of each other; with different ones no chain could make them more
/// even.</summary>
sealed class StickyBalancer
{
    readonly List<TopicPartition> _all = [];
    readonly List<string> _topics = [];
    readonly Dictionary<string, int> _topicIndex = new(StringComparer.Ordinal);
    readonly List<int>[] _subscribers;      // topic → members
    readonly List<int>[] _subscriptions;    // member → topics
    readonly List<int>[][] _held;           // member → topic → partitions; newly dealt ones at the end, moved first
    readonly int[] _load;
    readonly IReadOnlyDictionary<TopicPartition, int> _holders;

    public StickyBalancer(
        IReadOnlyList<MemberSubscription> members,
        IReadOnlyDictionary<string, int> partitionCounts,
        IReadOnlyDictionary<TopicPartition, int> holders)
    {
        _holders = holders;
        var names = new SortedSet<string>(members.SelectMany(m => m.Topics), StringComparer.Ordinal);
        foreach (var name in names.Where(partitionCounts.ContainsKey))
        {
            _topicIndex[name] = _topics.Count;
            _topics.Add(name);
        }
        _subscribers = [.. _topics.Select(_ => new List<int>())];
        _subscriptions = new List<int>[members.Count];
        _held = new List<int>[members.Count][];
        _load = new int[members.Count];
        for (var m = 0; m < members.Count; m++)
        {
            _held[m] = [.. _topics.Select(_ => new List<int>())];
            _subscriptions[m] = [];
            foreach (var topic in members[m].Topics.Where(_topicIndex.ContainsKey).Select(t => _topicIndex[t]).Order())
            {
                _subscriptions[m].Add(topic);
                _subscribers[topic].Add(m);
            }
        }
        foreach (var topic in _topics)
        {
            for (var p = 0; p < partitionCounts[topic]; p++)
                _all.Add(new TopicPartition(topic, p));
        }
    }

    /// <summary>Every partition of every subscribed topic with the index of its owner.</summary>
    public IEnumerable<KeyValuePair<TopicPartition, int>> Balance()
    {
        var rest = new List<TopicPartition>();
        foreach (var partition in _all)
        {
            if (_holders.TryGetValue(partition, out var holder))
                Give(holder, _topicIndex[partition.Topic], partition.Partition);
            else
                rest.Add(partition);
        }
        foreach (var partition in rest.OrderBy(p => _subscribers[_topicIndex[p.Topic]].Count))   // stable: then by name
        {
            var topic = _topicIndex[partition.Topic];
            Give(_subscribers[topic].MinBy(m => _load[m]), topic, partition.Partition);
        }
        Even();
        for (var m = 0; m < _held.Length; m++)
        {
            for (var t = 0; t < _topics.Count; t++)
            {
                foreach (var p in _held[m][t])
                    yield return new(new TopicPartition(_topics[t], p), m);
            }
        }
    }

    void Give(int member, int topic, int partition)
    {
        _held[member][topic].Add(partition);
        _load[member]++;
    }

    void Even()
    {
        // A member from which no chain leads is done for good: later moves only lower the loads above it.
        var done = new bool[_load.Length];
        while (true)
        {
            var from = -1;
            for (var m = 0; m < _load.Length; m++)
            {
                if (!done[m] && (from < 0 || _load[m] > _load[from]))
                    from = m;
            }
            if (from < 0)
                return;
            if (!Shift(from))
                done[from] = true;
        }
    }

    /// <summary>Breadth first over "could hand a partition to". False if nobody with two fewer can be
    /// reached.</summary>
    bool Shift(int from)
    {
        var previous = new (int Member, int Topic)[_load.Length];
        var seen = new bool[_load.Length];
        var queue = new Queue<int>();
        seen[from] = true;
        queue.Enqueue(from);
        while (queue.TryDequeue(out var member))
        {
            var best = -1;
            foreach (var topic in _subscriptions[member])
            {
                if (_held[member][topic].Count == 0)
                    continue;
                foreach (var next in _subscribers[topic])
                {
                    if (seen[next])
                        continue;
                    seen[next] = true;
                    previous[next] = (member, topic);
                    queue.Enqueue(next);
                    if (_load[next] <= _load[from] - 2 && (best < 0 || _load[next] < _load[best]))
                        best = next;
                }
            }
            if (best >= 0)
            {
                Move(from, best, previous);
                return true;
            }
        }
        return false;
    }

    void Move(int from, int to, (int Member, int Topic)[] previous)
    {
        for (var member = to; member != from; member = previous[member].Member)
        {
            var (giver, topic) = previous[member];
            var list = _held[giver][topic];
            var at = list.FindLastIndex(p => !HeldBy(giver, topic, p));
            at = at < 0 ? list.Count - 1 : at;
            _held[member][topic].Add(list[at]);
            list.RemoveAt(at);
        }
        _load[from]--;
        _load[to]++;
    }

    bool HeldBy(int member, int topic, int partition) =>
        _holders.TryGetValue(new TopicPartition(_topics[topic], partition), out var holder) && holder == member;
}
