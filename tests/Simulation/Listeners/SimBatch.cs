using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Simulation.Listeners;

/// <summary>A fetched batch whose memory is overwritten when it is released: who reads it later sees rubbish.</summary>
sealed class SimBatch : PolledBatch
{
    readonly List<SimRecord> _records;
    readonly List<byte[]> _memory = [];
    readonly Action _released;
    int _at;

    public SimBatch(TopicPartition partition, List<SimRecord> records, long next, long end, Action released)
    {
        Partition = partition;
        NextOffset = next;
        EndOffset = end;
        _records = records;
        _released = released;
    }

    public override TopicPartition Partition { get; }

    public override long NextOffset { get; }

    public override long EndOffset { get; }

    public bool IsReleased { get; private set; }

    public override bool TryReadNext(Delivery delivery)
    {
        if (IsReleased)
        {
            throw new SimulationException("A released batch was read.");
        }

        if (_at == _records.Count)
        {
            return false;
        }

        var record = _records[_at++];
        delivery.Offset = record.Offset;
        delivery.IsKeyNull = record.KeyBytes is null;
        delivery.Key = Copy(record.KeyBytes ?? []);
        delivery.Value = Copy(record.Value);
        delivery.Size = delivery.Key.Length + delivery.Value.Length;
        return true;
    }

    public override IReadOnlyList<RecordHeader> DecodeHeaders(Delivery delivery) => [];

    public override void Release()
    {
        if (IsReleased)
        {
            throw new SimulationException("A batch was released twice.");
        }

        IsReleased = true;
        _memory.ForEach(static bytes => bytes.AsSpan().Fill(0xEE));
        _released();
    }

    byte[] Copy(byte[] bytes)
    {
        var copy = bytes.AsSpan().ToArray();
        _memory.Add(copy);
        return copy;
    }
}
