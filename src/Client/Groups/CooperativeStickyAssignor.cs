using System.Buffers.Binary;
using Millrace.Protocol;

namespace Millrace.Client.Groups;

/// <summary>KIP-429. The target is balanced and keeps what members hold; then every partition that somebody else still
/// holds is left out of this round, so that its holder gives it up and the next round hands it over.</summary>
sealed class CooperativeStickyAssignor : PartitionAssignor
{
    public override string Name => "cooperative-sticky";

    public override bool IsCooperative => true;

    /// <summary>One int32, the generation: members that read subscriptions below version 2 find it only here.</summary>
    internal override ReadOnlyMemory<byte>? UserData(int generation)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, generation);
        return bytes;
    }

    internal override Dictionary<string, List<TopicPartition>> Assign(
        IReadOnlyList<MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts)
    {
        var ordered = Ordered(members);
        var claims = Claims.Of(ordered, partitionCounts);
        var balancer = new StickyBalancer(ordered, partitionCounts, claims.Valid);
        var result = Empty(members);
        foreach (var (partition, owner) in balancer.Balance())
        {
            if (claims.Valid.TryGetValue(partition, out var holder)
                ? holder == owner : !claims.HeldByOther(partition, owner))
                result[ordered[owner].MemberId].Add(partition);
        }
        foreach (var list in result.Values)
            list.Sort(TopicPartitions.Order);
        return result;
    }

    /// <summary>Who holds what: by the claims of the newest generation per partition. Two claims of one generation
    /// contradict each other, and neither counts.</summary>
    sealed class Claims
    {
        readonly Dictionary<TopicPartition, List<int>> _claimants = [];

        /// <summary>Partition → index of its undisputed holder, who still subscribes to it.</summary>
        public Dictionary<TopicPartition, int> Valid { get; } = [];

        public bool HeldByOther(TopicPartition partition, int member) =>
            _claimants.TryGetValue(partition, out var list) && (list.Count > 1 || list[0] != member);

        public static Claims Of(List<MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts)
        {
            var claims = new Claims();
            for (var i = 0; i < members.Count; i++)
            {
                foreach (var partition in members[i].Owned)
                {
                    if (!claims._claimants.TryGetValue(partition, out var list))
                        claims._claimants[partition] = list = [];
                    if (!list.Contains(i))
                        list.Add(i);
                }
            }
            foreach (var (partition, list) in claims._claimants)
            {
                var newest = list.MaxBy(i => members[i].Generation);
                var undisputed = list.TrueForAll(i => i == newest
                    || members[i].Generation < members[newest].Generation);
                if (undisputed && members[newest].Topics.Contains(partition.Topic)
                    && partitionCounts.TryGetValue(partition.Topic, out var count) && partition.Partition < count)
                    claims.Valid[partition] = newest;
            }
            return claims;
        }
    }
}
