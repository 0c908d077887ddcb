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
        Later(_random.Next(500, 3000), () =>
        {
            var log = _world.Broker[partition];
            log.Log[log.IndexOf(offset)].Stops = false;
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

    void IListenerEvents.MetadataIgnored(TopicPartition partition, string reason) =>
        _world.Log($"i{Id} {partition} metadata ignored: {reason}");

    void IListenerEvents.Revoked(TopicPartition partition, int abandoned) =>
        _world.Log($"i{Id} {partition} revoked, {abandoned} abandoned");

    void IListenerEvents.Lost(TopicPartition partition, int abandoned) =>
        _world.Log($"i{Id} {partition} lost, {abandoned} abandoned");

    void IListenerEvents.CommitFailed(TopicPartition partition, long offset, ErrorCode error) =>
        _world.Log($"i{Id} {partition} commit {offset} failed: {error}");

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
            Batch = (SimBatch)delivery.Batch!,
            Partition = partition,
            Record = record,
            Outcome = record.Stops ? Outcome.StopPartition(new InvalidOperationException("no policy"))
                : record.TransientLeft > 0 ? Outcome.RetryAfter(TimeSpan.FromMilliseconds(_random.Next(0, 1500)))
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
        if (delivery.Offset != run.Record.Offset || run.Batch.IsReleased || delivery.Batch != run.Batch)
        {
            _world.Fail("I3", $"{run.Partition.Name}@{run.Record.Offset} was reused while its handler ran");
        }

        if (run.Outcome.Kind == OutcomeKind.Retry)
        {
            run.Record.TransientLeft = Math.Max(0, run.Record.TransientLeft - 1);
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

        public required SimBatch Batch { get; init; }

        public required SimPartition Partition { get; init; }

        public required SimRecord Record { get; init; }

        public required Outcome Outcome { get; set; }

        public bool IsCancelled { get; set; }

        public bool IsOver { get; set; }
    }
}
