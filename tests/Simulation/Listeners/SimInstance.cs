using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Simulation.Listeners;

/// <summary>One process of the group: the production core, a fake port, virtual pumps and handlers. Its loop step is
/// what ListenerLoop does between two waits; it sleeps until it is woken, as that one does.</summary>
sealed partial class SimInstance : IListenerEvents
{
    readonly SimWorld _world;
    readonly Random _random;
    readonly ListenerCore _core;
    readonly Queue<PortEvent> _events = new();
    readonly Dictionary<TopicPartition, PortPartition> _assigned = [];
    readonly List<Running> _running = [];
    readonly List<(CommitRequest Request, Dictionary<TopicPartition, ErrorCode> Answers)> _answers = [];
    readonly HashSet<(TopicPartition, int)> _committing = [];
    readonly List<(TopicPartition Name, int Generation)> _leaving = [];
    PortEvent? _polled;
    bool _isPolling;
    bool _isPollDue;
    int _pollNumber;
    long _loopAt = long.MaxValue;
    int _free;
    int _pumpsDue;
    int _batches;
    bool _isCrashed;
    bool _isStopping;
    long _drainSince = -1;
    long _lastStep;

    public SimInstance(SimWorld world, int id)
    {
        _world = world;
        _random = world.Random;
        Id = id;
        _free = world.Scenario.Plan.Concurrency;
        _core = new ListenerCore(world.Scenario.Plan, this, (ulong)_random.NextInt64()) { Wake = WakeLoop };
    }

    public int Id { get; }

    public bool IsStopped { get; private set; }

    public void Start() => WakeLoop();

    public void Crash() => _isCrashed = true;

    public void Stop()
    {
        _isStopping = true;
        _isPolling = false;
        _drainSince = _world.Now;
        _core.BeginStop();
    }

    /// <summary>The group has news; the next poll brings it.</summary>
    public void Announce(PortEvent news)
    {
        _events.Enqueue(news);
        PollSoon();
    }

    public void PollSoon()
    {
        if (_isPolling && !_isPollDue)
        {
            _isPollDue = true;
            Later(_random.Next(0, 20), FinishPoll);
        }
    }

    /// <summary>I15 after the end: nothing is left anywhere.</summary>
    public void CheckEmpty()
    {
        _core.Tick(_world.Now);
        _core.Audit();
        if (!_core.IsQuiet || _running.Count > 0 || _batches != 0)
        {
            _world.Fail("I15", $"i{Id} ended with {_batches} batches and {_running.Count} handlers left");
        }
    }

    void Later(long delay, Action action) => _world.At(delay, () =>
    {
        if (!_isCrashed)
        {
            action();
        }
    });

    void WakeLoop() => LoopIn(_random.Next(0, 3));

    void LoopIn(long delay)
    {
        var at = _world.Now + Math.Max(0, delay);
        if (at >= _loopAt)
        {
            return;
        }

        _loopAt = at;
        Later(at - _world.Now, () =>
        {
            if (_loopAt == at)
            {
                _loopAt = long.MaxValue;
                Step();
            }
        });
    }

    void Step()
    {
        var now = _world.Now;
        _lastStep = now;
        if (_polled is { } polled)
        {
            _polled = null;
            Feed(polled, now);
        }

        foreach (var (request, answers) in _answers)
        {
            _core.OnCommitAnswered(request, answers, now);
        }

        _answers.Clear();
        Apply(_core.Tick(now));
        _core.Audit();
        Check();
        if (_core.MayPoll && !_isPolling && _polled is null)
        {
            StartPoll();
        }

        var due = _core.NextDueMs(now);
        if (due != long.MaxValue)
        {
            LoopIn(due - now);
        }

        CancelHandlers();
        KickPumps();
    }

    void Feed(PortEvent polled, long now)
    {
        switch (polled.Kind)
        {
            case PortEventKind.Records:
                _core.OnPolled(polled.Batches, now);
                break;
            case PortEventKind.Assigned:
                _core.OnAssigned(polled.Assigned, now);
                break;
            case PortEventKind.Revoking:
                _drainSince = now;
                _core.OnRevoking(polled.Partitions, now);
                break;
            case PortEventKind.Lost:
                _core.OnLost(polled.Partitions, now);
                break;
            case PortEventKind.Unreadable:
                _core.OnUnreadable(polled.Unreadable!);
                break;
        }
    }

