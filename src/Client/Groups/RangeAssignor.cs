using Millrace.Protocol;

namespace Millrace.Client.Groups;

sealed class RangeAssignor : PartitionAssignor
{
    public override string Name => "range";

    public override bool IsCooperative => false;

    internal override Dictionary<string, List<TopicPartition>> Assign(
        IReadOnlyList<MemberSubscription> members, IReadOnlyDictionary<string, int> partitionCounts)
    {
        var result = Empty(members);
        var ordered = Ordered(members);
        foreach (var topic in Topics(members))
        {
            if (!partitionCounts.TryGetValue(topic, out var count))
                continue;
            var subscribed = ordered.FindAll(m => m.Topics.Contains(topic));
            var (each, extra) = Math.DivRem(count, subscribed.Count);
            var next = 0;
            for (var i = 0; i < subscribed.Count; i++)
            {
                var end = next + each + (i < extra ? 1 : 0);
                for (; next < end; next++)
                    result[subscribed[i].MemberId].Add(new TopicPartition(topic, next));
            }
        }
        return result;
    }
}
