using Millrace.Protocol;

namespace Millrace.Client.Groups;

/// <summary>How the leader of a classic group divides partitions among its members. The names are Kafka's own, so
/// members written with other clients share one group. A group uses a strategy that all its members list.</summary>
public abstract class PartitionAssignor
{
    private protected PartitionAssignor()
    {
    }

    /// <summary>Per topic, contiguous ranges: partition n of co-partitioned topics goes to the same member.
    /// Eager.</summary>
    public static PartitionAssignor Range { get; } = new RangeAssignor();

    /// <summary>All partitions dealt out in turn. Eager.</summary>
    public static PartitionAssignor RoundRobin { get; } = new RoundRobinAssignor();

    /// <summary>Balanced, and members keep what they have; a partition moves only after its old owner gave it up, and
    /// everybody else goes on consuming meanwhile (KIP-429).</summary>
    public static PartitionAssignor CooperativeSticky { get; } = new CooperativeStickyAssignor();

    /// <summary>The name in the group's protocol, for example <c>range</c>.</summary>
    public abstract string Name { get; }

    /// <summary>True if members keep their partitions while they rejoin.</summary>
    public abstract bool IsCooperative { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>What this strategy adds to a member's subscription.</summary>
    internal virtual ReadOnlyMemory<byte>? UserData(int generation) => null;

    /// <summary>Divides. Every member gets an entry, maybe an empty one. Same input, same answer.</summary>
    /// <param name="members">All members, in any order.</param>
    /// <param name="partitionCounts">Of every topic that exists; a topic that is missing gets no partitions.</param>
    internal abstract Dictionary<string, List<TopicPartition>> Assign(
        IReadOnlyList<MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts);

    private protected static Dictionary<string, List<TopicPartition>> Empty(IReadOnlyList<MemberSubscription> members)
    {
        var result = new Dictionary<string, List<TopicPartition>>(members.Count, StringComparer.Ordinal);
        foreach (var member in members)
            result[member.MemberId] = [];
        return result;
    }

    /// <summary>Static members first, by instance id, so that a restart (new member id) changes nothing; then the
    /// rest.</summary>
    private protected static List<MemberSubscription> Ordered(IReadOnlyList<MemberSubscription> members)
    {
        var sorted = new List<MemberSubscription>(members);
        sorted.Sort(static (a, b) => (a.InstanceId, b.InstanceId) switch
        {
            ({ } x, { } y) => string.CompareOrdinal(x, y),
            ({ }, null) => -1,
            (null, { }) => 1,
            _ => string.CompareOrdinal(a.MemberId, b.MemberId),
        });
        return sorted;
    }

    private protected static List<string> Topics(IReadOnlyList<MemberSubscription> members)
    {
        var topics = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var member in members)
            topics.UnionWith(member.Topics);
        return [.. topics];
    }
}

/// <summary>What one member told the group.</summary>
/// <param name="MemberId">The id that the coordinator gave it.</param>
/// <param name="InstanceId">The static member's name (KIP-345), or null.</param>
/// <param name="Topics">What it subscribes to.</param>
/// <param name="Owned">What it holds while it joins; empty for eager members.</param>
/// <param name="Generation">The generation in which it got them; -1 if unknown.</param>
sealed record MemberSubscription(
    string MemberId,
    string? InstanceId,
    IReadOnlyCollection<string> Topics,
    IReadOnlyList<TopicPartition> Owned,
    int Generation);
