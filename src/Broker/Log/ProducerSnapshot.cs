using System.Buffers.Binary;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Log;

// <offset>.snapshot: the producers' state below that offset, in Kafka's layout, version 1.
//
//   byte 0         2         6          10
//        +---------+---------+----------+-----------+-----------------+
//        | version | crc 32C | count    | producers | earlier batches |
//        | int16   | of rest | int32    |           | (our own tail)  |
//        +---------+---------+----------+-----------+-----------------+
//   producer:
//        +----------+-------+----------+---------+--------+-----------+-------------+--------------------+
//        | id       | epoch | last     | last    | offset | timestamp | coordinator | first offset of    |
//        | int64    | int16 | sequence | offset  | delta  | int64     | epoch       | transaction or -1  |
//        |          |       | int32    | int64   | int32  |           | int32       | int64              |
//        +----------+-------+----------+---------+--------+-----------+-------------+--------------------+
//   Kafka keeps only the last batch of each producer, so that after a restart it does not recognize a retry of the four
//   before. Its reader ignores what follows the producers; there we keep those four:
//        +------------+-------+---------------------------------------------------------------+
//        | "MRW5"     | count | (producer id int64, last sequence int32, last offset int64,   |
//        | int32      | int32 |  offset delta int32), oldest first per producer               |
//        +------------+-------+---------------------------------------------------------------+

/// <summary>Writes and reads snapshot files.</summary>
static class ProducerSnapshot
{
    const short Version = 1;
    const int CrcAt = 2;
    const int BodyAt = 6;
    const int ProducerSize = 46;
    const int TailMark = 0x4D525735;
    const int TailEntrySize = 24;

    public static byte[] Write(ProducerStates states)
    {
        var producers = states.All.OrderBy(static p => p.ProducerId).ToList();
        var earlier = producers.Sum(static p => Math.Max(0, p.Count - 1));
        var bytes = new byte[BodyAt + 4 + producers.Count * ProducerSize + 8 + earlier * TailEntrySize];
        BinaryPrimitives.WriteInt16BigEndian(bytes, Version);
        var at = bytes.AsSpan(BodyAt);
        Put(ref at, producers.Count);
        foreach (var producer in producers)
        {
            // Without a batch (only a marker was seen) Kafka writes -1 for sequence and offset.
            var last = producer.Count == 0 ? new ProducerBatch(-1, -1, -1, -1) : producer.Last;
            Put(ref at, producer.ProducerId);
            BinaryPrimitives.WriteInt16BigEndian(at, producer.Epoch);
            at = at[2..];
            Put(ref at, last.LastSequence);
            Put(ref at, last.LastOffset);
            Put(ref at, (int)(last.LastOffset - last.BaseOffset));
            Put(ref at, producer.LastTimestampMs);
            Put(ref at, producer.CoordinatorEpoch);
            Put(ref at, producer.TransactionStart);
        }
        Put(ref at, TailMark);
        Put(ref at, earlier);
        foreach (var producer in producers)
        {
            foreach (var batch in producer.Known.Take(producer.Count - 1))
            {
                Put(ref at, producer.ProducerId);
                Put(ref at, batch.LastSequence);
                Put(ref at, batch.LastOffset);
                Put(ref at, (int)(batch.LastOffset - batch.BaseOffset));
            }
        }
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(CrcAt), Crc32C.Compute(bytes.AsSpan(BodyAt)));
        return bytes;
    }

    /// <summary>Null when the bytes are damaged or of another version: the caller goes to an older snapshot.</summary>
    public static List<ProducerState>? TryRead(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < BodyAt + 4 || BinaryPrimitives.ReadInt16BigEndian(bytes) != Version
            || BinaryPrimitives.ReadUInt32BigEndian(bytes[CrcAt..]) != Crc32C.Compute(bytes[BodyAt..]))
        {
            return null;
        }
        var at = bytes[BodyAt..];
        var count = GetInt(ref at);
        if (count < 0 || count > at.Length / ProducerSize)
            return null;
        var tail = at[(count * ProducerSize)..];
        var earlier = ReadTail(tail);
        var producers = new List<ProducerState>(count);
        for (var i = 0; i < count; i++)
        {
            var id = GetLong(ref at);
            var epoch = BinaryPrimitives.ReadInt16BigEndian(at);
            at = at[2..];
            var last = GetBatch(ref at);
            var producer = new ProducerState(id, epoch)
            {
                LastTimestampMs = GetLong(ref at),
                CoordinatorEpoch = GetInt(ref at),
                TransactionStart = GetLong(ref at),
            };
            foreach (var batch in earlier?.GetValueOrDefault(id) ?? [])
                producer.Add(epoch, batch);
            if (last.LastSequence >= 0)
                producer.Add(epoch, last);
            producers.Add(producer);
        }
        return producers;
    }

    static Dictionary<long, List<ProducerBatch>>? ReadTail(ReadOnlySpan<byte> tail)
    {
        // Kafka wrote the file, or an unknown extension: the last batches alone will do.
        if (tail.Length < 8 || GetInt(ref tail) != TailMark)
            return null;
        var count = GetInt(ref tail);
        if (count < 0 || count > tail.Length / TailEntrySize)
            return null;
        var earlier = new Dictionary<long, List<ProducerBatch>>();
        for (var i = 0; i < count; i++)
        {
            var id = GetLong(ref tail);
            if (!earlier.TryGetValue(id, out var batches))
                earlier[id] = batches = [];
            batches.Add(GetBatch(ref tail));
        }
        return earlier;
    }

    static ProducerBatch GetBatch(ref ReadOnlySpan<byte> at)
    {
        var lastSequence = GetInt(ref at);
        var lastOffset = GetLong(ref at);
        var delta = GetInt(ref at);
        return new ProducerBatch(lastSequence - delta & int.MaxValue, lastSequence, lastOffset - delta, lastOffset);
    }

    static void Put(ref Span<byte> at, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(at, value);
        at = at[4..];
    }

    static void Put(ref Span<byte> at, long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(at, value);
        at = at[8..];
    }

    static int GetInt(ref ReadOnlySpan<byte> at)
    {
        var value = BinaryPrimitives.ReadInt32BigEndian(at);
        at = at[4..];
        return value;
    }

    static long GetLong(ref ReadOnlySpan<byte> at)
    {
        var value = BinaryPrimitives.ReadInt64BigEndian(at);
        at = at[8..];
        return value;
    }
}
