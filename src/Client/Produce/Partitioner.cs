using System.Buffers.Binary;

namespace Millrace.Client.Produce;

/// <summary>Partitions for records that name none.</summary>
static class Partitioner
{
    /// <summary>The Java client's choice for a key: murmur2 without its sign, modulo all partitions, also those
    /// without a
    /// leader. An empty key is a key.</summary>
    public static int ForKey(ReadOnlySpan<byte> key, int partitionCount) =>
        (int)((Murmur2(key) & int.MaxValue) % (uint)partitionCount);

    /// <summary>32-bit MurmurHash2 with the seed that Kafka fixed.</summary>
    public static uint Murmur2(ReadOnlySpan<byte> data)
    {
        const uint Seed = 0x9747b28c;
        const uint M = 0x5bd1e995;
        const int R = 24;

        var h = Seed ^ (uint)data.Length;
        while (data.Length >= 4)
        {
            var k = BinaryPrimitives.ReadUInt32LittleEndian(data) * M;
            k = (k ^ (k >> R)) * M;
            h = (h * M) ^ k;
            data = data[4..];
        }
        if (data.Length > 0)
        {
            if (data.Length == 3)
            {
                h ^= (uint)data[2] << 16;
            }
            if (data.Length >= 2)
            {
                h ^= (uint)data[1] << 8;
            }
            h = (h ^ data[0]) * M;
        }
        h = (h ^ (h >> 13)) * M;
        return h ^ (h >> 15);
    }

    /// <summary>The next partition for records without a key (KIP-794): at random, the more likely the less it has
    /// waiting.
    /// Partitions without a leader are left out as long as another one has one.</summary>
    /// <param name="partitions">All partitions of the topic.</param>
    /// <param name="random">From 0 to below 1.</param>
    public static int NextSticky(IReadOnlyList<PartitionBuffer> partitions, double random)
    {
        long longest = 0;
        var hasLeader = false;
        foreach (var partition in partitions)
        {
            longest = Math.Max(longest, partition.UnsentBytes);
            hasLeader |= partition.Sender is not null;
        }
        double total = 0;
        foreach (var partition in partitions)
        {
            total += Weight(partition);
        }
        var target = random * total;
        for (var i = 0; i < partitions.Count; i++)
        {
            target -= Weight(partitions[i]);
            if (target < 0)
            {
                return i;
            }
        }
        return partitions.Count - 1;

        double Weight(PartitionBuffer partition) => hasLeader && partition.Sender is null ? 0
            : longest - partition.UnsentBytes + 1;
    }
}
