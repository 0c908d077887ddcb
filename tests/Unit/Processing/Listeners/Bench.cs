using System.Text;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Processing.Listeners;

/// <summary>A core with one partition, fed and run by hand.</summary>
sealed class Bench(ListenerPlan plan) : IListenerEvents
{
    static readonly TopicPartition Partition = new("orders", 0);

    long _next;
    long _end = -1;

    public ListenerCore Core { get; } = new(plan, new Silent(), 1);

    public long Now { get; set; } = 1000;

    public int LiveBatches { get; private set; }

    public int Outstanding => Core.Leases.Sum(static l => l.Outstanding);

    public Bench Assign(long offset, string? metadata = null, long end = -1)
    {
        _next = Math.Max(0, offset);
        _end = end;
        Core.OnAssigned([new AssignedPartition(Partition, offset, metadata)], Now);
        Tick();                                // the commit interval begins
        return this;
    }

    public Bench Rewind(long offset)
    {
        _next = offset;
        return this;
    }

    /// <summary>One batch, a record for each key; values of 100 bytes.</summary>
    public Bench Receive(params string?[] keys)
    {
        var batch = new Batch(this, _next, keys, _end);
        LiveBatches++;
        _next += keys.Length;
        Core.OnPolled([batch], Now);
        return this;
    }

    /// <summary>A batch without records: markers stand where reading went on.</summary>
    public Bench ReceiveMarkers(int count)
    {
        _next += count;
        LiveBatches++;
        Core.OnPolled([new Batch(this, _next, [], _end)], Now);
        return this;
    }

    public Delivery? TryStart()
    {
        while (Core.Ready.TryTake(out var lane))
        {
            if (Core.TryBegin(lane) is { } delivery)
            {
                return delivery;
            }
        }

        return null;
    }

    public Delivery Start()
    {
        var delivery = TryStart();
        Assert.NotNull(delivery);
        return delivery;
    }

    public void End(Delivery delivery, Outcome outcome)
    {
        Core.End(delivery, outcome);
        Tick();
    }

    public Decisions Tick()
    {
        Core.RefreshStatus();
        var decisions = Core.Tick(Now);
        Core.Audit();
        return decisions;
    }

    public void Answer(CommitRequest request, ErrorCode code) =>
        Core.OnCommitAnswered(request, request.Offsets.ToDictionary(static o => o.Partition, _ => code), Now);

    sealed class Silent : IListenerEvents;

    sealed class Batch(Bench bench, long from, string?[] keys, long end) : PolledBatch
    {
        int _at;

        public override TopicPartition Partition => Bench.Partition;

        public override long NextOffset => from + keys.Length;

        public override long EndOffset => end;

        public override bool TryReadNext(Delivery delivery)
        {
            if (_at == keys.Length)
            {
                return false;
            }

            var key = keys[_at];
            delivery.Offset = from + _at++;
            delivery.IsKeyNull = key is null;
            delivery.Key = Encoding.UTF8.GetBytes(key ?? "");
            delivery.Value = new byte[100];
            delivery.Size = delivery.Key.Length + delivery.Value.Length;
            return true;
        }

        public override IReadOnlyList<RecordHeader> DecodeHeaders(Delivery delivery) => [];

        public override void Release() => bench.LiveBatches--;
    }
}
