using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Client.Consume;
using Millrace.Client.Metadata;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Client.Consume;

/// <summary>Plays the leader for a set of cursors; every buffer must come back to its pool.</summary>
sealed class CursorHarness : IDisposable
{
    public const int Node = 1;
    public static readonly Guid TopicId = new("00000000-0000-0000-0000-000000000001");

    readonly DiagnosticBufferPool _pool = new();

    public CursorHarness(ConsumerOptions? options = null, int partitions = 2)
    {
        Options = options ?? new ConsumerOptions();
        Budget = new BufferBudget(Options.MaxBufferedBytes, () => { });
        var decoder = new BatchDecoder(_pool, Budget, Options.CheckCrcs, Options.MaxDecompressedBatchBytes);
        Cursors = new CursorSet(Options, decoder, Budget, 1 << 24, NullLogger.Instance);
        View = ViewOf(TopicId, partitions);
    }

    public ConsumerOptions Options { get; }

    public BufferBudget Budget { get; }

    public CursorSet Cursors { get; }

    public ClusterView View { get; set; }

    public long Now { get; set; } = 1_000_000;

    public static TopicPartition P(int partition) => new("t", partition);

    public static ClusterView ViewOf(Guid id, int partitions) => new(
        "c", Node, new() { [Node] = new BrokerEndpoint(Node, "h", 1, null) },
        new()
        {
            ["t"] = new TopicView("t", id, false, ErrorCode.None, [.. Enumerable.Range(0, partitions)
                .Select(p => new PartitionView(p, Node, 5, [Node], [Node], ErrorCode.None))]),
        },
        1);

    public FetchPlan Plan(short version = CursorSet.VersionCap)
    {
        var plan = Cursors.Plan(Node, View, version, Now, out _);
        Assert.NotNull(plan);
        return plan;
    }

    public void NothingToFetch() => Assert.Null(Cursors.Plan(Node, View, CursorSet.VersionCap, Now, out _));

    /// <summary>What the request asks for, by partition.</summary>
    public static Dictionary<int, long> Offsets(FetchPlan plan) => plan.Request.Topics
        .SelectMany(t => t.Partitions).ToDictionary(p => p.Partition, p => p.FetchOffset);

    public FetchOutcome Answer(FetchPlan plan, params (int Partition, byte[] Records)[] data) =>
        Answer(plan, [.. data.Select(d => new FetchResponse.PartitionData
        {
            PartitionIndex = d.Partition,
            HighWatermark = 1_000,
            LastStableOffset = 900,
            Records = d.Records,
        })]);

    public FetchOutcome Answer(FetchPlan plan, params FetchResponse.PartitionData[] data)
    {
        // As in a frame: all records in one pooled buffer.
        var frame = new SharedBuffer(_pool, Math.Max(1, data.Sum(d => d.Records?.Length ?? 0)));
        var at = 0;
        var topic = new FetchResponse.FetchableTopicResponse { TopicId = TopicId };
        foreach (var partition in data)
        {
            if (partition.Records is { } records)
            {
                records.CopyTo(frame.Memory[at..]);
                partition.Records = frame.Memory.Slice(at, records.Length);
                at += records.Length;
            }
            topic.Partitions.Add(partition);
        }
        var response = new FetchResponse();
        response.Responses.Add(topic);
        var buffer = new FetchBuffer(frame, Budget);
        var outcome = Cursors.Apply(plan, response, buffer, Now);
        buffer.Release();
        return outcome;
    }

    /// <summary>Everything that can be polled, as partition:offset, released at once.</summary>
    public List<string> TakeAll()
    {
        var result = new List<string>();
        while (Cursors.Take(Now) is { } batches)
        {
            foreach (var batch in batches)
            {
                foreach (var record in batch)
                    result.Add($"{batch.TopicPartition.Partition}:{record.Offset}");
                if (batch.Count == 0)
                    result.Add($"{batch.TopicPartition.Partition} to {batch.NextOffset}");
                batch.Dispose();
            }
        }
        return result;
    }

    public byte[] Batch(long baseOffset, params int[] deltas) => Batch(baseOffset, CompressionType.None, -1, deltas);

    public byte[] Batch(long baseOffset, CompressionType compression, long producer, params int[] deltas)
    {
        using var builder = new RecordBatchBuilder(_pool, 1 << 20);
        foreach (var delta in deltas)
        {
            Assert.True(builder.TryAppendAt(
                delta, 1_700_000_000_000 + delta, Encoding.UTF8.GetBytes($"k{baseOffset + delta}"), false,
                Encoding.UTF8.GetBytes($"v{baseOffset + delta}"), false,
                [new RecordHeader("h", "1"u8.ToArray()), new RecordHeader("h", null)]));
        }
        var batch = builder.Seal(compression, null, producer, (short)(producer < 0 ? -1 : 0), producer < 0
            ? -1 : 0, producer >= 0).ToArray();
        RecordBatchHeader.PatchBaseOffset(batch, baseOffset);
        RecordBatchHeader.PatchLeaderEpoch(batch, 5);
        return batch;
    }

    public static byte[] Marker(long offset, long producer, ControlRecordType type)
    {
        var batch = new byte[ControlBatch.EndTransactionSize];
        ControlBatch.WriteEndTransaction(batch, type, producer, 0, 0, 0);
        RecordBatchHeader.PatchBaseOffset(batch, offset);
        return batch;
    }

    public void Dispose()
    {
        Cursors.Remove(Cursors.Partitions());
        Assert.Equal(0, Budget.Held);
        _pool.AssertAllReturned();
    }
}
