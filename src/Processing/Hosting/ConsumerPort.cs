using Millrace.Client;
using Millrace.Client.Consume;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using ClientPartition = Millrace.Client.Consume.AssignedPartition;
using EnginePartition = Millrace.Processing.Listeners.AssignedPartition;

namespace Millrace.Processing.Hosting;

/// <summary>The engine's port on a consumer of the client. Translates shapes; decides nothing.</summary>
sealed class ConsumerPort(Consumer consumer) : IConsumerPort
{
    public async ValueTask<PortEvent> PollAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        PollResult poll;
        try
        {
            poll = await consumer.PollAsync(timeout, cancellation).ConfigureAwait(false);
        }
        catch (CorruptBatchException e)
        {
            return Unreadable(e);
        }

        return poll.Kind switch
        {
            PollKind.Records => PortEvent.OfRecords(Batches(poll.Batches)),
            PollKind.Assigned => PortEvent.OfAssigned(Assigned(poll.Assigned)),
            PollKind.Revoking => PortEvent.OfRevoking(poll.Partitions),
            PollKind.Lost => PortEvent.OfLost(poll.Partitions),
            _ => PortEvent.Empty,
        };
    }

    public void Pause(TopicPartition partition) => consumer.Pause(partition);

    public void Resume(TopicPartition partition) => consumer.Resume(partition);

    public async ValueTask<IReadOnlyDictionary<TopicPartition, ErrorCode>> CommitAsync(
        IReadOnlyList<OffsetCommit> offsets, CancellationToken cancellation)
    {
        var commits = new OffsetToCommit[offsets.Count];
        for (var i = 0; i < commits.Length; i++)
        {
            commits[i] = new OffsetToCommit(offsets[i].Partition, offsets[i].Offset, offsets[i].Metadata);
        }

        try
        {
            return await consumer.CommitAsync(commits, cancellation).ConfigureAwait(false);
        }
        catch (KafkaServerException exception)
        {
            return All(offsets, exception.Code);
        }
        catch (KafkaConnectionException)
        {
            return All(offsets, ErrorCode.NetworkException);
        }
        catch (OperationCanceledException)
        {
            return All(offsets, ErrorCode.RequestTimedOut);
        }
    }

    public void AcknowledgeRevocation() => consumer.AcknowledgeRevocation();

    public ValueTask CloseAsync(CancellationToken cancellation) => consumer.CloseAsync();

    static Dictionary<TopicPartition, ErrorCode> All(IReadOnlyList<OffsetCommit> offsets, ErrorCode code) =>
        offsets.ToDictionary(offset => offset.Partition, _ => code);

    internal static PortEvent Unreadable(CorruptBatchException e) =>
        PortEvent.OfUnreadable(new UnreadableBytes(e.TopicPartition, e.Offset, e.NextOffset, e));

    static FetchedRecords[] Batches(IReadOnlyList<FetchedBatch> batches)
    {
        var records = new FetchedRecords[batches.Count];
        for (var i = 0; i < records.Length; i++)
        {
            records[i] = new FetchedRecords(batches[i]);
        }

        return records;
    }

    EnginePartition[] Assigned(IReadOnlyList<ClientPartition> assigned)
    {
        var generation = consumer.Generation;
        var partitions = new EnginePartition[assigned.Count];
        for (var i = 0; i < partitions.Length; i++)
        {
            var one = assigned[i];
            partitions[i] = new EnginePartition(
                one.TopicPartition, one.Offset ?? -1, one.Metadata, generation);
        }

        return partitions;
    }

    /// <summary>A fetched batch as the engine reads it: once, in order, into pooled deliveries.</summary>
    sealed class FetchedRecords(FetchedBatch batch) : PolledBatch
    {
        // What a header weighs beside key and value, roughly: its name, its value and its place in a list.
        const int HeaderWeight = 64;

        int _next;

        public override TopicPartition Partition => batch.TopicPartition;

        public override long NextOffset => batch.NextOffset;

        public override long EndOffset => batch.HighWatermark;

        public override bool TryReadNext(Delivery delivery)
        {
            if (_next == batch.Count)
            {
                return false;
            }

            var record = batch[_next++];
            delivery.Offset = record.Offset;
            delivery.TimestampMs = record.TimestampMs;
            delivery.IsLogAppendTime = batch.TimestampType == TimestampType.LogAppendTime;
            delivery.Key = record.Key;
            delivery.IsKeyNull = record.IsKeyNull;
            delivery.Value = record.Value;
            delivery.IsValueNull = record.IsValueNull;
            delivery.HeaderCount = record.Headers.Count;
            delivery.Size = delivery.Key.Length + delivery.Value.Length + (delivery.HeaderCount * HeaderWeight);
            return true;
        }

        // Headers are looked at seldom, so the record is found again by its offset instead of keeping its place in each
        // delivery.
        public override IReadOnlyList<RecordHeader> DecodeHeaders(Delivery delivery)
        {
            var low = 0;
            var high = batch.Count - 1;
            while (low <= high)
            {
                var middle = (low + high) >>> 1;
                var record = batch[middle];
                if (record.Offset == delivery.Offset)
                {
                    return record.Headers.ToArray();
                }

                (low, high) = record.Offset < delivery.Offset ? (middle + 1, high) : (low, middle - 1);
            }

            throw new InvalidOperationException(
                $"{delivery.TopicPartition}@{delivery.Offset} is not in its own batch.");
        }

        public override void Release() => batch.Dispose();
    }
}
