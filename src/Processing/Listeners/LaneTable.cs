using System.Buffers.Binary;

namespace Millrace.Processing.Listeners;

/// <summary>The lanes of one lease by key: only keys with something in flight, so never more than the window. Exact
/// keys; the hash only finds the bucket. Loop only.</summary>
sealed class LaneTable
{
    Lane?[] _buckets = [];

    public int Count { get; private set; }

    public Lane? Find(ReadOnlySpan<byte> key, ulong hash)
    {
        if (Count == 0)
        {
            return null;
        }

        var lane = _buckets[hash & (uint)(_buckets.Length - 1)];
        while (lane is not null && !(lane.Hash == hash && lane.Key.SequenceEqual(key)))
        {
            lane = lane.NextInBucket;
        }

        return lane;
    }

    public void Add(Lane lane)
    {
        if (Count >= _buckets.Length)
        {
            Grow();
        }

        ref var bucket = ref _buckets[lane.Hash & (uint)(_buckets.Length - 1)];
        lane.NextInBucket = bucket;
        bucket = lane;
        lane.IsKeyed = true;
        Count++;
    }

    public void Remove(Lane lane)
    {
        ref var bucket = ref _buckets[lane.Hash & (uint)(_buckets.Length - 1)];
        if (ReferenceEquals(bucket, lane))
        {
            bucket = lane.NextInBucket;
        }
        else
        {
            var before = bucket!;
            while (!ReferenceEquals(before.NextInBucket, lane))
            {
                before = before.NextInBucket!;
            }

            before.NextInBucket = lane.NextInBucket;
        }

        lane.NextInBucket = null;
        lane.IsKeyed = false;
        Count--;
    }

    /// <summary>Adds every lane to a list.</summary>
    public void CopyTo(List<Lane> into)
    {
        foreach (var first in _buckets)
        {
            for (var lane = first; lane is not null; lane = lane.NextInBucket)
            {
                into.Add(lane);
            }
        }
    }

    void Grow()
    {
        var old = _buckets;
        _buckets = new Lane?[Math.Max(16, old.Length * 2)];
        foreach (var first in old)
        {
            var lane = first;
            while (lane is not null)
            {
                var next = lane.NextInBucket;
                ref var bucket = ref _buckets[lane.Hash & (uint)(_buckets.Length - 1)];
                lane.NextInBucket = bucket;
                bucket = lane;
                lane = next;
            }
        }
    }
}

/// <summary>A seeded 64-bit hash of a key: multiply and fold, eight bytes at a time. Seeded, so that nobody can choose
/// keys that meet in one bucket; all 64 bits mix, so that numeric keys spread.</summary>
static class KeyHash
{
    const ulong Mix1 = 0xA0761D6478BD642F;
    const ulong Mix2 = 0xE7037ED1A0B428DB;

    public static ulong Of(ReadOnlySpan<byte> key, ulong seed)
    {
        var hash = seed ^ Fold((ulong)key.Length ^ Mix1, Mix2);
        while (key.Length >= 8)
        {
            hash = Fold(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key), Mix1);
            key = key[8..];
        }

        var rest = 0UL;
        for (var i = 0; i < key.Length; i++)
        {
            rest |= (ulong)key[i] << (8 * i);
        }

        return Fold(Fold(hash ^ rest, Mix2), Mix1 ^ seed);
    }

    static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return high ^ low;
    }
}
