using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>OffsetCommit 2-10. Partitions that do not exist are answered here; the group coordinator sees the others.
/// 9: member epochs and GROUP_ID_NOT_FOUND. 10: topics by id.</summary>
sealed class OffsetCommit(BrokerState state)
    : RequestHandler<OffsetCommitRequest, OffsetCommitResponse>(min: 2, max: 10)
{
    protected override async ValueTask<OffsetCommitResponse?> HandleAsync(
        OffsetCommitRequest request, RequestContext context)
    {
        var refused = Split(request, byId: context.Version >= 10);
        var caller = GroupCallers.Of(context);
        var response = await state.Groups.CallAsync<OffsetCommitResponse>(
            (groups, now, step, reply) => groups.Commit(request, caller, reply, now, step),
            error => GroupCoordinator.CommitError(request, error),
            context.Closed).ConfigureAwait(false);
        if (refused is not null) Merge(response, refused);
        return response;
    }

    // Takes what does not exist out of the request, names what has an id only, and returns the answers to what was
    // taken out.
    List<OffsetCommitResponse.OffsetCommitResponseTopic>? Split(OffsetCommitRequest request, bool byId)
    {
        List<OffsetCommitResponse.OffsetCommitResponseTopic>? refused = null;
        for (var t = request.Topics.Count - 1; t >= 0; t--)
        {
            var topic = request.Topics[t];
            var entry = state.Find(topic.Name, topic.TopicId, byId);
            if (entry is not null) topic.Name = entry.Name;
            OffsetCommitResponse.OffsetCommitResponseTopic? answer = null;
            for (var p = topic.Partitions.Count - 1; p >= 0; p--)
            {
                var partition = topic.Partitions[p].PartitionIndex;
                if (Exists(entry, partition)) continue;
                answer ??= new OffsetCommitResponse.OffsetCommitResponseTopic
                {
                    Name = topic.Name,
                    TopicId = topic.TopicId,
                };
                answer.Partitions.Insert(0, new OffsetCommitResponse.OffsetCommitResponsePartition
                {
                    PartitionIndex = partition,
                    ErrorCode = BrokerState.Unknown(entry, byId),
                });
                topic.Partitions.RemoveAt(p);
            }

            if (answer is null) continue;
            (refused ??= []).Insert(0, answer);
            if (topic.Partitions.Count == 0) request.Topics.RemoveAt(t);
        }

        return refused;
    }

    static bool Exists(TopicEntry? topic, int partition) => topic is not null && partition >= 0
        && partition < topic.Partitions;

    static void Merge(OffsetCommitResponse response, List<OffsetCommitResponse.OffsetCommitResponseTopic> refused)
    {
        foreach (var topic in refused)
        {
            var there = response.Topics.Find(t => t.Name == topic.Name && t.TopicId == topic.TopicId);
            if (there is null) response.Topics.Add(topic);
            else there.Partitions.AddRange(topic.Partitions);
        }
    }
}
