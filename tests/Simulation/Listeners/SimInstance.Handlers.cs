using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Simulation.Listeners;

/// <summary>The virtual pumps and handlers of an instance.</summary>
sealed partial class SimInstance
{
    void IListenerEvents.KnownDone(TopicPartition partition, long offset) =>
        _world.Oracle.OnKnownDone(partition, offset);

    void IListenerEvents.PartitionStopped(TopicPartition partition, long offset, Exception error)
    {
        _world.Log($"i{Id} {partition} stops at {offset}");
        _world.Oracle.Saw(Oracle.Stop);
        RepairLater(partition, offset);
    }

    void IListenerEvents.PartitionUnreadable(UnreadableBytes unreadable)
    {
        _world.Log($"i{Id} {unreadable.Partition} cannot be read at {unreadable.Offset}");
        _world.Oracle.Saw(Oracle.Damage);
        RepairLater(unreadable.Partition, unreadable.Offset);
    }

    /// <summary>Somebody looks at it, mends record and log, and restarts the process or moves its
    /// partitions.</summary>
    void RepairLater(TopicPartition partition, long offset)
    {
        Later(_random.Next(500, 3000), () =>
        {
            var log = _world.Broker[partition];
            var record = log.Log[log.IndexOf(offset)];
            record.Stops = record.IsUnreadable = false;
            if (_random.Next(2) == 0 && !_isStopping)
            {
                _world.Crash(this);
            }
            else
            {
                _world.Broker.Evict(this, isTold: true);
                _world.At(_random.Next(10, 2000), _world.Broker.Rebalance);
            }
        });
    }

    void IListenerEvents.MetadataIgnored(TopicPartition partition, string reason)
    {
        _world.Log($"i{Id} {partition} metadata ignored: {reason}");
        _world.Oracle.Saw(Oracle.BadMetadata);
    }

    void IListenerEvents.Revoked(TopicPartition partition, int abandoned)
    {
        _world.Log($"i{Id} {partition} revoked, {abandoned} abandoned");
        _world.Oracle.Saw(abandoned > 0 ? Oracle.DrainTimeout : Oracle.Revocation);
    }

    void IListenerEvents.Lost(TopicPartition partition, int abandoned)
    {
        _world.Log($"i{Id} {partition} lost, {abandoned} abandoned");
        _world.Oracle.Saw(Oracle.Loss);
    }

    void IListenerEvents.CommitFailed(TopicPartition partition, long offset, ErrorCode error)
    {
        _world.Log($"i{Id} {partition} commit {offset} failed: {error}");
        _world.Oracle.Saw(Oracle.CommitFailure);
    }

    void IListenerEvents.Paused(TopicPartition partition) => _world.Oracle.Saw(Oracle.Pause);

    void IListenerEvents.Resumed(TopicPartition partition) => _world.Oracle.Saw(Oracle.Resumption);

    /// <summary>A free pump takes a ready lane within a millisecond or two (I11).</summary>
    void KickPumps()
    {
        while (_pumpsDue < Math.Min(_free, _core.Ready.Count))
        {
            _pumpsDue++;
            Later(_random.Next(0, 2), Pump);
        }
    }

    void Pump()
    {
        _pumpsDue--;
        if (_free > 0 && _core.Ready.TryTake(out var lane) && _core.TryBegin(lane) is { } delivery)
        {
            _free--;
            Begin(delivery);
        }

        KickPumps();
    }

    void Begin(Delivery delivery)
    {
        var partition = _world.Broker[delivery.TopicPartition];
        var record = partition.Log[partition.IndexOf(delivery.Offset)];
        if (record.Offset != delivery.Offset || delivery.IsKeyNull != record.KeyBytes is null
            || !delivery.Key.Span.SequenceEqual(record.KeyBytes) || delivery.Value.Length != record.Value.Length)
        {
            _world.Fail("I3", $"{partition.Name}@{delivery.Offset} came with another record's content");
        }

        _world.Log($"i{Id} {partition.Name}@{delivery.Offset} key {record.Key} run {delivery.Attempt}");
        _world.Oracle.OnStart(this, delivery, record);
        var run = new Running
        {
            Delivery = delivery,
            Batch = (SimBatch?)delivery.Batch,
            Partition = partition,
            Record = record,
            Outcome = record.Stops ? Outcome.StopPartition(new InvalidOperationException("no policy"))
                : record.TransientLeft > 0 ? Outcome.RetryAfter(TimeSpan.FromMilliseconds(_random.Next(0, 1500)))
                : record is { IsDeadLetter: true, LettersLost: > 0 }
                    ? Outcome.RetryAfter(TimeSpan.FromMilliseconds(_random.Next(0, 1500)))
                : record.IsDeadLetter ? Outcome.DeadLettered
                : _random.Next(50) == 0 ? Outcome.Skipped : Outcome.Done,
        };
        _running.Add(run);
        Later(record.DurationMs == 0 ? 0 : _random.Next(record.DurationMs / 2, record.DurationMs + 1), () => End(run));
    }

    void End(Running run)
    {
        if (run.IsOver)
        {
            return;
        }

        run.IsOver = true;
        _running.Remove(run);
        var delivery = run.Delivery;
        if (delivery.Offset != run.Record.Offset || run.Batch is { IsReleased: true } || delivery.Batch != run.Batch)
        {
            _world.Fail("I3", $"{run.Partition.Name}@{run.Record.Offset} was reused while its handler ran");
        }

        if (run.Outcome.Kind == OutcomeKind.Retry)
        {
            if (run.Record.TransientLeft > 0)
            {
                run.Record.TransientLeft--;
            }
            else if (run.Record.LettersLost > 0)
            {
                run.Record.LettersLost--;
                _world.Oracle.Saw(Oracle.LetterLost);
            }
        }

        _world.Oracle.OnEnd(this, delivery, run.Record, run.Outcome);
        var lease = delivery.Lease;
        _core.End(delivery, run.Outcome);
        _free++;
        if (!run.Outcome.IsFinal || (lease.State == LeaseState.Draining && lease.InFlight == 0))
        {
            CheckWoken();
        }

        KickPumps();
    }

    /// <summary>I11: what a pump gives back for the loop to act on wakes the loop.</summary>
    void CheckWoken()
    {
        var since = _world.Now;
        Later(5, () =>
        {
            if (_lastStep < since)
            {
                _world.Fail("I11", $"i{Id} was not woken by what came back at {since}");
            }
        });
    }

    /// <summary>Handlers that listen give up soon after their lease was cancelled.</summary>
    void CancelHandlers()
    {
        foreach (var run in _running)
        {
            if (!run.IsCancelled && !run.Record.IsDeaf && run.Delivery.Lease.Cancellation.IsCancellationRequested)
            {
                run.IsCancelled = true;
                run.Outcome = Outcome.Abandoned;
                Later(_random.Next(0, 50), () => End(run));
            }
        }
    }

    sealed class Running
    {
        public required Delivery Delivery { get; init; }

        public required SimBatch? Batch { get; init; }

        public required SimPartition Partition { get; init; }

        public required SimRecord Record { get; init; }

        public required Outcome Outcome { get; set; }

        public bool IsCancelled { get; set; }

        public bool IsOver { get; set; }
    }
}
