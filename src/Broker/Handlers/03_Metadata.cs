using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>Metadata 0-13. Null asks for all topics and an empty list for none (in version 0: empty for all). Creates a
/// topic that is asked for by name if both the client and <see cref="BrokerOptions.AutoCreateTopics"/> allow it. 10:
/// topic ids; 12: look-up by id.</summary>
sealed class Metadata(BrokerState state) : RequestHandler<MetadataRequest, MetadataResponse>(min: 0, max: 13)
{
    protected override ValueTask<MetadataResponse?> HandleAsync(MetadataRequest request, RequestContext context)
    {
        var response = new MetadataResponse { ClusterId = state.ClusterId, ControllerId = state.NodeId };
        response.Brokers.Add(new MetadataResponse.MetadataResponseBroker
        {
            NodeId = state.NodeId,
            Host = context.Advertised.Host,
            Port = context.Advertised.Port,
        });
        if (request.IncludeClusterAuthorizedOperations)
            response.ClusterAuthorizedOperations = AuthorizedOperations.OfCluster;

        var wantsAll = request.Topics is null || (context.Version == 0 && request.Topics.Count == 0);
        if (wantsAll)
        {
            foreach (var topic in state.Topics.All.Values) response.Topics.Add(Describe(topic));
        }
        else
        {
            foreach (var wanted in request.Topics!) response.Topics.Add(Find(wanted, request, context.Version));
        }

        if (request.IncludeTopicAuthorizedOperations)
        {
            foreach (var topic in response.Topics)
            {
                if (topic.ErrorCode == ErrorCode.None) topic.TopicAuthorizedOperations = AuthorizedOperations.OfTopic;
            }
        }

        return new ValueTask<MetadataResponse?>(response);
    }

    MetadataResponse.MetadataResponseTopic Find(
        MetadataRequest.MetadataRequestTopic wanted, MetadataRequest request, short version)
    {
        if (wanted.Name is not { } name)
        {
            return state.Topics.Find(wanted.TopicId) is { } byId
                ? Describe(byId)
                : Error(null, wanted.TopicId, ErrorCode.UnknownTopicId, version);
        }

        if (state.Topics.Find(name) is { } topic) return Describe(topic);
        if (TopicNames.Check(name) is not null)
            return Error(name, wanted.TopicId, ErrorCode.InvalidTopicException, version);
        // Below version 4 a client cannot say no.
        var mayCreate = state.Options.AutoCreateTopics && (version < 4 || request.AllowAutoTopicCreation);
        if (!mayCreate || BrokerState.IsInternal(name))
            return Error(name, wanted.TopicId, ErrorCode.UnknownTopicOrPartition, version);
        var (error, _) = state.TryCreate(name, state.Options.DefaultPartitions, [], validateOnly: false);
        if (error is ErrorCode.None or ErrorCode.TopicAlreadyExists && state.Topics.Find(name) is { } created)
            return Describe(created);
        return Error(name, wanted.TopicId, error, version);
    }

    static MetadataResponse.MetadataResponseTopic Error(string? name, Guid id, ErrorCode error, short version) => new()
    {
        Name = name ?? (version < 12 ? "" : null),
        TopicId = id,
        ErrorCode = error,
        IsInternal = name is not null && BrokerState.IsInternal(name),
    };

    MetadataResponse.MetadataResponseTopic Describe(TopicEntry topic)
    {
        var answer = new MetadataResponse.MetadataResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = BrokerState.IsInternal(topic.Name),
        };
        for (var i = 0; i < topic.Partitions; i++)
        {
            var log = state.Logs.Find(topic.Name, i);
            var isOnline = log is { Fault: ErrorCode.None };
            answer.Partitions.Add(new MetadataResponse.MetadataResponsePartition
            {
                ErrorCode = isOnline ? ErrorCode.None : ErrorCode.LeaderNotAvailable,
                PartitionIndex = i,
                LeaderId = isOnline ? state.NodeId : -1,
                LeaderEpoch = Math.Max(log?.LeaderEpoch ?? 0, 0),
                ReplicaNodes = [state.NodeId],
                IsrNodes = [state.NodeId],
                OfflineReplicas = isOnline ? [] : [state.NodeId],
            });
        }

        return answer;
    }
}
