using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

/// <summary>Where a classic group stands.
/// <code>
/// Empty ─► PreparingRebalance ─► CompletingRebalance ─► Stable
///   ▲             │    ▲                  │                │
///   └─────────────┘    └──────────────────┴────────────────┘      Dead: forgotten, nothing refers to it any more
/// </code></summary>
enum GroupState
{
    Empty,
    PreparingRebalance,
    CompletingRebalance,
    Stable,
    Dead,
}

/// <summary>What a group committed for a partition.</summary>
/// <param name="Offset">The next offset to read.</param>
/// <param name="LeaderEpoch">The epoch of the last record read, or -1.</param>
/// <param name="Metadata">The committer's own text; never null.</param>
/// <param name="CommitTimestampMs">When it was committed, Unix milliseconds.</param>
/// <param name="ExpireTimestampMs">When it expires if the committer said so (OffsetCommit 2-4), else -1.</param>
readonly record struct CommittedOffset(
    long Offset, int LeaderEpoch, string Metadata, long CommitTimestampMs, long ExpireTimestampMs = -1);

/// <summary>One classic group. Changed by <see cref="GroupCoordinator"/> alone.</summary>
sealed class Group(string id)
{
    public string Id { get; } = id;

    public GroupState State { get; set; } = GroupState.Empty;

    public string? ProtocolType { get; set; }

    public string? ProtocolName { get; set; }

    public int Generation { get; set; }

    public string? LeaderId { get; set; }

    /// <summary>When the persisted state began, Unix milliseconds; -1 if nothing was ever persisted. Offsets expire
    /// from it.</summary>
    public long StateTimestampMs { get; set; } = -1;

    /// <summary>In order of joining: the first is the leader when the leader is gone.</summary>
    public OrderedDictionary<string, GroupMember> Members { get; } = new(StringComparer.Ordinal);

    /// <summary>Instance id to member id (KIP-345).</summary>
    public Dictionary<string, string> StaticMembers { get; } = new(StringComparer.Ordinal);

    /// <summary>Member ids that were handed out with MEMBER_ID_REQUIRED and are not used yet (KIP-394).</summary>
    public Dictionary<string, CoordinatorTimer> PendingMembers { get; } = new(StringComparer.Ordinal);

    public CoordinatorTimer? JoinTimer { get; set; }

    public CoordinatorTimer? SyncTimer { get; set; }

    /// <summary>True while the first rebalance waits for more members (group.initial.rebalance.delay.ms).</summary>
    public bool IsInitialDelay { get; set; }

    public bool NewMemberAdded { get; set; }

    /// <summary>Changed by replaying records only.</summary>
    public Dictionary<TopicPartition, CommittedOffset> Offsets { get; } = [];

    public bool IsLeader(string memberId) => LeaderId is not null && LeaderId == memberId;

    public bool AllMembersJoined
    {
        get
        {
            if (PendingMembers.Count > 0) return false;
            foreach (var member in Members.Values)
            {
                if (member.ParkedJoin is null) return false;
            }

            return true;
        }
    }

    public int RebalanceTimeoutMs
    {
        get
        {
            var longest = 0;
            foreach (var member in Members.Values) longest = Math.Max(longest, member.RebalanceTimeoutMs);
            return longest;
        }
    }

    public int CountJoining
    {
        get
        {
            var count = 0;
            foreach (var member in Members.Values)
            {
                if (member.ParkedJoin is not null) count++;
            }

            return count;
        }
    }

    /// <summary>True if a member of this type that lists these protocols would leave at least one that all
    /// support.</summary>
    public bool Supports(string protocolType, List<JoinGroupRequest.JoinGroupRequestProtocol> protocols)
    {
        if (protocolType.Length == 0 || protocols.Count == 0) return false;
        if (State == GroupState.Empty || Members.Count == 0) return true;
        if (ProtocolType != protocolType) return false;
        foreach (var protocol in protocols)
        {
            if (IsSupportedByAll(protocol.Name)) return true;
        }

        return false;
    }

    /// <summary>The protocol of the next generation: of those that all members support, the one that most members list
    /// first; null if there is none.</summary>
    public string? SelectProtocol()
    {
        if (Members.Count == 0) return null;
        // What all support is among what the first one lists.
        Dictionary<string, int> votes = new(StringComparer.Ordinal);
        foreach (var (name, _) in Members.GetAt(0).Value.Protocols)
        {
            if (IsSupportedByAll(name)) votes[name] = 0;
        }

        string? best = null;
        var bestVotes = 0;
        foreach (var member in Members.Values)
        {
            foreach (var (name, _) in member.Protocols)
            {
                if (!votes.TryGetValue(name, out var count)) continue;
                votes[name] = ++count;
                if (count > bestVotes) (best, bestVotes) = (name, count);
                break;
            }
        }

        return best;
    }

    bool IsSupportedByAll(string protocol)
    {
        foreach (var member in Members.Values)
        {
            if (member.MetadataOf(protocol) is null) return false;
        }

        return true;
    }
}