    void Apply(Decisions decisions)
    {
        foreach (var partition in decisions.Pauses)
        {
            if (_assigned.TryGetValue(partition, out var paused))
            {
                paused.IsPaused = true;
            }
        }

        foreach (var partition in decisions.Resumes)
        {
            if (_assigned.TryGetValue(partition, out var resumed))
            {
                resumed.IsPaused = false;
                PollSoon();
            }
        }

        decisions.Commits.ForEach(Send);
        if (decisions.AcknowledgeRevocation || decisions.IsStopped)
        {
            CheckDrainTime();
        }

        if (decisions.AcknowledgeRevocation)
        {
            _world.Log($"i{Id} hands over {string.Join(' ', _leaving)}");
            _world.Broker.HandOver(this, _leaving);
            _leaving.Clear();
        }

        IsStopped |= decisions.IsStopped;
    }

    void CheckDrainTime()
    {
        var plan = _world.Scenario.Plan;
        var bound = (long)(plan.DrainTimeout + plan.CancelGrace + plan.FinalCommitTimeout).TotalMilliseconds;

        // A shutdown that was asked for during a hand-over comes after it.
        if (_world.Now - _drainSince > (_isStopping ? 2 * bound : bound) + 50)
        {
            _world.Fail("I12", $"i{Id} took {_world.Now - _drainSince} ms to drain");
        }
    }

    void Check()
    {
        var plan = _world.Scenario.Plan;
        if (_core.OutstandingBytes > plan.MaxOutstandingBytes + 256)
        {
            _world.Fail("I7", $"{_core.OutstandingBytes} bytes are outstanding");
        }

        foreach (var lease in _core.Leases)
        {
            if (lease.Inbox.Count > 2)
            {
                _world.Fail("I7", $"{lease.Inbox.Count} batches of {lease.Partition} wait");
            }

            var partition = _world.Broker[lease.Partition];
            if (!lease.IsDirty && lease.HighestSent >= 0 && partition.Owner == this
                && partition.Generation == lease.FencingEpoch
                && (lease.Committed, lease.CommittedMetadata) != (partition.Applied.Offset, partition.Applied.Metadata))
            {
                _world.Fail("I8",
                    $"{lease.Partition} is clean at {lease.Committed}, the broker has {partition.Applied}");
            }
        }
    }

    void StartPoll()
    {
        _isPolling = true;
        var number = ++_pollNumber;
        Later(1000, () =>
        {
            if (_isPolling && number == _pollNumber)
            {
                Polled(PortEvent.Empty);
            }
        });
        PollSoon();
    }

    void FinishPoll()
    {
        _isPollDue = false;
        if (!_isPolling)
        {
            return;
        }

        if (_events.TryDequeue(out var news))
        {
            Follow(news);
            Polled(news);
            return;
        }

        var batches = new List<PolledBatch>();
        UnreadableBytes? damage = null;
        foreach (var (name, position) in _assigned)
        {
            if (position.IsPaused)
            {
                continue;
            }

            if (Fetch(_world.Broker[name], position) is { } batch)
            {
                batches.Add(batch);
            }
            else if (Damage(_world.Broker[name], position) is { } found)
            {
                damage = found;
            }
        }

        if (batches.Count > 0)
        {
            Polled(PortEvent.OfRecords(batches));      // what others have goes out first
        }
        else if (damage is not null)
        {
            _assigned[damage.Partition].IsDamageTold = true;
            Polled(PortEvent.OfUnreadable(damage));
        }
    }

    void Polled(PortEvent polled)
    {
        _isPolling = false;
        _polled = polled;
        WakeLoop();
    }

