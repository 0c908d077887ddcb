using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Ops.DeadLetters;
using Millrace.Protocol;

namespace Millrace.Ops.Replay;

/// <summary>One run's hold on the cursor: the only member of the replay's group, which commits how far it is.</summary>
sealed class ReplaySession : IAsyncDisposable
{
    readonly KafkaClient _client;
    readonly ReplayOptions _options;
    readonly Consumer _consumer;
    readonly Dictionary<TopicPartition, long> _cursor = [];
    readonly HashSet<(int Partition, long Offset)> _sentBefore = [];
    long[] _targetEnds = [];

    ReplaySession(KafkaClient client, ReplayOptions options, Consumer consumer)
    {
        _client = client;
        _options = options;
        _consumer = consumer;
    }

    /// <summary>The next offset to look at, of each partition of the source.</summary>
    public IReadOnlyDictionary<TopicPartition, long> Cursor => _cursor;

    /// <summary>Joins the group, takes all partitions, reads the cursor, and finds what an interrupted run sent behind
    /// it. On the first run of all it saves a cursor, so that everything sent from here on lies behind the ends it
    /// names.</summary>
    public static async Task<ReplaySession> OpenAsync(
        KafkaClient client, ReplayOptions options, string instanceId, TopicRange source, TimeProvider clock,
        CancellationToken cancellation)
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
            if (await session.TakeAllAsync(source, cancellation).ConfigureAwait(false))
            {
                await session.SaveAsync(isDone: true, cancellation).ConfigureAwait(false);
            }
            else
            {
                await session.FindSentAsync(clock, cancellation).ConfigureAwait(false);
            }

            return session;
        }
        catch
        {
            await consumer.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>An interrupted run sent this one. Asked once per letter.</summary>
    public bool WasSent(DeadLetter letter) => _sentBefore.Remove((letter.Partition.Partition, letter.Offset));

    /// <summary>The record is sent, or will not be: the cursor moves behind it at the next save.</summary>
    public void Advance(DeadLetter letter) => _cursor[letter.Partition] = letter.Offset + 1;

    /// <summary>The whole range is done: the cursor moves to its ends.</summary>
    public void AdvanceTo(TopicRange range)
    {
        foreach (var partition in range.Partitions)
        {
            _cursor[partition] = range.End(partition);
        }
    }

    /// <summary>Saves the cursor. Everything before it must be acknowledged.</summary>
    /// <param name="isDone">Nothing of the source lies behind the cursor that an earlier run may have sent.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task SaveAsync(bool isDone, CancellationToken cancellation)
    {
        // While records of an interrupted run are still ahead of the cursor, the ends must stay before them: else a
        // second interruption would forget that they were sent.
        if (isDone || _sentBefore.Count == 0)
        {
            var target = await RangeOfTargetAsync(cancellation).ConfigureAwait(false);
            _targetEnds = [.. target.Partitions.Select(target.End)];
        }

        var metadata = ReplayCursor.Encode(_targetEnds);
        if (metadata.Length > ReplayCursor.MaxChars)
        {
            throw new InvalidOperationException(
                $"Topic {_options.To} has {_targetEnds.Length} partitions: too many for a replay's cursor. "
                + "Replay to a topic with fewer.");
        }

        var offsets = _cursor.Select(c => new OffsetToCommit(c.Key, c.Value, metadata)).ToArray();
        var results = await _consumer.CommitAsync(offsets, cancellation).ConfigureAwait(false);
        foreach (var (partition, error) in results)
        {
            if (error is ErrorCode.FencedInstanceId or ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration)
            {
                throw new KafkaServerException(error,
                    $"another replay from {_options.From} to {_options.To} took over; "
                    + $"this one stopped at {partition}.");
            }

            if (error != ErrorCode.None)
            {
                throw new KafkaServerException(
                    error, $"the replay's cursor could not be saved for {partition}: {error.Describe().Text}");
            }
        }
    }

    public ValueTask DisposeAsync() => _consumer.DisposeAsync();

    /// <summary>True when no partition has a cursor yet.</summary>
    async Task<bool> TakeAllAsync(TopicRange source, CancellationToken cancellation)
    {
        var isNew = true;
        while (_cursor.Count < source.Partitions.Count)
        {
            var poll = await _consumer.PollAsync(TimeSpan.FromSeconds(1), cancellation).ConfigureAwait(false);
            foreach (var batch in poll.Batches)
            {
                // The consumer only holds the group; records are read by position, apart from it.
                batch.Dispose();
            }

            if (poll.Kind == PollKind.Revoking)
            {
                _consumer.AcknowledgeRevocation();
            }

            foreach (var assigned in poll.Assigned)
            {
                _consumer.Pause(assigned.TopicPartition);
                if (!source.Has(assigned.TopicPartition))
                {
                    continue;   // came after the source was looked at: a later run's business
                }

                _cursor[assigned.TopicPartition] = Math.Max(
                    assigned.Offset ?? 0, source.Start(assigned.TopicPartition));
                isNew &= assigned.Offset is null;
                if (ReplayCursor.Decode(assigned.Metadata) is { } ends)
                {
                    _targetEnds = Newer(_targetEnds, ends);
                }
            }
        }

        return isNew;
    }

    /// <summary>Notes which letters at or behind the cursor lie in the target behind the ends that the cursor
    /// names.</summary>
    async Task FindSentAsync(TimeProvider clock, CancellationToken cancellation)
    {
        var range = await RangeOfTargetAsync(cancellation).ConfigureAwait(false);
        // A target that was recreated or got more partitions meanwhile: the ends we know count, the rest is read whole.
        var starts = range.Partitions
            .Where(p => p.Partition < _targetEnds.Length && _targetEnds[p.Partition] <= range.End(p))
            .ToDictionary(p => p, p => _targetEnds[p.Partition]);
        await foreach (
            var (_, record) in range.From(starts).ReadAsync(_client, clock, cancellation).ConfigureAwait(false))
        {
            if (record.Headers.TryGetLast(ReplayHeaders.Id, out var id)
                && ReplayHeaders.ParseId(id) is { } letter
                && letter.Partition.Topic == _options.From
                && _cursor.TryGetValue(letter.Partition, out var cursor)
                && letter.Offset >= cursor)
            {
                _sentBefore.Add((letter.Partition.Partition, letter.Offset));
            }
        }
    }

    // Uncommitted: what a replay sends belongs to no transaction, and may lie behind somebody else's open one.
    Task<TopicRange> RangeOfTargetAsync(CancellationToken cancellation) =>
        TopicRange.OfAsync(_client, _options.To, IsolationLevel.ReadUncommitted, cancellation);

    /// <summary>Ends only grow: of two saves the later one has the larger ends.</summary>
    static long[] Newer(long[] known, long[] other) => other.Sum() > known.Sum() ? other : known;
}
