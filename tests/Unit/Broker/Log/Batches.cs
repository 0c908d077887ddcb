using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Log;

/// <summary>Batches as clients send them.</summary>
static class Batches
{
    public static byte[] Of(int count, long timestampMs = 1_000, int valueSize = 10, long producerId = -1,
        short epoch = -1,
        int sequence = -1, CompressionType compression = CompressionType.None, bool isTransactional = false,
            long step = 0,
        int fill = 'x')
    {
        using var builder = new RecordBatchBuilder(BufferPool.Default, 64 << 20);
        var value = new byte[valueSize];
        Array.Fill(value, (byte)fill);
        for (var i = 0; i < count; i++)
        {
            Assert.True(builder.TryAppend(timestampMs + i * step, Encoding.UTF8.GetBytes($"k{i}"), false, value, false,
                []));
        }
        return builder.Seal(compression, null, producerId, epoch, sequence, isTransactional).ToArray();
    }

    public static byte[] Marker(ControlRecordType type, long producerId, short epoch)
    {
        var bytes = new byte[ControlBatch.EndTransactionSize];
        ControlBatch.WriteEndTransaction(bytes, type, producerId, epoch, 0, 1_000);
        return bytes;
    }

    public static List<RecordBatchHeader> Headers(ReadOnlySpan<byte> bytes)
    {
        var headers = new List<RecordBatchHeader>();
        var reader = new BatchReader(bytes);
        while (reader.MoveNext())
        {
            Assert.Equal(BatchFault.None, RecordBatch.Validate(reader.CurrentBytes));
            headers.Add(reader.Current);
        }
        Assert.Equal(BatchFault.None, reader.Fault);
        Assert.False(reader.IsTruncated);
        return headers;
    }
}
