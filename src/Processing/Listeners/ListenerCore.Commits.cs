using System.Runtime.InteropServices;
using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>Commits: only what is done, one in flight for a partition, clean only on the broker's word.</summary>
sealed partial class ListenerCore
{
    readonly List<long> _incomplete = [];
    long _nextCommitMs;
    long _commitFailures;

    /// <summary>The broker's answer to a commit, one code for each partition.</summary>
    public void OnCommitAnswered(
        CommitRequest request, IReadOnlyDictionary<TopicPartition, ErrorCode> answers, long nowMs)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(answers);
        List<Lease>? gone = null;
        var isRefused = false;
        for (var i = 0; i < request.Leases.Count; i++)
        {
            var lease = request.Leases[i];
            var sent = request.Offsets[i];
            lease.IsCommitInFlight = false;
            if (lease.State == LeaseState.Dead)
            {
                continue;
            }

            var code = answers.TryGetValue(sent.Partition, out var answer) ? answer : ErrorCode.UnknownServerError;
            if (code == ErrorCode.None)
            {
                Invariants.Check(sent.Offset >= lease.Committed || lease.CommittedVersion == 0, "I2",
                    "The committed offset went back.");
                lease.Committed = sent.Offset;
                lease.CommittedMetadata = sent.Metadata;
                lease.CommittedVersion = request.Versions[i];
                lease.IsUncertain = false;
                _events.Committed(sent.Partition, sent.Offset, sent.Metadata.Length);
                continue;
            }

            // Everything else leaves the lease dirty: neither success nor the end.
            isRefused = true;
            _commitFailures++;
            lease.IsUncertain = true;
            lease.HasNoMap |= code == ErrorCode.OffsetMetadataTooLarge;
            _events.CommitFailed(sent.Partition, sent.Offset, code);
            if (code is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.FencedMemberEpoch)
            {
                (gone ??= []).Add(lease);
            }
        }

        // The group has gone on without this member: others own the partitions already.
        gone?.ForEach(Drop);

        if (_drain is not null && request.IsFinal && isRefused)
        {
            _drain.RetryMs = nowMs + CommitRetryMs;
        }
    }

    void CommitDirty(long nowMs)
    {
        // While partitions are handed over, the group refuses commits of the others or starts over because of them.
        if (nowMs < _nextCommitMs || _drain is not null)
        {
            return;
        }

        _nextCommitMs = nowMs + (long)_plan.CommitInterval.TotalMilliseconds;
        Send(_order, isFinal: false);
    }

    void Send(List<Lease> leases, bool isFinal)
    {
        CommitRequest? request = null;
        foreach (var lease in leases)
        {
            if (!lease.IsDirty || lease.IsCommitInFlight || !TryMakeCommit(lease, out var commit))
            {
                continue;
            }

            request ??= new CommitRequest { IsFinal = isFinal };
            request.Offsets.Add(commit);
            request.Leases.Add(lease);
            request.Versions.Add(lease.Tracker.Version);
            lease.IsCommitInFlight = true;
            lease.HighestSent = commit.Offset;
        }

        if (request is not null)
        {
            _decisions.Commits.Add(request);
        }
    }

    /// <summary>What is to be committed, or false when the broker has it already.</summary>
    bool TryMakeCommit(Lease lease, out OffsetCommit commit)
    {
        commit = default;
        var offset = lease.Tracker.CommitOffset();
        if (offset < 0)
        {
            return false;
        }

        Invariants.Check(offset >= lease.HighestSent, "I2", "A commit would go back.");
        var metadata = MakeMap(lease, offset);
        Invariants.Check(metadata.Length <= _plan.MaxMetadataChars, "I13", "The metadata is too long.");
        if (!lease.IsUncertain && offset == lease.Committed && metadata == lease.CommittedMetadata)
        {
            lease.CommittedVersion = lease.Tracker.Version;
            return false;
        }

        commit = new OffsetCommit(lease.Partition, offset, metadata);
        return true;
    }

    string MakeMap(Lease lease, long offset)
    {
        if (lease.HasNoMap || _plan.MaxMetadataChars == 0)
        {
            return "";
        }

        _incomplete.Clear();
        long end;
        if (lease.Resume is { } map)
        {
            // What the previous owner had done and this one has not received yet must not be forgotten.
            end = Math.Max(lease.Tracker.CollectIncomplete(_incomplete, all: true), map.End);
            foreach (var incomplete in map.Incomplete)
            {
                if (incomplete >= lease.Tracker.Next)
                {
                    _incomplete.Add(incomplete);
                }
            }
        }
        else
        {
            end = lease.Tracker.CollectIncomplete(_incomplete, all: false);
        }

        return end <= offset ? ""
            : OffsetMap.Encode(offset, end, CollectionsMarshal.AsSpan(_incomplete), _plan.MaxMetadataChars);
    }
}
