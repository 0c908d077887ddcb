using Millrace.Protocol;

namespace Millrace.Client.Groups;

sealed class RoundRobinAssignor : PartitionAssignor
{
    public override string Name => "roundrobin";

    public override bool IsCooperative => false;

    internal override Dictionary<string, List<TopicPartition>> Assign(
        IReadOnlyList<MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts)
    {
        var result = Empty(members);
        var ordered = Ordered(members);
        var next = 0;
        foreach (var topic in Topics(members))
        {
            partitionCounts.TryGetValue(topic, out var count);
            for (var partition = 0; partition < count; partition++)
            {
                while (!ordered[next].Topics.Contains(topic))
                    next = (next + 1) % ordered.Count;
                result[ordered[next].MemberId].Add(new TopicPartition(topic, partition));
                next = (next + 1) % ordered.Count;
            }
        }
        return result;
    }
}
