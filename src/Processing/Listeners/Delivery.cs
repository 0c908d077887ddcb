using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>A number that grows with every change of ownership, for conditional writes: a store that refuses a write
/// whose token is older than the last one it saw is safe from a previous owner that still runs.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Epoch">The group's generation when it is known, else this process's count of assignments.</param>
/// <param name="Offset">The record's offset.</param>
readonly record struct FencingToken(TopicPartition Partition, int Epoch, long Offset);

/// <summary>One record in flight. Pooled: valid from the call of the pipeline until the outcome is returned. Key,
/// value and headers are borrowed from the fetched batch; who keeps them copies them.</summary>
sealed class Delivery
{
    IReadOnlyList<RecordHeader>? _headers;
    int _trackState;

    /// <summary>Whose record it is.</summary>
    public TopicPartition TopicPartition => Lease.Partition;

    /// <summary>The topic's name.</summary>
    public string Topic => Lease.Partition.Topic;

    /// <summary>The partition's index.</summary>
    public int Partition => Lease.Partition.Partition;

    /// <summary>The record's offset.</summary>
    public long Offset { get; set; }

    /// <summary>The record's timestamp, in milliseconds since the Unix epoch.</summary>
    public long TimestampMs { get; set; }

    /// <summary>True when the broker set the timestamp, false when the producer did.</summary>
    public bool IsLogAppendTime { get; set; }

    /// <summary>The key; empty when null.</summary>
    public ReadOnlyMemory<byte> Key { get; set; }

    /// <summary>The value; empty when null.</summary>
    public ReadOnlyMemory<byte> Value { get; set; }

    /// <summary>True when the record has no key.</summary>
    public bool IsKeyNull { get; set; }

    /// <summary>True when the record is a tombstone.</summary>
    public bool IsValueNull { get; set; }

    /// <summary>How many headers there are.</summary>
    public int HeaderCount { get; set; }

    /// <summary>The headers, decoded at the first look; order and repetitions kept.</summary>
    public IReadOnlyList<RecordHeader> Headers
    {
        get => _headers ??= HeaderCount == 0 || Batch is null ? [] : Batch.DecodeHeaders(this);
        set => _headers = value;
    }

    /// <summary>What the record weighs in the byte budget: key, value and headers.</summary>
    public int Size { get; set; }

    /// <summary>The how manieth run this is, from 1. Runs on this lease only: a new owner starts at 1.</summary>
    public int Attempt { get; set; } = 1;

    /// <summary>When the loop received it, in the loop's milliseconds.</summary>
    public long ReceivedAtMs { get; set; }

    /// <summary>The assignment that it came with.</summary>
    public Lease Lease { get; set; } = null!;

    /// <summary>The local number of that assignment.</summary>
    public int LeaseEpoch => Lease.Epoch;

    /// <summary>For conditional writes.</summary>
    public FencingToken FencingToken => new(Lease.Partition, Lease.FencingEpoch, Offset);

    /// <summary>The batch that owns the memory of key, value and headers; null once they are copies.</summary>
    public PolledBatch? Batch { get; set; }

    /// <summary>The lane that it waits in.</summary>
    public Lane Lane { get; set; } = null!;

    /// <summary>The next one of the lane. Linked by the loop before the lane's count says that it is there.</summary>
    public Delivery? NextInLane { get; set; }

    /// <summary>Link and depth of the stack of what the pumps gave back.</summary>
    public Delivery? NextReturned { get; set; }

    public int ReturnDepth { get; set; }

    /// <summary>What the pump gives back.</summary>
    public ReturnKind Return { get; set; }

    public Outcome Outcome { get; set; }

    /// <summary>The arrival number in its tracker.</summary>
    public long Sequence { get; set; }

    /// <summary>One of <see cref="Listeners.TrackState"/>; the tracker's compare-and-swap.</summary>
    public ref int TrackState => ref _trackState;

    /// <summary>Copies key, value and headers, and lets go of the batch.</summary>
    public void CopyOut()
    {
        var headers = new RecordHeader[Headers.Count];
        for (var i = 0; i < headers.Length; i++)
        {
            // Not "? null :": null converts to an empty memory by way of byte[].
            var value = Headers[i].Value is { } bytes ? bytes.ToArray() : default(ReadOnlyMemory<byte>?);
            headers[i] = new RecordHeader(Headers[i].Key, value);
        }

        _headers = headers;
        Key = Key.ToArray();
        Value = Value.ToArray();
        Batch = null;
    }

    /// <summary>Forgets the record, for reuse.</summary>
    public void Clear()
    {
        _headers = null;
        Key = default;
        Value = default;
        HeaderCount = 0;
        IsKeyNull = false;
        IsLogAppendTime = false;
        IsValueNull = false;
        Size = 0;
        Attempt = 1;
        Batch = null;
        Lease = null!;
        Lane = null!;
        NextInLane = null;
        NextReturned = null;
        Outcome = default;
    }
}

/// <summary>Why a record goes back from a pump to the loop.</summary>
enum ReturnKind : byte
{
    /// <summary>It is done; its lane went on without the loop.</summary>
    Completed,

    /// <summary>It has to run again; the loop holds the lane now.</summary>
    Parked,

    /// <summary>It stopped its partition; the loop holds the lane now.</summary>
    Stopped,

    /// <summary>Its lease had ended before it could start; the loop holds the lane now.</summary>
    Discarded,
}
