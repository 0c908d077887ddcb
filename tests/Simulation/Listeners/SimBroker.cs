using System.Text;
using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Simulation.Listeners;

/// <summary>A record of the simulated log, and how its handler is going to behave.</summary>
sealed class SimRecord
{
    public required long Offset { get; init; }

    /// <summary>-1: no key.</summary>
    public required int Key { get; init; }

    public required byte[]? KeyBytes { get; init; }

    public required byte[] Value { get; init; }

    public required int DurationMs { get; init; }

    public required bool IsDeaf { get; init; }

    public int TransientLeft { get; set; }

    public bool IsDeadLetter { get; init; }

    /// <summary>How many writes of its dead letter are not acknowledged yet.</summary>
    public int LettersLost { get; set; }

    /// <summary>Its bytes are damaged until somebody repairs the log.</summary>
    public bool IsUnreadable { get; set; }

    /// <summary>Fails without a policy until somebody repairs it.</summary>
    public bool Stops { get; set; }
}

/// <summary>One partition: the log with gaps, the committed offset, the owner.</summary>
sealed class SimPartition(TopicPartition name)
{
    public TopicPartition Name { get; } = name;

    public List<SimRecord> Log { get; } = [];

    public long End { get; set; }

    public long Committed { get; set; } = -1;

    public string Metadata { get; set; } = "";

    /// <summary>The last commit as it came, before anybody tampered with it.</summary>
    public OffsetCommit Applied { get; set; }

    public SimInstance? Owner { get; set; }

    public int Generation { get; set; }

    /// <summary>Announced to its owner as revoked and not handed over yet.</summary>
    public bool IsLeaving { get; set; }

    public SimInstance? Next { get; set; }

