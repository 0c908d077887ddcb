using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Server;

public sealed class GroupHandlerTests
{
    [Fact]
    public async Task A_group_without_members_is_deleted_with_its_offsets_and_one_with_members_is_not()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        await CommitAsync(client, "empty", 5);
        var joined = await JoinAsync(client, "busy");
        for (short version = 0; version <= 2; version++)
        {
            var response = await client.CallAsync<DeleteGroupsRequest, DeleteGroupsResponse>(
                new DeleteGroupsRequest { GroupsNames = ["empty", "busy", "nobody", "", "empty"] }, version);
            Assert.Equal(
                [
                    ("empty", version == 0 ? ErrorCode.None : ErrorCode.GroupIdNotFound),
                    ("busy", ErrorCode.NonEmptyGroup),
                    ("nobody", ErrorCode.GroupIdNotFound),
                    ("", ErrorCode.InvalidGroupId),
                    ("empty", ErrorCode.GroupIdNotFound),
                ],
                response.Results.Select(r => (r.GroupId, r.ErrorCode)));
        }

        Assert.Equal(-1, await CommittedAsync(client, "empty"));
        Assert.Equal(1, joined.GenerationId);
    }

    [Fact]
    public async Task Offsets_of_topics_that_nobody_reads_are_deleted()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t", 2);
        await CommitAsync(client, "g", 5);
        var request = new OffsetDeleteRequest
        {
            GroupId = "g",
            Topics = [new() { Name = "t", Partitions = [new() { PartitionIndex = 0 }, new() { PartitionIndex = 9 }] }],
        };
        var response = await client.CallAsync<OffsetDeleteRequest, OffsetDeleteResponse>(request, 0);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.Equal(
            [(0, ErrorCode.None), (9, ErrorCode.UnknownTopicOrPartition)],
            response.Topics[0].Partitions.Select(p => (p.PartitionIndex, p.ErrorCode)));
        Assert.Equal(-1, await CommittedAsync(client, "g"));

        request.GroupId = "nobody";
        response = await client.CallAsync<OffsetDeleteRequest, OffsetDeleteResponse>(request, 0);
        Assert.Equal(ErrorCode.GroupIdNotFound, response.ErrorCode);

        // A member whose subscription cannot be read may read anything.
        await JoinAsync(client, "opaque", metadata: [1]);
        request.GroupId = "opaque";
        response = await client.CallAsync<OffsetDeleteRequest, OffsetDeleteResponse>(request, 0);
        Assert.Equal(ErrorCode.NonEmptyGroup, response.ErrorCode);

        // Version 0 of the consumer protocol: the topics are [t].
        var subscribed = await JoinAsync(client, "reader", metadata: [0, 0, 0, 0, 0, 1, 0, 1, (byte)'t', 0, 0, 0, 0]);
        Assert.Equal(ErrorCode.None, subscribed.ErrorCode);
        request.GroupId = "reader";
        response = await client.CallAsync<OffsetDeleteRequest, OffsetDeleteResponse>(request, 0);
        Assert.All(response.Topics[0].Partitions, p => Assert.Equal(ErrorCode.GroupSubscribedToTopic, p.ErrorCode));
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Zstd)]
    public async Task A_compacted_topic_refuses_records_without_a_key_and_says_which(CompressionType compression)
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("c", configs: ("cleanup.policy", "compact"));
        var refused = await ProduceAsync(client, Batch(compression, "k", null, "k", null, null, null));
        Assert.Equal((ErrorCode.InvalidRecord, -1L), (refused.ErrorCode, refused.BaseOffset));
        Assert.StartsWith("4 of the batch's records have no key; c is compacted", refused.ErrorMessage,
            StringComparison.Ordinal);
        Assert.Equal([1, 3, 4], refused.RecordErrors.Select(e => e.BatchIndex));
        Assert.Equal("A record for c-0 has no key.", refused.RecordErrors[0].BatchIndexErrorMessage);
        var taken = await ProduceAsync(client, Batch(compression, "k", "", "k"));
        Assert.Equal((ErrorCode.None, 0L), (taken.ErrorCode, taken.BaseOffset));

        // Damaged records cost the batch, not the connection.
        var damaged = Batch(compression, "k");
        damaged.AsSpan(RecordBatchHeader.Size).Fill(0xff);
        Assert.Equal(ErrorCode.CorruptMessage, (await ProduceAsync(client, damaged)).ErrorCode);
        Assert.Equal(3, (await client.FetchAsync("c", 0)).HighWatermark);
    }

    static byte[] Batch(CompressionType compression, params string?[] keys)
    {
        using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
        foreach (var key in keys)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(key ?? "");
            Assert.True(builder.TryAppend(1_700_000_000_000, bytes, key is null, new byte[200], false, []));
        }

        return builder.Seal(compression).ToArray();
    }

    static async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(RawClient client, byte[] batch) =>
        (await client.CallAsync<ProduceRequest, ProduceResponse>(RawClient.Produce("c", batch), 9))
            .Responses[0].PartitionResponses[0];

    static async Task CommitAsync(RawClient client, string group, long offset)
    {
        var request = new OffsetCommitRequest
        {
            GroupId = group,
            Topics = [new() { Name = "t", Partitions = [new() { CommittedOffset = offset }] }],
        };
        var response = await client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(request, 8);
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
    }

    static async Task<long> CommittedAsync(RawClient client, string group)
    {
        var request = new OffsetFetchRequest
        {
            GroupId = group,
            Topics = [new() { Name = "t", PartitionIndexes = [0] }],
        };
        var response = await client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(request, 7);
        return response.Topics[0].Partitions[0].CommittedOffset;
    }

    static async Task<JoinGroupResponse> JoinAsync(RawClient client, string group, params byte[] metadata)
    {
        var request = new JoinGroupRequest
        {
            GroupId = group,
            ProtocolType = "consumer",
            SessionTimeoutMs = 30_000,
            RebalanceTimeoutMs = 30_000,
            Protocols = [new() { Name = "range", Metadata = metadata }],
        };
        return await client.CallAsync<JoinGroupRequest, JoinGroupResponse>(request, 3);
    }
}
