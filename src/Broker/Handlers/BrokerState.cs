using Microsoft.Extensions.Logging;
using Millrace.Broker.Coordination;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Handlers;

/// <summary>What handlers work on.</summary>
sealed record BrokerState(
    BrokerOptions Options,
    LogManager Logs,
    CoordinatorLoop Groups,
    ProducerIds ProducerIds,
    TimeProvider Time,
    BufferPool Pool,
    ILogger Logger)
{
    public int NodeId => Logs.NodeId;

    public string ClusterId => Logs.ClusterId;

    public TopicCatalog Topics => Logs.Topics;

    public long NowMs => Time.GetUtcNow().ToUnixTimeMilliseconds();

    public static bool IsInternal(string topic) => topic is KafkaBroker.OffsetsTopic or "__transaction_state";

    /// <summary>The topic that a request names: by id from the version on that has ids, else by name.</summary>
    public TopicEntry? Find(string name, Guid id, bool byId) => byId ? Topics.Find(id) : Topics.Find(name);

    /// <summary>What a partition that is not there is answered with.</summary>
    public static ErrorCode Unknown(TopicEntry? topic, bool byId) =>
        topic is null && byId ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;

    /// <summary>The log of a partition of a known topic, or why there is none.</summary>
    public PartitionLog? Open(TopicEntry topic, int partition, out ErrorCode error)
    {
        error = ErrorCode.None;
        if (Logs.Find(topic.Name, partition) is { } log) return log;
        error = partition >= 0 && partition < topic.Partitions
            ? ErrorCode.KafkaStorageError
            : ErrorCode.UnknownTopicOrPartition;
        return null;
    }

    /// <summary>KIP-320: the client's idea of the leader epoch against the log's.</summary>
    public static ErrorCode CheckEpoch(PartitionLog log, int epoch)
    {
        if (epoch < 0) return ErrorCode.None;
        var current = Math.Max(log.LeaderEpoch, 0);
        if (epoch == current) return ErrorCode.None;
        return epoch < current ? ErrorCode.FencedLeaderEpoch : ErrorCode.UnknownLeaderEpoch;
    }

    /// <summary>Creates a topic, or says why not. One that appeared meanwhile is not a failure of
    /// auto-creation.</summary>
    public (ErrorCode Error, string? Message) TryCreate(
        string name, int partitions, IEnumerable<KeyValuePair<string, string?>> settings, bool validateOnly)
    {
        if (TopicNames.Check(name) is { } wrong) return (ErrorCode.InvalidTopicException, wrong);
        if (Topics.Find(name) is not null) return (ErrorCode.TopicAlreadyExists, $"Topic '{name}' already exists.");
        if (Topics.FindCollision(name) is { } other)
        {
            return (ErrorCode.InvalidTopicException,
                $"Topic '{name}' collides with existing topic '{other}': names may not differ only in '.' and '_'.");
        }

        if (partitions < 1) return (ErrorCode.InvalidPartitions, "Number of partitions must be larger than 0.");
        var there = Topics.All.Values.Sum(static t => (long)t.Partitions);
        if (there + partitions > Options.Limits.MaxPartitions)
        {
            return (ErrorCode.InvalidPartitions,
                $"{there} partitions exist and {partitions} are asked for; "
                + $"the limit is {Options.Limits.MaxPartitions} (Limits.MaxPartitions).");
        }

        var list = settings.ToList();
        if (Logs.CheckSettings(list) is { } invalid) return (ErrorCode.InvalidConfig, invalid);
        if (validateOnly) return default;
        try
        {
            Logs.CreateTopic(name, partitions, list);
            LogMessages.TopicCreated(Logger, name, partitions);
            return default;
        }
        catch (ArgumentException e)
        {
            return (ErrorCode.InvalidPartitions, e.Message);
        }
        catch (InvalidOperationException)
        {
            return (ErrorCode.TopicAlreadyExists, $"Topic '{name}' already exists.");
        }
        catch (StorageException e)
        {
            return (ErrorCode.KafkaStorageError, e.Message);
        }
    }
}
