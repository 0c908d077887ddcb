using Millrace.Broker;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Xunit;

namespace Millrace.Unit.Broker.Server;

/// <summary>A full disk is an answer, not an end: the broker stays up and goes on when space returns.</summary>
public sealed class DiskFullTests
{
    static readonly BrokerOptions Options = new() { DataDirectory = "/data", Flush = FlushPolicy.Group };

    [Fact]
    public async Task Produce_answers_KAFKA_STORAGE_ERROR_and_works_again_when_space_returns()
    {
        var files = new MemoryFileSystem(crashable: true);
        long kept;
        await using (var broker = await TestBroker.StartAsync(Options, files))
        {
            await using var client = await broker.ConnectAsync();
            await client.CreateAsync("t");
            await client.ProduceAsync("t", new string('a', 1000));
            Fill(files, left: 2000);
            var answer = await client.ProduceAsync("t", new string('b', 1000));
            for (var i = 0; i < 10 && answer.ErrorCode == ErrorCode.None; i++)
                answer = await client.ProduceAsync("t", new string('b', 1000));
            Assert.Equal((ErrorCode.KafkaStorageError, -1L), (answer.ErrorCode, answer.BaseOffset));
            Assert.Contains("the disk is full", answer.ErrorMessage, StringComparison.Ordinal);

            // What is there is served, and what needs no space works.
            kept = (await client.FetchAsync("t", 0)).HighWatermark;
            Assert.Equal(2, kept);
            Assert.Equal(ErrorCode.KafkaStorageError, (await client.CreateAsync("u", 20)).ErrorCode);
            var found = await client.CallAsync<ListGroupsRequest, ListGroupsResponse>(new ListGroupsRequest(), 4);
            Assert.Equal(ErrorCode.None, found.ErrorCode);

            files.Capacity = long.MaxValue;
            Assert.Equal(kept, (await client.ProduceAsync("t", "again")).BaseOffset);
            Assert.Equal(ErrorCode.None, (await client.CreateAsync("u", 20)).ErrorCode);
            Assert.Equal(0, (await client.ProduceAsync("u", "too")).BaseOffset);
        }

        // A restart finds exactly what was acknowledged.
        await using var next = await TestBroker.StartAsync(Options, files.Kill());
        await using var second = await next.ConnectAsync();
        var fetched = await second.FetchAsync("t", 0);
        Assert.Equal(kept + 1, fetched.HighWatermark);
        var batches = new BatchReader(fetched.Records!.Value.Span);
        var count = 0;
        while (batches.MoveNext()) count++;
        Assert.Equal((kept + 1, false), (count, batches.IsTruncated));
    }

    [Fact]
    public async Task A_commit_that_cannot_be_written_fails_and_changes_nothing()
    {
        var files = new MemoryFileSystem(crashable: true);
        await using (var broker = await TestBroker.StartAsync(Options, files))
        {
            await using var client = await broker.ConnectAsync();
            await client.CreateAsync("t");
            Assert.Equal(ErrorCode.None, await CommitAsync(client, 1));
            Fill(files, left: 10);
            Assert.Equal(ErrorCode.CoordinatorNotAvailable, await CommitAsync(client, 2));
            Assert.Equal(1, await CommittedAsync(client));

            // A member may still join: nothing is written for that. Its assignment needs space.
            var joined = await JoinAsync(client);
            Assert.Equal(ErrorCode.None, joined.ErrorCode);
            Assert.Equal(ErrorCode.CoordinatorNotAvailable, (await SyncAsync(client, joined)).ErrorCode);
            files.Capacity = long.MaxValue;
            var synced = await SyncAsync(client, joined);
            Assert.Equal((ErrorCode.None, 7), (synced.ErrorCode, (int)synced.Assignment.Span[0]));
            Assert.Equal(ErrorCode.None, await CommitAsync(client, 3, joined.MemberId, joined.GenerationId));
            Assert.Equal(3, await CommittedAsync(client));
        }

        await using var next = await TestBroker.StartAsync(Options, files.Kill());
        await using var second = await next.ConnectAsync();
        Assert.Equal(3, await CommittedAsync(second));
    }

    [Fact]
    public async Task A_failed_flush_takes_its_partition_offline_until_the_restart_and_nothing_else()
    {
        var files = new MemoryFileSystem(crashable: true);
        await using (var broker = await TestBroker.StartAsync(Options, files))
        {
            await using var client = await broker.ConnectAsync();
            await client.CreateAsync("t");
            await client.CreateAsync("u");
            await client.ProduceAsync("t", "kept");
            files.FailNext(FileOperation.Flush, StorageError.Failed, "t-0");
            Assert.Equal(ErrorCode.KafkaStorageError, (await client.ProduceAsync("t", "lost")).ErrorCode);
            Assert.Equal(ErrorCode.KafkaStorageError, (await client.ProduceAsync("t", "more")).ErrorCode);
            Assert.Equal(0, (await client.ProduceAsync("u", "works")).BaseOffset);
        }

        await using var next = await TestBroker.StartAsync(Options, files.Kill());
        await using var second = await next.ConnectAsync();
        Assert.True((await second.ProduceAsync("t", "after")).BaseOffset >= 1);
    }

    static void Fill(MemoryFileSystem files, int left) =>
        files.Capacity = long.MaxValue - files.Space("/").Free + left;

    static async Task<ErrorCode> CommitAsync(RawClient client, long offset, string member = "", int generation = -1)
    {
        var topic = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "t" };
        topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition { CommittedOffset = offset });
        var response = await client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
            new OffsetCommitRequest
            {
                GroupId = "g",
                MemberId = member,
                GenerationIdOrMemberEpoch = generation,
                Topics = [topic],
            },
            8);
        return response.Topics[0].Partitions[0].ErrorCode;
    }

    static async Task<long> CommittedAsync(RawClient client)
    {
        var response = await client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(
            new OffsetFetchRequest { GroupId = "g", Topics = null }, 7);
        return response.Topics[0].Partitions[0].CommittedOffset;
    }

    static async Task<JoinGroupResponse> JoinAsync(RawClient client)
    {
        var request = new JoinGroupRequest
        {
            GroupId = "g",
            ProtocolType = "consumer",
            SessionTimeoutMs = 30_000,
            RebalanceTimeoutMs = 30_000,
            Protocols = [new() { Name = "range", Metadata = new byte[] { 1 } }],
        };
        return await client.CallAsync<JoinGroupRequest, JoinGroupResponse>(request, 3);
    }

    static async Task<SyncGroupResponse> SyncAsync(RawClient client, JoinGroupResponse joined)
    {
        var request = new SyncGroupRequest
        {
            GroupId = "g",
            MemberId = joined.MemberId,
            GenerationId = joined.GenerationId,
            Assignments = [new() { MemberId = joined.MemberId, Assignment = new byte[] { 7 } }],
        };
        return await client.CallAsync<SyncGroupRequest, SyncGroupResponse>(request, 3);
    }
}