    /// <summary>The consumer's own bookkeeping of an event.</summary>
    void Follow(PortEvent news)
    {
        switch (news.Kind)
        {
            case PortEventKind.Assigned:
                foreach (var assigned in news.Assigned)
                {
                    _assigned[assigned.Partition] =
                        new PortPartition
                        {
                            Position = Math.Max(0, assigned.CommittedOffset),
                            Generation = assigned.Generation,
                        };
                    _world.Oracle.OnAssigned(this, assigned, _world.Broker[assigned.Partition].End);
                }

                break;
            case PortEventKind.Revoking:
                foreach (var name in news.Partitions)
                {
                    if (_assigned.TryGetValue(name, out var leaving))
                    {
                        leaving.IsPaused = true;
                        _leaving.Add((name, leaving.Generation));
                    }
                }

                break;
            case PortEventKind.Lost:
                foreach (var name in news.Partitions)
                {
                    _assigned.Remove(name);
                }

                break;
        }
    }

    UnreadableBytes? Damage(SimPartition partition, PortPartition position)
    {
        var at = partition.IndexOf(position.Position);
        if (at == partition.Log.Count || !partition.Log[at].IsUnreadable)
        {
            return null;
        }

        if (position.IsDamageTold)
        {
            _world.Fail("I11", $"i{Id} reads {partition.Name} again though it was told that it cannot");
        }

        var offset = partition.Log[at].Offset;
        return new UnreadableBytes(partition.Name, offset, offset + 1, new InvalidDataException("damaged"));
    }

    SimBatch? Fetch(SimPartition partition, PortPartition position)
    {
        if (position.Position >= partition.End)
        {
            return null;
        }

        var from = partition.IndexOf(position.Position);
        var count = Math.Min(_random.Next(1, 50), partition.Log.Count - from);
        var damaged = partition.Log.FindIndex(from, count, static r => r.IsUnreadable);
        count = damaged < 0 ? count : damaged - from;
        if (count == 0)
        {
            return null;
        }

        var records = partition.Log.GetRange(from, count);
        var next = from + count < partition.Log.Count
            ? _random.NextInt64(records[^1].Offset + 1, partition.Log[from + count].Offset + 1) : partition.End;
        position.Position = next;
        _batches++;
        return new SimBatch(partition.Name, records, next, partition.End, () => _batches--);
    }

    void Send(CommitRequest request)
    {
        var generations = new List<int>();
        foreach (var lease in request.Leases)
        {
            generations.Add(lease.FencingEpoch);
            if (!_committing.Add((lease.Partition, lease.FencingEpoch)))
            {
                _world.Fail("I2", $"two commits of {lease.Partition} are in flight");
            }
        }

        _world.Oracle.Commits++;
        var share = _world.IsChaos ? _world.Scenario.CommitFaultShare : 0;
        var fault = _random.NextDouble() < share ? _random.Next(1, 6) : 0;
        Later(_random.Next(0, fault == 0 ? 60 : 3000), () => Arrive(request, generations, fault));
    }

    void Arrive(CommitRequest request, List<int> generations, int fault)
    {
        var answers = new Dictionary<TopicPartition, ErrorCode>();
        for (var i = 0; i < request.Offsets.Count; i++)
        {
            var commit = request.Offsets[i];
            answers[commit.Partition] = fault switch
            {
                1 => ErrorCode.RebalanceInProgress,
                2 => ErrorCode.RequestTimedOut,
                3 => ErrorCode.NotCoordinator,
                4 when commit.Metadata.Length > 0 => ErrorCode.OffsetMetadataTooLarge,
                _ => _world.Broker.Commit(this, generations[i], commit),
            };
            if (fault == 5)
            {
                answers[commit.Partition] = ErrorCode.RequestTimedOut;     // applied, but the answer got lost
            }
        }

        Later(_random.Next(0, 60), () =>
        {
            for (var i = 0; i < request.Offsets.Count; i++)
            {
                _committing.Remove((request.Offsets[i].Partition, generations[i]));
            }

            _answers.Add((request, answers));
            WakeLoop();
        });
    }

    sealed class PortPartition
    {
        public long Position { get; set; }

        public int Generation { get; init; }

        public bool IsPaused { get; set; }

        public bool IsDamageTold { get; set; }
    }
}
