using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>OffsetFetch 1-10. Null topics ask for all (2). 8: several groups at once. 10: topics by id. What was never
/// committed is answered with offset -1 and no error.</summary>
sealed class OffsetFetch(BrokerState state)
    : RequestHandler<OffsetFetchRequest, OffsetFetchResponse>(min: 1, max: 10)
{
    protected override async ValueTask<OffsetFetchResponse?> HandleAsync(
        OffsetFetchRequest request, RequestContext context)
    {
        var isBatched = context.Version >= 8;
        if (!isBatched) request.Groups.Add(Lift(request));
        if (context.Version >= 10) NameTopics(request);
        var response = await state.Groups.CallAsync<OffsetFetchResponse>(
            (groups, _, step, reply) => step.Reply(reply, Fetch(groups, request)),
            error => Failed(request, error),
            context.Closed).ConfigureAwait(false);
        if (context.Version >= 10) AddIds(response);
        return isBatched ? response : Lower(response);
    }

    static OffsetFetchResponse Fetch(GroupCoordinator groups, OffsetFetchRequest request)
    {
        var response = new OffsetFetchResponse();
        foreach (var group in request.Groups)
        {
            response.Groups.Add(group.GroupId.Length == 0
                ? new OffsetFetchResponse.OffsetFetchResponseGroup { ErrorCode = ErrorCode.InvalidGroupId }
                : groups.FetchOffsets(group.GroupId, group.Topics));
        }

        return response;
    }

    static OffsetFetchResponse Failed(OffsetFetchRequest request, ErrorCode error)
    {
        var response = new OffsetFetchResponse();
        foreach (var group in request.Groups)
        {
            response.Groups.Add(new OffsetFetchResponse.OffsetFetchResponseGroup
            {
                GroupId = group.GroupId,
                ErrorCode = error,
            });
        }

        return response;
    }

    void NameTopics(OffsetFetchRequest request)
    {
        foreach (var group in request.Groups)
        {
            foreach (var topic in group.Topics ?? []) topic.Name = state.Topics.Find(topic.TopicId)?.Name ?? "";
        }
    }

    // A topic that was asked for by an unknown id, or that is gone since its offsets were committed.
    void AddIds(OffsetFetchResponse response)
    {
        foreach (var group in response.Groups)
        {
            for (var i = group.Topics.Count - 1; i >= 0; i--)
            {
                var topic = group.Topics[i];
                if (topic.Name.Length == 0)
                {
                    foreach (var partition in topic.Partitions) partition.ErrorCode = ErrorCode.UnknownTopicId;
                }
                else if (topic.TopicId == Guid.Empty)
                {
                    if (state.Topics.Find(topic.Name) is { } entry) topic.TopicId = entry.Id;
                    else group.Topics.RemoveAt(i);
                }

                // The version has no names.
                topic.Name = "";
            }
        }
    }

    // Versions below 8 ask for one group, in fields of their own.
    static OffsetFetchRequest.OffsetFetchRequestGroup Lift(OffsetFetchRequest request)
    {
        var group = new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = request.GroupId };
        if (request.Topics is null)
        {
            group.Topics = null;
            return group;
        }

        group.Topics = [];
        foreach (var topic in request.Topics)
        {
            group.Topics.Add(new OffsetFetchRequest.OffsetFetchRequestTopics
            {
                Name = topic.Name,
                PartitionIndexes = topic.PartitionIndexes,
            });
        }

        return group;
    }

    static OffsetFetchResponse Lower(OffsetFetchResponse lifted)
    {
        var group = lifted.Groups[0];
        var response = new OffsetFetchResponse { ErrorCode = group.ErrorCode };
        foreach (var topic in group.Topics)
        {
            var answer = new OffsetFetchResponse.OffsetFetchResponseTopic { Name = topic.Name };
            foreach (var partition in topic.Partitions)
            {
                answer.Partitions.Add(new OffsetFetchResponse.OffsetFetchResponsePartition
                {
                    PartitionIndex = partition.PartitionIndex,
                    CommittedOffset = partition.CommittedOffset,
                    CommittedLeaderEpoch = partition.CommittedLeaderEpoch,
                    Metadata = partition.Metadata,
                    ErrorCode = partition.ErrorCode,
                });
            }

            response.Topics.Add(answer);
        }

        return response;
    }
}
