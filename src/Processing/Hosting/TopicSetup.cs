using Millrace.Processing.DeadLetters;

namespace Millrace.Processing.Hosting;

/// <summary>
/// Makes sure, before anything is consumed, that the topics are there: a listener whose topic is missing or whose dead
/// letters have nowhere to go does not start.
/// </summary>
sealed class TopicSetup(ICluster cluster, MillraceOptions options, LogMessages log)
{
    /// <summary>Checks and creates the topics, and tells where dead letters go.</summary>
    /// <exception cref="MillraceStartException">A topic is missing and is not to be created.</exception>
    public async ValueTask<DeadLetterTargets> EnsureAsync(
        string groupId, IReadOnlyList<string> topics, DeadLetterOptions deadLetters, CancellationToken cancellation)
    {
        var wanted = new HashSet<string>(topics, StringComparer.Ordinal);
        if (deadLetters.Enabled)
        {
            wanted.UnionWith(topics.Select(deadLetters.TopicFor));
        }

        var counts = new Dictionary<string, int>(
            await cluster.PartitionCountsAsync(wanted, cancellation).ConfigureAwait(false), StringComparer.Ordinal);
        foreach (var topic in topics.Where(topic => !counts.ContainsKey(topic)))
        {
            if (!options.CreateTopics)
            {
                throw new MillraceStartException(
                    $"Consumer '{groupId}' cannot start: topic '{topic}' does not exist at "
                    + $"{options.BootstrapServers}. Create it, correct the name, "
                    + "or set Millrace:CreateTopics to true.");
            }

            await CreateAsync(topic, options.CreatePartitions, cancellation).ConfigureAwait(false);
            counts[topic] = options.CreatePartitions;
        }

        var targets = new DeadLetterTargets();
        if (deadLetters.Enabled)
        {
            await EnsureDeadLettersAsync(groupId, topics, deadLetters, counts, targets, cancellation)
                .ConfigureAwait(false);
        }

        return targets;
    }

    async ValueTask EnsureDeadLettersAsync(
        string groupId,
        IReadOnlyList<string> topics,
        DeadLetterOptions deadLetters,
        Dictionary<string, int> counts,
        DeadLetterTargets targets,
        CancellationToken cancellation)
    {
        foreach (var sources in topics.GroupBy(deadLetters.TopicFor, StringComparer.Ordinal))
        {
            // As many partitions as the largest source: each record keeps its partition's number.
            var partitions = sources.Max(source => counts[source]);
            if (!counts.TryGetValue(sources.Key, out var existing))
            {
                if (!deadLetters.Create)
                {
                    throw new MillraceStartException($"Consumer '{groupId}' cannot start: its dead-letter topic "
                        + $"'{sources.Key}' does not exist at {options.BootstrapServers}. Create it with {partitions} "
                        + "partitions, or let it be created.");
                }

                await CreateAsync(sources.Key, partitions, cancellation).ConfigureAwait(false);
                existing = partitions;
            }

            foreach (var source in sources)
            {
                targets.Set(source, sources.Key, existing);
                if (existing < counts[source])
                {
                    log.DeadLetterTopicSmaller(sources.Key, existing, source, counts[source]);
                }
            }
        }
    }

    async ValueTask CreateAsync(string topic, int partitions, CancellationToken cancellation)
    {
        await cluster.CreateTopicAsync(topic, partitions, options.CreateReplicationFactor, cancellation)
            .ConfigureAwait(false);
        log.TopicCreated(topic, partitions);
    }
}
