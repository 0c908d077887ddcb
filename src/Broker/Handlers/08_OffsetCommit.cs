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
        foreach (var topic in request.Topics)
        {
            var entry = state.Find(topic.Name, topic.TopicId, byId);
            if (entry is not null) topic.Name = entry.Name;
            OffsetCommitResponse.OffsetCommitResponseTopic? answer = null;
            topic.Partitions.RemoveAll(partition =>
            {
                if (Exists(entry, partition.PartitionIndex)) return false;
                answer ??= new OffsetCommitResponse.OffsetCommitResponseTopic
                {
                    Name = topic.Name,
                    TopicId = topic.TopicId,
                };
                answer.Partitions.Add(new OffsetCommitResponse.OffsetCommitResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    ErrorCode = BrokerState.Unknown(entry, byId),
                });
                return true;
            });
            if (answer is not null) (refused ??= []).Add(answer);
        }

        if (refused is not null) request.Topics.RemoveAll(static t => t.Partitions.Count == 0);
        return refused;
    }

    static bool Exists(TopicEntry? topic, int partition) => topic is not null && partition >= 0
        && partition < topic.Partitions;

    static void Merge(OffsetCommitResponse response, List<OffsetCommitResponse.OffsetCommitResponseTopic> refused)
    {
        Dictionary<(string, Guid), OffsetCommitResponse.OffsetCommitResponseTopic> answered = [];
        foreach (var topic in response.Topics) answered.TryAdd((topic.Name, topic.TopicId), topic);
        foreach (var topic in refused)
        {
            if (answered.TryGetValue((topic.Name, topic.TopicId), out var there))
                there.Partitions.AddRange(topic.Partitions);
            else response.Topics.Add(topic);
        }
    }
}