    /// <summary>The index of the first record at or after an offset.</summary>
    public int IndexOf(long offset)
    {
        var low = 0;
        var high = Log.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Log[middle].Offset < offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

/// <summary>Logs, committed offsets and the group: hands partitions over in order, or takes them without
/// asking.</summary>
sealed class SimBroker
{
    readonly SimWorld _world;
    readonly Random _random;

    public SimBroker(SimWorld world)
    {
        _world = world;
        _random = world.Random;
        for (var i = 0; i < world.Scenario.Partitions; i++)
        {
            Partitions.Add(new SimPartition(new TopicPartition("orders", i)));
        }
    }

    public List<SimPartition> Partitions { get; } = [];

    public bool IsAllCommitted => Partitions.TrueForAll(p => Math.Max(p.Committed, 0) == p.End);

    public SimPartition this[TopicPartition partition] => Partitions[partition.Partition];

    public void Append()
    {
        var scenario = _world.Scenario;
        var partition = Partitions[_random.Next(Partitions.Count)];
        if (_random.NextDouble() < scenario.GapShare)
        {
            partition.End += _random.Next(1, 30);
        }

        var key = _random.NextDouble() < scenario.NullKeyShare ? -1
            : _random.NextDouble() < scenario.HotShare ? 0 : _random.Next(scenario.Keys);
        var isSlow = _random.NextDouble() < scenario.SlowShare;
        partition.Log.Add(new SimRecord
        {
            Offset = partition.End++,
            Key = key,
            KeyBytes = key < 0 ? null : Encoding.UTF8.GetBytes(key == 0 ? "" : $"key-{key}"),
            Value = new byte[_random.Next(0, 200)],
            DurationMs = isSlow ? _random.Next(200, 40_000) : _random.Next(0, 30),
            IsDeaf = _random.NextDouble() < scenario.DeafShare,
            TransientLeft = _random.NextDouble() < scenario.TransientShare ? _random.Next(1, 4) : 0,
            IsDeadLetter = _random.NextDouble() < scenario.DeadLetterShare,
            LettersLost = _random.Next(3),
            IsUnreadable = _random.NextDouble() < scenario.DamageShare,
            Stops = _random.NextDouble() < scenario.StopShare,
        });
    }

    /// <summary>Polls that wait may find something now.</summary>
    public void Nudge()
    {
        foreach (var instance in _world.Instances)
        {
            instance.PollSoon();
        }
    }

    /// <summary>Shares the partitions anew. What changes hands is announced first and moves when it was
    /// drained.</summary>
    public void Rebalance()
    {
        var members = _world.Instances;
        if (members.Count == 0 || Partitions.Exists(p => p.IsLeaving))
        {
            return;
        }

        _world.Oracle.Rebalances++;
        var isEager = _random.NextDouble() < 0.3;
        var isShuffled = _world.IsChaos || _random.NextDouble() < 0.2;
        var leaving = new Dictionary<SimInstance, List<TopicPartition>>();
        foreach (var partition in Partitions)
        {
            var target = members[_random.Next(members.Count)];
            if (partition.Owner is not { } owner)
            {
                Assign(partition, target);
            }
            else if (isShuffled && (isEager || owner != target))
            {
                partition.IsLeaving = true;
                partition.Next = target;
                if (!leaving.TryGetValue(owner, out var list))
                {
                    leaving.Add(owner, list = []);
                }

                list.Add(partition.Name);
            }
        }

        foreach (var (owner, list) in leaving)
        {
            _world.Log($"i{owner.Id} is to hand over {string.Join(' ', list)}");
            owner.Announce(PortEvent.OfRevoking(list));
        }
    }

    /// <summary>The owner says it is through with them.</summary>
    public void HandOver(SimInstance from, IEnumerable<(TopicPartition Name, int Generation)> partitions)
    {
        foreach (var (name, generation) in partitions)
        {
            var partition = this[name];
            if (partition.Owner != from || !partition.IsLeaving || partition.Generation != generation)
            {
                continue;
            }

            partition.IsLeaving = false;
            partition.Owner = null;
            if (partition.Next is { } next && _world.Instances.Contains(next))
            {
                Assign(partition, next);
            }
        }
    }

    /// <summary>The group goes on without a member: its partitions are free at once, whether it knows or not.</summary>
    public void Evict(SimInstance member, bool isTold)
    {
        var lost = new List<TopicPartition>();
        foreach (var partition in Partitions)
        {
            if (partition.Owner == member)
            {
                lost.Add(partition.Name);
                partition.Owner = null;
                partition.IsLeaving = false;
            }
        }

        if (isTold && lost.Count > 0)
        {
            _world.Log($"i{member.Id} loses {string.Join(' ', lost)}");
            _world.Oracle.Evicted();
            member.Announce(PortEvent.OfLost(lost));
        }
    }

    /// <summary>A static member is back under its name: its partitions are still its own, in the same
    /// generation.</summary>
    public void Inherit(SimInstance from, SimInstance to)
    {
        foreach (var partition in Partitions)
        {
            if (partition.Owner == from)
            {
                partition.IsLeaving = false;
                Give(partition, to);
            }
        }
    }

    /// <summary>A commit arrives: fenced by owner and generation.</summary>
    public ErrorCode Commit(SimInstance from, int generation, OffsetCommit commit)
    {
        var partition = this[commit.Partition];
        if (partition.Owner != from)
        {
            return ErrorCode.UnknownMemberId;
        }

        if (partition.Generation != generation)
        {
            return ErrorCode.IllegalGeneration;
        }

        _world.Oracle.OnCommit(partition, commit);
        partition.Committed = commit.Offset;
        partition.Metadata = commit.Metadata;
        partition.Applied = commit;
        return ErrorCode.None;
    }

    /// <summary>Another tool overwrites the metadata, or bytes rot.</summary>
    public void CorruptMetadata()
    {
        var partition = Partitions.Find(static p => p.Metadata.Length > 0)
            ?? Partitions[_random.Next(Partitions.Count)];
        if (partition.Committed < 0)
        {
            return;
        }

        var text = partition.Metadata;
        partition.Metadata = _random.Next(4) switch
        {
            0 => "offset reset by an operator",
            1 when text.Length > 8 => text[..^_random.Next(1, 6)],
            2 when text.Length > 8 => Flip(text),
            _ => OffsetMap.Encode(partition.Committed + 1, partition.Committed + 40, [partition.Committed + 3], 4096),
        };
        _world.Log($"metadata of {partition.Name} is now '{partition.Metadata}'");
    }

    string Flip(string text)
    {
        var at = _random.Next(4, text.Length);
        return text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..];
    }

    void Assign(SimPartition partition, SimInstance target)
    {
        partition.Generation++;
        Give(partition, target);
    }

    void Give(SimPartition partition, SimInstance target)
    {
        partition.Owner = target;
        var start = partition.Committed >= 0 ? partition.Committed : _random.Next(2) == 0 ? 0 : -1;
        _world.Log(
            $"{partition.Name} goes to i{target.Id} at {start} generation {partition.Generation} "
            + $"'{partition.Metadata}'");
        target.Announce(PortEvent.OfAssigned(
            [new AssignedPartition(partition.Name, start, partition.Metadata, partition.Generation)]));
    }
}
