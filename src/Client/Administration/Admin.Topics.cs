using Millrace.Client.Metadata;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Administration;

/// <summary>A topic to be made.</summary>
/// <param name="Name">Its name: up to 249 letters, digits, '.', '_' and '-'.</param>
/// <param name="Partitions">How many partitions; -1 = the broker's default.</param>
/// <param name="ReplicationFactor">How many replicas of each; -1 = the broker's default.</param>
public sealed record NewTopic(string Name, int Partitions = -1, short ReplicationFactor = -1)
{
    /// <summary>Configurations that differ from the broker's defaults, for example <c>retention.ms</c>.</summary>
    public IReadOnlyDictionary<string, string>? Configs { get; init; }
}

/// <summary>What became of one topic of a call.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Id">Its id, empty if the broker tells none.</param>
/// <param name="Error">Why it failed, or null.</param>
public sealed record TopicResult(string Name, Guid Id, ItemError? Error);

/// <summary>A topic and its partitions.</summary>
/// <param name="Name">The topic's name.</param>
/// <param name="Id">Its id, empty if the broker has none.</param>
/// <param name="IsInternal">It is one of the broker's own, such as <c>__consumer_offsets</c>.</param>
/// <param name="Partitions">The partitions, by number.</param>
/// <param name="Error">Why it could not be described, or null.</param>
public sealed record TopicDescription(
    string Name, Guid Id, bool IsInternal, IReadOnlyList<PartitionDescription> Partitions, ItemError? Error);

/// <summary>A partition.</summary>
/// <param name="Index">Its number.</param>
/// <param name="Leader">The leader's node id, -1 if there is none.</param>
/// <param name="Replicas">Node ids of all replicas, the preferred leader first.</param>
/// <param name="InSync">Node ids of the replicas in sync.</param>
public sealed record PartitionDescription(
    int Index, int Leader, IReadOnlyList<int> Replicas, IReadOnlyList<int> InSync);

