using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>Handing partitions over, and the shutdown: close the gate, let what runs finish (bounded), commit exactly
/// that.</summary>
sealed partial class ListenerCore
{
    const int CommitRetryMs = 100;

    Drain? _drain;
    bool _isStopping;
    bool _isStopped;
    bool _oweAcknowledgement;

    /// <summary>True while the loop may poll: not during a hand-over, and not once the shutdown began.</summary>
    public bool MayPoll => _drain is null && !_isStopping;

    public bool IsStopping => _isStopping;

    /// <summary>Partitions are about to go.</summary>
    public void OnRevoking(IReadOnlyList<TopicPartition> partitions, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(partitions);
        _oweAcknowledgement = true;
        if (_isStopping)
        {
            return;                            // everything is drained already; acknowledged with the end
        }

        _drain ??= new Drain(_plan, nowMs);
        foreach (var partition in partitions)
        {
            if (_leases.TryGetValue(partition, out var lease) && lease.State != LeaseState.Draining)
            {
                BeginDrain(lease);
            }
        }
    }

    /// <summary>Starts the shutdown; <see cref="Decisions.IsStopped"/> tells when its drain is over.</summary>
    public void BeginStop()
    {
        _isStopping = true;
        Wake();
    }

    void BeginDrain(Lease lease)
    {
        lease.State = LeaseState.Draining;
        Close(lease);
        _drain!.Leases.Add(lease);
    }

    void ContinueDrain(long nowMs)
    {
        if (_drain is null)
        {
            if (!_isStopping || _isStopped)
            {
                return;
            }

            _drain = new Drain(_plan, nowMs) { IsStop = true };
            foreach (var lease in _order)
            {
                BeginDrain(lease);
            }
        }

        if (!_drain.IsCommitting)
        {
            if (!AwaitHandlers(_drain, nowMs))
            {
                return;
            }

            // A pump gives its record back before it leaves the gate: all that finished is here now.
            TakeReturns(nowMs);
            _drain.IsCommitting = true;
            _drain.RetryMs = nowMs;
            _drain.GiveUpMs = nowMs + (long)_plan.FinalCommitTimeout.TotalMilliseconds;
        }

        if (nowMs < _drain.GiveUpMs && !IsAllCommitted(_drain, nowMs))
        {
            return;
        }

        FinishDrain(_drain, nowMs);
    }

    /// <summary>True when nothing runs any more, or when the wait is over.</summary>
    static bool AwaitHandlers(Drain drain, long nowMs)
    {
        var isQuiet = true;
        foreach (var lease in drain.Leases)
        {
            isQuiet &= lease.InFlight == 0;
        }

        if (isQuiet || nowMs >= drain.GiveUpMs)
        {
            return true;
        }

        if (nowMs >= drain.CancelMs)
        {
            drain.CancelMs = long.MaxValue;
            foreach (var lease in drain.Leases)
            {
                lease.Cancel();
            }
        }

        return false;
    }

    bool IsAllCommitted(Drain drain, long nowMs)
    {
        var isBusy = false;
        foreach (var lease in drain.Leases)
        {
            isBusy |= lease.IsCommitInFlight;
        }

        if (isBusy || nowMs < drain.RetryMs)
        {
            return false;
        }

        var before = _decisions.Commits.Count;
        Send(drain.Leases, isFinal: true);
        return _decisions.Commits.Count == before;
    }

    void FinishDrain(Drain drain, long nowMs)
    {
        while (drain.Leases.Count > 0)
        {
            var lease = drain.Leases[^1];
            var abandoned = lease.InFlight;
            Bury(lease);
            _events.Revoked(lease.Partition, abandoned);
        }

        _drain = null;
        _nextStatusMs = nowMs;
        _isStopped |= drain.IsStop;
        _decisions.IsStopped = _isStopped;
        _decisions.AcknowledgeRevocation = _oweAcknowledgement;
        _oweAcknowledgement = false;
        if (!_isStopped && _isStopping)
        {
            ContinueDrain(nowMs);              // the shutdown was asked for during the hand-over
        }
    }

    long DrainDueMs()
    {
        if (_drain is null)
        {
            return long.MaxValue;
        }

        if (!_drain.IsCommitting)
        {
            return Math.Min(_drain.CancelMs, _drain.GiveUpMs);
        }

        foreach (var lease in _drain.Leases)
        {
            if (lease.IsCommitInFlight)
            {
                return _drain.GiveUpMs;
            }
        }

        return Math.Min(_drain.RetryMs, _drain.GiveUpMs);
    }

    /// <summary>One hand-over under way.</summary>
    sealed class Drain(ListenerPlan plan, long nowMs)
    {
        public List<Lease> Leases { get; } = [];

        public bool IsStop { get; init; }

        /// <summary>When running handlers are cancelled.</summary>
        public long CancelMs { get; set; } = nowMs + (long)plan.DrainTimeout.TotalMilliseconds;

        /// <summary>When they are not waited for any more; later, when the last commit is not tried any more.</summary>
        public long GiveUpMs { get; set; } = nowMs + (long)(plan.DrainTimeout + plan.CancelGrace).TotalMilliseconds;

        public bool IsCommitting { get; set; }

        /// <summary>Not before this the last commit is sent (again).</summary>
        public long RetryMs { get; set; }
    }
}
