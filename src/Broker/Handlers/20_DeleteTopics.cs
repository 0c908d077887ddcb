using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>DeleteTopics 1-6. Committed offsets of a topic go with it. 6: by id.</summary>
sealed class DeleteTopics(BrokerState state)
    : RequestHandler<DeleteTopicsRequest, DeleteTopicsResponse>(min: 1, max: 6)
{
    protected override async ValueTask<DeleteTopicsResponse?> HandleAsync(
        DeleteTopicsRequest request, RequestContext context)
    {
        var response = new DeleteTopicsResponse();
        List<string> deleted = [];
        foreach (var topic in request.Topics)
        {
            response.Responses.Add(topic.Name is { } name
                ? Delete(name, state.Topics.Find(name), ErrorCode.UnknownTopicOrPartition, Guid.Empty, deleted)
                : Delete(null, state.Topics.Find(topic.TopicId), ErrorCode.UnknownTopicId, topic.TopicId, deleted));
        }

        foreach (var name in request.TopicNames)
            response.Responses.Add(
                Delete(name, state.Topics.Find(name), ErrorCode.UnknownTopicOrPartition, Guid.Empty, deleted));
        if (deleted.Count == 0) return response;
        return await state.Groups.CallAsync<DeleteTopicsResponse>(
            (groups, _, step, reply) =>
            {
                foreach (var topic in deleted) groups.OnTopicDeleted(topic, step);
                step.Reply(reply, response);
            },
            code => WithoutTombstones(response, deleted, code),
            context.Closed).ConfigureAwait(false);
    }

    // The topics are gone all the same; who makes them again must know what groups would go on from.
    static DeleteTopicsResponse WithoutTombstones(
        DeleteTopicsResponse response, List<string> deleted, ErrorCode code)
    {
        foreach (var result in response.Responses)
        {
            if (result.ErrorCode != ErrorCode.None || !deleted.Contains(result.Name!)) continue;
            result.ErrorCode = code;
            result.ErrorMessage = $"Topic '{result.Name}' is deleted, but not the offsets that groups committed for "
                + "it: delete those before a topic of that name is made again.";
        }

        return response;
    }

    DeleteTopicsResponse.DeletableTopicResult Delete(
        string? name, TopicEntry? topic, ErrorCode ifUnknown, Guid id, List<string> deleted)
    {
        var result = new DeleteTopicsResponse.DeletableTopicResult
        {
            Name = topic?.Name ?? name,
            TopicId = topic?.Id ?? id,
        };
        if (topic is null)
        {
            result.ErrorCode = ifUnknown;
            result.ErrorMessage = "This topic does not exist.";
            return result;
        }

        if (BrokerState.IsInternal(topic.Name))
        {
            result.ErrorCode = ErrorCode.InvalidTopicException;
            result.ErrorMessage = $"Topic '{topic.Name}' is the broker's own and cannot be deleted.";
            return result;
        }

        try
        {
            state.Logs.DeleteTopic(topic.Name);
            deleted.Add(topic.Name);
            LogMessages.TopicDeleted(state.Logger, topic.Name);
        }
        catch (InvalidOperationException)
        {
            result.ErrorCode = ifUnknown;
        }
        catch (StorageException e)
        {
            result.ErrorCode = ErrorCode.KafkaStorageError;
            result.ErrorMessage = e.Message;
        }

        return result;
    }
}