/// <summary>Topics.</summary>
public sealed partial class Admin
{
    /// <summary>Makes topics. A topic that exists already is an error of its own
    /// (<see cref="ErrorCode.TopicAlreadyExists"/>).</summary>
    /// <param name="topics">The topics.</param>
    /// <param name="validateOnly">Only check whether it would work.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>One result per topic, in the order of the call.</returns>
    /// <exception cref="KafkaConnectionException">No broker answered in time.</exception>
    public async ValueTask<IReadOnlyList<TopicResult>> CreateTopicsAsync(
        IEnumerable<NewTopic> topics, bool validateOnly = false, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(topics);
        var asked = topics.ToList();
        var request = new CreateTopicsRequest { TimeoutMs = BrokerTimeoutMs, ValidateOnly = validateOnly };
        foreach (var topic in asked)
        {
            request.Topics.Add(new CreateTopicsRequest.CreatableTopic
            {
                Name = topic.Name,
                NumPartitions = topic.Partitions,
                ReplicationFactor = topic.ReplicationFactor,
                Configs = [.. (topic.Configs ?? new Dictionary<string, string>()).Select(static c =>
                    new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
            });
        }
        var response = await _core.SendToControllerAsync<CreateTopicsRequest, CreateTopicsResponse>(
            request, static r => FirstRoutingError(r.Topics.Select(static t => t.ErrorCode)),
                cancellation: cancellation)
            .ConfigureAwait(false);
        return asked.ConvertAll(topic => response.Topics.Find(t => t.Name == topic.Name) is { } answer
            ? new TopicResult(topic.Name, answer.TopicId, ErrorOf(answer.ErrorCode, answer.ErrorMessage))
            : new TopicResult(topic.Name, Guid.Empty, LeftOut()));
    }

    /// <summary>Makes one topic.</summary>
    /// <exception cref="KafkaServerException">It could not be made.</exception>
    public async ValueTask CreateTopicAsync(
        string name, int partitions = -1, short replicationFactor = -1, CancellationToken cancellation = default)
    {
        var results = await CreateTopicsAsync(
            [new NewTopic(name, partitions, replicationFactor)], cancellation: cancellation)
            .ConfigureAwait(false);
        if (results[0].Error is { } error)
        {
            throw new KafkaServerException(error.Code, $"the topic '{name}' could not be created. {error.Text}");
        }
    }

    /// <summary>Deletes topics and all their records.</summary>
    /// <returns>One result per topic, in the order of the call.</returns>
    public async ValueTask<IReadOnlyList<TopicResult>> DeleteTopicsAsync(
        IEnumerable<string> topics, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(topics);
        var asked = topics.ToList();
        var response = await _core.SendToControllerAsync<DeleteTopicsRequest, DeleteTopicsResponse>(
            new DeleteTopicsRequest { TopicNames = asked, TimeoutMs = BrokerTimeoutMs },
            static r => FirstRoutingError(r.Responses.Select(static t => t.ErrorCode)), LastDeleteVersionWithNames,
            cancellation: cancellation).ConfigureAwait(false);
        return asked.ConvertAll(name => response.Responses.Find(t => t.Name == name) is { } answer
            ? new TopicResult(name, answer.TopicId, ErrorOf(answer.ErrorCode, answer.ErrorMessage))
            : new TopicResult(name, Guid.Empty, LeftOut()));
    }

    /// <summary>Describes topics.</summary>
    /// <returns>One description per topic, in the order of the call; one that does not exist has its error.</returns>
    public async ValueTask<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(
        IEnumerable<string> topics, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(topics);
        var asked = topics.ToList();
        if (asked.Count == 0)
        {
            return [];
        }
        var view = await AskMetadataAsync(asked, cancellation).ConfigureAwait(false);
        return asked.ConvertAll(name => view.Topic(name) is { } topic
            ? Describe(topic)
            : new TopicDescription(name, Guid.Empty, false, [], LeftOut()));
    }

    /// <summary>Describes every topic that this client may see.</summary>
    /// <param name="includeInternal">Also the broker's own.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async ValueTask<IReadOnlyList<TopicDescription>> ListTopicsAsync(
        bool includeInternal = false, CancellationToken cancellation = default)
    {
        var view = await AskMetadataAsync(null, cancellation).ConfigureAwait(false);
        return [.. view.Topics.Values
            .Where(t => includeInternal || !t.IsInternal)
            .OrderBy(static t => t.Name, StringComparer.Ordinal)
            .Select(Describe)];
    }

    /// <summary>The controller answers within the request timeout; it may take nearly all of it.</summary>
    int BrokerTimeoutMs => (int)(_core.Options.RequestTimeout.TotalMilliseconds * 0.9);

    // Version 6 puts names and ids into one list; deleting by name needs nothing of it.
    const short LastDeleteVersionWithNames = 5;

    /// <summary>A view of just these topics, beside the shared one.</summary>
    async ValueTask<ClusterView> AskMetadataAsync(List<string>? topics, CancellationToken cancellation)
    {
        var request = new MetadataRequest
        {
            AllowAutoTopicCreation = false,
            Topics = topics?.ConvertAll(static t => new MetadataRequest.MetadataRequestTopic { Name = t }),
        };
        var response = await _core.SendToAnyAsync<MetadataRequest, MetadataResponse>(
            request, static r => r.ErrorCode, cancellation: cancellation).ConfigureAwait(false);
        return MetadataMerge.Apply(ClusterView.Empty, response, static _ => false);
    }

    static TopicDescription Describe(TopicView topic) => new(
        topic.Name, topic.Id, topic.IsInternal,
        [.. topic.Partitions.Select(static p => new PartitionDescription(p.Index, p.Leader, p.Replicas, p.InSync))],
        ErrorOf(topic.Error, null));

    static ItemError LeftOut() => new(ErrorCode.UnknownServerError, "The broker's answer leaves it out.");

    /// <summary>The error that concerns where the request went, not one item: it is retried as a whole.</summary>
    static ErrorCode FirstRoutingError(IEnumerable<ErrorCode> codes) =>
        codes.FirstOrDefault(static c => c is ErrorCode.NotController, ErrorCode.None);
}
