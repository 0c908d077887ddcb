using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Produce;

/// <summary>Where a batch is on its way.</summary>
enum BatchState
{
    /// <summary>Records may still be appended.</summary>
    Open,

    /// <summary>Full, not yet sent, without a sequence number.</summary>
    Waiting,

    /// <summary>In a request that is not answered yet.</summary>
    InFlight,

    /// <summary>Was sent, is not resolved, and must be sent again as it is.</summary>
    Resend,

    /// <summary>Delivered or failed.</summary>
    Done,
}

/// <summary>Records of one partition that are sent together: their bytes and who waits for them. Owned by its
/// <see cref="PartitionBuffer"/>, whose lock guards everything here until the state is
/// <see cref="BatchState.Done"/>.</summary>
sealed class ProduceBatch(BufferPool pool, int sizeLimit)
{
    readonly List<(DeliverySource Source, int Index, long TimestampMs)> _awaited = [];
    TaskCompletionSource? _finished;

    public RecordBatchBuilder Builder { get; } = new(pool, sizeLimit);

    public PartitionBuffer Partition { get; private set; } = null!;

    public BatchState State { get; set; }

    public int Count => Builder.Count;

    /// <summary>Someone awaits one of the records.</summary>
    public bool HasAwaited => _awaited.Count > 0;

    /// <summary>Records that nobody awaits: their failure is reported by the next flush.</summary>
    public int Unawaited => Count - _awaited.Count;

    /// <summary>What the records took from the producer's buffer memory.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>When the first record came, by the monotonic clock.</summary>
    public long CreatedMs { get; private set; }

    public long DeadlineMs { get; private set; }

    /// <summary>Not to be sent again before this.</summary>
    public long RetryAtMs { get; set; }

    /// <summary>How often an answer or a failure made it necessary to send it again.</summary>
    public int Failures { get; set; }

    /// <summary>Why it was last sent back; for the final error.</summary>
    public ErrorCode LastError { get; set; }

    public string? LastErrorText { get; set; }

    /// <summary>A try may have been written although no success was reported. Only the broker can clear it.</summary>
    public bool IsAmbiguous { get; set; }

    public long ProducerId { get; private set; } = -1;

    public short ProducerEpoch { get; private set; } = -1;

    public int BaseSequence { get; private set; } = -1;

    /// <summary>Counts the partition's batches in the order of sequences.</summary>
    public long Ordinal { get; set; }

    /// <summary>The bytes of the sealed batch.</summary>
    public ReadOnlyMemory<byte> Bytes => Builder.SealedBatch;

    /// <summary>Makes the batch ready for its first record.</summary>
    public void Start(PartitionBuffer partition, long nowMs, long deliveryTimeoutMs)
    {
        Partition = partition;
        State = BatchState.Open;
        CreatedMs = nowMs;
        DeadlineMs = nowMs + deliveryTimeoutMs;
    }

    /// <summary>Appends; false if the batch is full.</summary>
    public bool TryAppend(in ProducerRecord record, long timestampMs, long reservedBytes, DeliverySource? source)
    {
        if (!Builder.TryAppend(
            timestampMs, record.KeySpan, !record.HasKey, record.ValueSpan, !record.HasValue, record.Headers))
        {
            return false;
        }
        ReservedBytes += reservedBytes;
        if (source is not null)
        {
            _awaited.Add((source, Count - 1, timestampMs));
        }
        return true;
    }

    /// <summary>Numbers the batch; before its first send, or again after an epoch bump.</summary>
    public void Number(long producerId, short epoch, int baseSequence)
    {
        ProducerId = producerId;
        ProducerEpoch = epoch;
        BaseSequence = baseSequence;
        if (Builder.IsSealed)
        {
            Builder.PatchProducer(producerId, epoch, baseSequence);
        }
    }

    /// <summary>Compresses and checksums, once. The sender calls it without the lock: nobody else touches a batch in
    /// flight.</summary>
    public void Seal(CompressionType compression, int? level)
    {
        if (!Builder.IsSealed)
        {
            Builder.Seal(compression, level, ProducerId, ProducerEpoch, BaseSequence);
        }
    }

    /// <summary>Completes when the batch is delivered or failed; never fails itself. Under the partition's
    /// lock.</summary>
    public Task WhenFinished() =>
        (_finished ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>Tells everyone who waits; the batch must be <see cref="BatchState.Done"/>. Called once, without a
    /// lock.</summary>
    /// <param name="baseOffset">The first record's offset, -1 if unknown.</param>
    /// <param name="logAppendTimeMs">The broker's time if it replaced the timestamps, else -1.</param>
    /// <param name="error">Why the batch failed, or null.</param>
    public void Finish(long baseOffset, long logAppendTimeMs, Exception? error)
    {
        foreach (var (source, index, timestampMs) in _awaited)
        {
            if (error is not null)
            {
                // One each: whoever awaits it adds a stack trace to it.
                source.Fail(error is ProduceException produce ? produce.Copy() : error);
            }
            else
            {
                source.Complete(new RecordMetadata(
                    Partition.Topic, Partition.Index, baseOffset < 0 ? -1 : baseOffset + index,
                    logAppendTimeMs >= 0 ? logAppendTimeMs : timestampMs));
            }
        }
        _finished?.TrySetResult();
    }

    /// <summary>Makes the object ready for another batch.</summary>
    /// <param name="keepBuffers">Whether it keeps its buffers or gives them back to the pool.</param>
    public void Recycle(bool keepBuffers)
    {
        _awaited.Clear();
        _finished = null;
        ReservedBytes = 0;
        RetryAtMs = 0;
        Failures = 0;
        LastError = ErrorCode.None;
        LastErrorText = null;
        IsAmbiguous = false;
        ProducerId = -1;
        ProducerEpoch = -1;
        BaseSequence = -1;
        if (keepBuffers)
        {
            Builder.Reset();
        }
        else
        {
            Builder.Dispose();
        }
    }
}
