using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>CreateTopics 2-7. Every topic gets its own result. 4: -1 means the broker's defaults (KIP-464). 5: the
/// answer carries the settings (KIP-525). 7: topic ids.</summary>
sealed class CreateTopics(BrokerState state)
    : RequestHandler<CreateTopicsRequest, CreateTopicsResponse>(min: 2, max: 7)
{
    protected override ValueTask<CreateTopicsResponse?> HandleAsync(CreateTopicsRequest request, RequestContext context)
    {
        var response = new CreateTopicsResponse();
        Dictionary<string, int> times = new(StringComparer.Ordinal);
        foreach (var topic in request.Topics) times[topic.Name] = times.GetValueOrDefault(topic.Name) + 1;
        foreach (var topic in request.Topics)
        {
            if (!times.Remove(topic.Name, out var count)) continue;
            response.Topics.Add(count > 1
                ? Refuse(topic.Name, ErrorCode.InvalidRequest, "Duplicate topic name.")
                : Create(topic, request.ValidateOnly));
        }

        return new ValueTask<CreateTopicsResponse?>(response);
    }

    CreateTopicsResponse.CreatableTopicResult Create(CreateTopicsRequest.CreatableTopic topic, bool validateOnly)
    {
        // The name first: it is what every other message would have to quote.
        if (TopicNames.Check(topic.Name) is { } wrong)
            return Refuse(topic.Name, ErrorCode.InvalidTopicException, wrong);
        if (state.Topics.Find(topic.Name) is not null)
            return Refuse(topic.Name, ErrorCode.TopicAlreadyExists, $"Topic '{topic.Name}' already exists.");
        var (error, message) = CheckShape(topic, out var partitions);
        if (error == ErrorCode.None)
        {
            (error, message) = state.TryCreate(
                topic.Name,
                partitions,
                topic.Configs.Select(static c => new KeyValuePair<string, string?>(c.Name, c.Value)),
                validateOnly);
        }

        if (error != ErrorCode.None) return Refuse(topic.Name, error, message);
        var entry = validateOnly ? null : state.Topics.Find(topic.Name);
        var result = new CreateTopicsResponse.CreatableTopicResult
        {
            Name = topic.Name,
            TopicId = entry?.Id ?? Guid.Empty,
            NumPartitions = partitions,
            ReplicationFactor = 1,
            Configs = [],
        };
        Dictionary<string, string> settings = new(StringComparer.Ordinal);
        foreach (var config in topic.Configs)
        {
            if (config.Value is { } value) settings[config.Name] = value;
        }

        foreach (var value in ConfigValues.OfTopic(state.Options, settings))
        {
            result.Configs.Add(new CreateTopicsResponse.CreatableTopicConfigs
            {
                Name = value.Name,
                Value = value.Value,
                ReadOnly = false,
                ConfigSource = (sbyte)value.Source,
            });
        }

        return result;
    }

    (ErrorCode Error, string? Message) CheckShape(CreateTopicsRequest.CreatableTopic topic, out int partitions)
    {
        partitions = topic.NumPartitions == -1 ? state.Options.DefaultPartitions : topic.NumPartitions;
        if (topic.Assignments.Count > 0) return CheckAssignments(topic, out partitions);
        if (partitions < 1) return (ErrorCode.InvalidPartitions, "Number of partitions must be larger than 0.");
        if (topic.ReplicationFactor is -1 or 1
            || (topic.ReplicationFactor > 1 && state.Options.ClampReplicationFactor)) return default;
        return topic.ReplicationFactor > 1
            ? (ErrorCode.InvalidReplicationFactor,
                $"Replication factor {topic.ReplicationFactor} is larger than the number of brokers, 1: this broker is "
                + "one node and never keeps a second copy. Ask for 1 or -1, or start it with ClampReplicationFactor to "
                + "have every factor taken for 1.")
            : (ErrorCode.InvalidReplicationFactor, "Replication factor must be larger than 0.");
    }

    (ErrorCode Error, string? Message) CheckAssignments(CreateTopicsRequest.CreatableTopic topic, out int partitions)
    {
        partitions = topic.Assignments.Count;
        if (topic.NumPartitions != -1 || topic.ReplicationFactor != -1)
        {
            return (ErrorCode.InvalidRequest,
                "With replicas by hand, the number of partitions and the replication factor must both be -1.");
        }

        Dictionary<int, CreateTopicsRequest.CreatableReplicaAssignment> byIndex = [];
        foreach (var assignment in topic.Assignments) byIndex.TryAdd(assignment.PartitionIndex, assignment);
        for (var i = 0; i < partitions; i++)
        {
            if (!byIndex.TryGetValue(i, out var assignment))
                return (ErrorCode.InvalidReplicaAssignment,
                    $"Partitions must be numbered from 0 without gaps: {i} is missing.");
            if (assignment.BrokerIds is not [var only] || only != state.NodeId)
            {
                return (ErrorCode.InvalidReplicaAssignment,
                    $"Partition {i} must have broker {state.NodeId}, the only one, as its only replica.");
            }
        }

        return default;
    }

    static CreateTopicsResponse.CreatableTopicResult Refuse(string name, ErrorCode error, string? message) => new()
    {
        Name = name,
        ErrorCode = error,
        ErrorMessage = message,
        Configs = [],
    };
}
