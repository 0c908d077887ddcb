using System.Buffers.Binary;
using System.Text;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Server;

public sealed class ProducedRecordsTests
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Records_that_do_not_parse_are_refused_though_their_checksum_is_right(CompressionType compression)
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        var batch = Batch(compression);
        batch.AsSpan(RecordBatchHeader.Size).Fill(0xff);
        var refused = await ProduceAsync(client, Checksummed(batch));
        Assert.Equal((ErrorCode.InvalidRecord, -1L), (refused.ErrorCode, refused.BaseOffset));
        Assert.Contains("t-0", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(0, (await client.FetchAsync("t", 0)).HighWatermark);
        Assert.Equal(ErrorCode.None, (await ProduceAsync(client, Batch(compression))).ErrorCode);
    }

    [Fact]
    public async Task Records_that_a_header_counts_wrongly_are_refused()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        var batch = RawClient.Batch("a", "b");
        // The second record's offset delta, a zigzag varint behind length, attributes and timestamp delta.
        var second = batch.AsSpan(RecordBatchHeader.Size + 1 + (batch[RecordBatchHeader.Size] >> 1));
        Assert.Equal(2, second[3]);
        second[3] = 0;
        Assert.Equal(ErrorCode.InvalidRecord, (await ProduceAsync(client, Checksummed(batch))).ErrorCode);
    }

    [Fact]
    public async Task Damage_on_the_way_is_told_apart_so_that_the_client_sends_again()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        var batch = RawClient.Batch("a");
        batch.AsSpan(RecordBatchHeader.Size).Fill(0xff);
        Assert.Equal(ErrorCode.CorruptMessage, (await ProduceAsync(client, batch)).ErrorCode);
    }

    static byte[] Batch(CompressionType compression)
    {
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        for (var i = 0; i < 3; i++)
        {
            var value = Encoding.UTF8.GetBytes(new string((char)('a' + i), 300));
            Assert.True(builder.TryAppend(1_700_000_000_000, "k"u8.ToArray(), false, value, false, []));
        }

        var batch = builder.Seal(compression).ToArray();
        Assert.True(RecordBatchHeader.TryRead(batch, out var header));
        Assert.Equal(compression, header.Compression);
        return batch;
    }

    static byte[] Checksummed(byte[] batch)
    {
        // The checksum stands at byte 17 and covers what follows it.
        BinaryPrimitives.WriteUInt32BigEndian(batch.AsSpan(17), Crc32C.Compute(batch.AsSpan(21)));
        Assert.Equal(BatchFault.None, RecordBatch.Validate(batch));
        return batch;
    }

    static async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(RawClient client, byte[] batch) =>
        (await client.CallAsync<ProduceRequest, ProduceResponse>(RawClient.Produce("t", batch), 9))
            .Responses[0].PartitionResponses[0];
}
