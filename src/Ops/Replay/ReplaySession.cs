using System.Text;
using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Protocol;

namespace Millrace.Ops;

/// <summary>One run's hold on the cursor: the only member of the replay's group, which commits how far it is.</summary>
sealed class ReplaySession : IAsyncDisposable
{
    readonly KafkaClient _client;
    readonly ReplayOptions _options;
    readonly Consumer _consumer;
    readonly Dictionary<TopicPartition, long> _cursor = [];
    long[] _targetEnds = [];

    ReplaySession(KafkaClient client, ReplayOptions options, Consumer consumer)
    {
        _client = client;
        _options = options;
        _consumer = consumer;
    }

    /// <summary>The next offset to look at, of each partition of the source.</summary>
    public IReadOnlyDictionary<TopicPartition, long> Cursor => _cursor;

    /// <summary>Joins the group, takes all partitions, and reads the cursor; on the first run of all it saves one, so that
    /// everything sent from here on lies behind the ends it names.</summary>
    public static async Task<ReplaySession> OpenAsync(
        KafkaClient client, ReplayOptions options, string instanceId, TopicRange source, CancellationToken cancellation)
    {
        var consumer = client.CreateConsumer(new ConsumerOptions
        {
            GroupId = Replayer.GroupOf(options.From, options.To),
            GroupInstanceId = instanceId,
            AutoOffsetReset = AutoOffsetReset.Earliest,
        });
        var session = new ReplaySession(client, options, consumer);
        try
        {
            consumer.Subscribe(options.From);
            await session.TakeAllAsync(source, cancellation).ConfigureAwait(false);
            return session;
        }
        catch
        {
            await consumer.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The ids of records that lie in the target behind the ends that the cursor names.</summary>
    public async Task<HashSet<string>> FindSentAsync(TimeSpan pollTimeout, CancellationToken cancellation)
    {
        var sent = new HashSet<string>(StringComparer.Ordinal);
        var range = await TopicRange.OfAsync(_client, _options.To, cancellation).ConfigureAwait(false);
        // A target that was recreated or got more partitions meanwhile: the ends we know count, the rest is read whole.
        var starts = range.Partitions
            .Where(p => p.Partition < _targetEnds.Length && _targetEnds[p.Partition] <= range.End(p))
            .ToDictionary(p => p, p => _targetEnds[p.Partition]);
        await foreach (var (_, record) in range.From(starts).ReadAsync(_client, pollTimeout, cancellation).ConfigureAwait(false))
        {
            if (record.Headers.TryGetLast(ReplayHeaders.Id, out var value) && value is { } id)
            {
                sent.Add(Encoding.UTF8.GetString(id.Span));
            }
        }

        return sent;
    }

    /// <summary>The record is sent, or will not be: the cursor moves behind it at the next save.</summary>
    public void Advance(DeadLetter letter) => _cursor[letter.Partition] = letter.Offset + 1;

    /// <summary>Saves the cursor. Everything before it must be acknowledged.</summary>
    public async Task SaveAsync(CancellationToken cancellation)
    {
        var target = await TopicRange.OfAsync(_client, _options.To, cancellation).ConfigureAwait(false);
        _targetEnds = [.. target.Partitions.Select(target.End)];
        var metadata = ReplayCursor.Encode(_targetEnds);
        if (metadata.Length > ReplayCursor.MaxChars)
        {
            throw new InvalidOperationException(
                $"Topic {_options.To} has {_targetEnds.Length} partitions: too many for a replay's cursor. Replay to a topic with fewer.");
        }

        var offsets = _cursor.Select(c => new OffsetToCommit(c.Key, c.Value, metadata)).ToArray();
        var results = await _consumer.CommitAsync(offsets, cancellation).ConfigureAwait(false);
        foreach (var (partition, error) in results)
        {
            if (error is ErrorCode.FencedInstanceId or ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration)
            {
                throw new KafkaServerException(error,
                    $"Another replay from {_options.From} to {_options.To} took over; this one stopped at {partition}.");
            }

            if (error != ErrorCode.None)
            {
                throw new KafkaServerException(error, $"The replay's cursor could not be saved for {partition}: {error.Describe().Text}");
            }
        }
    }

    public ValueTask DisposeAsync() => _consumer.DisposeAsync();

    async Task TakeAllAsync(TopicRange source, CancellationToken cancellation)
    {
        var isNew = false;
        while (_cursor.Count < source.Partitions.Count)
        {
            var poll = await _consumer.PollAsync(TimeSpan.FromSeconds(1), cancellation).ConfigureAwait(false);
            foreach (var batch in poll.Batches)
            {
                // The consumer only holds the group; records are read by position, apart from it.
                batch.Dispose();
            }

            foreach (var assigned in poll.Assigned)
            {
                _consumer.Pause(assigned.TopicPartition);
                _cursor[assigned.TopicPartition] = Math.Max(assigned.Offset ?? 0, source.Start(assigned.TopicPartition));
                isNew |= assigned.Offset is null;
                if (ReplayCursor.Decode(assigned.Metadata) is { } ends)
                {
                    _targetEnds = Newer(_targetEnds, ends);
                }
            }
        }

        if (isNew)
        {
            await SaveAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Ends only grow: of two saves the later one has the larger ends.</summary>
    static long[] Newer(long[] known, long[] other) => other.Sum() > known.Sum() ? other : known;
}
