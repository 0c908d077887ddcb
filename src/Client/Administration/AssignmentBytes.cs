using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Administration;

// The consumers' assignment inside the group protocol's opaque bytes; never flexible.
//
//   ┌───────────────┬───────────────────────────────────────────────┬───────────┐
//   │ int16 version │ array of (string topic, array of int32)       │ user data │
//   └───────────────┴───────────────────────────────────────────────┴───────────┘

/// <summary>Reads the partitions that a member of a consumer group was assigned.</summary>
static class AssignmentBytes
{
    /// <summary>The partitions; what cannot be read counts as none, because any program may write these
    /// bytes.</summary>
    public static IReadOnlyList<TopicPartition> Read(ReadOnlyMemory<byte> bytes)
    {
        var result = new List<TopicPartition>();
        var reader = new WireReader(bytes);
        _ = reader.ReadInt16();
        var topics = reader.ReadInt32();
        for (var i = 0; i < topics && !reader.IsBad; i++)
        {
            var topic = reader.ReadString();
            var partitions = reader.ReadInt32();
            for (var j = 0; j < partitions && !reader.IsBad; j++)
            {
                var partition = reader.ReadInt32();
                if (!reader.IsBad)
                {
                    result.Add(new TopicPartition(topic, partition));
                }
            }
        }
        return reader.IsBad ? [] : result;
    }
}
