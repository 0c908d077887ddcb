using Millrace.Broker;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Xunit;

namespace Millrace.Unit.Broker.Server;

public sealed class HandlerTests
{
    [Fact]
    public async Task Records_come_back_byte_for_byte_from_the_batch_that_holds_the_offset()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        var batch = RawClient.Batch("a", "b", "c");
        for (var i = 0; i < 2; i++)
        {
            var produced = await client.CallAsync<ProduceRequest, ProduceResponse>(RawClient.Produce("t", batch), 9);
            Assert.Equal(3 * i, produced.Responses[0].PartitionResponses[0].BaseOffset);
        }

        var fetched = await client.FetchAsync("t", 4);
        Assert.Equal((6L, 6L, 0L), (fetched.HighWatermark, fetched.LastStableOffset, fetched.LogStartOffset));
        Assert.True(RecordBatchHeader.TryRead(fetched.Records!.Value.Span, out var header));
        Assert.Equal(3, header.BaseOffset);
        Assert.Equal(batch[RecordBatchHeader.Size..], fetched.Records.Value[RecordBatchHeader.Size..].ToArray());
        Assert.Null(fetched.AbortedTransactions);
    }

    [Fact]
    public async Task Fetched_records_are_never_null()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        var atEnd = await client.FetchAsync("t", 0);
        var outOfRange = await client.FetchAsync("t", 5);
        var unknown = await client.FetchAsync("nothing", 0);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.OffsetOutOfRange, ErrorCode.UnknownTopicOrPartition],
            new[] { atEnd, outOfRange, unknown }.Select(p => p.ErrorCode));
        Assert.All([atEnd, outOfRange, unknown], p => Assert.True(p.Records is { IsEmpty: true }));
    }

    [Fact]
    public async Task Topics_are_produced_and_fetched_by_id()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        var id = (await client.CreateAsync("t")).TopicId;
        var produce = RawClient.Produce("", RawClient.Batch("a"));
        produce.TopicData[0].TopicId = id;
        var produced = await client.CallAsync<ProduceRequest, ProduceResponse>(produce, 13);
        Assert.Equal((ErrorCode.None, id),
            (produced.Responses[0].PartitionResponses[0].ErrorCode, produced.Responses[0].TopicId));
        var fetch = RawClient.Fetch("", 0);
        fetch.Topics[0].TopicId = id;
        var fetched = await client.CallAsync<FetchRequest, FetchResponse>(fetch, 18);
        Assert.False(fetched.Responses[0].Partitions[0].Records!.Value.IsEmpty);
        fetch.Topics[0].TopicId = new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]);
        fetched = await client.CallAsync<FetchRequest, FetchResponse>(fetch, 18);
        Assert.Equal(ErrorCode.UnknownTopicId, fetched.Responses[0].Partitions[0].ErrorCode);
    }

    [Fact]
    public async Task A_fetch_waits_for_its_least_bytes_over_all_partitions()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var reader = await broker.ConnectAsync();
        await using var writer = await broker.ConnectAsync();
        await writer.CreateAsync("t", 2);
        var size = RawClient.Batch("a").Length;
        await reader.SendAsync<FetchRequest, FetchResponse>(
            RawClient.Fetch("t", 0, 60_000, (2 * size) - 1, 0, 1), 12);
        await writer.ProduceAsync("t", "a");
        await writer.CallAsync<ProduceRequest,
            ProduceResponse>(RawClient.Produce("t", RawClient.Batch("b"), partition: 1), 9);
        var answer = await reader.ReceiveAsync<FetchRequest, FetchResponse>(12);
        Assert.All(answer.Responses[0].Partitions, p => Assert.Equal(size, p.Records!.Value.Length));
    }

    [Fact]
    public async Task The_first_batch_comes_even_if_it_is_larger_than_asked_for()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t", 2);
        await client.ProduceAsync("t", new string('x', 1000));
        await client.CallAsync<ProduceRequest, ProduceResponse>(
            RawClient.Produce("t", RawClient.Batch(new string('y', 1000)), partition: 1), 9);
        var fetch = RawClient.Fetch("t", 0, 0, 1, 0, 1);
        fetch.MaxBytes = 10;
        var lengths = new HashSet<string>();
        for (var i = 0; i < 2; i++)
        {
            var answer = await client.CallAsync<FetchRequest, FetchResponse>(fetch, 12);
            var got = answer.Responses[0].Partitions.Select(p => p.Records!.Value.Length > 1000).ToArray();
            Assert.Single(got, true);
            lengths.Add(string.Join(',', got));
        }

        // The partition that was left out is the first of the next request.
        Assert.Equal(2, lengths.Count);
    }

    [Fact]
    public async Task Produce_says_what_is_wrong()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t", configs: ("max.message.bytes", "200"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await TryAsync("nothing", RawClient.Batch("a")));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, await TryAsync("t", RawClient.Batch("a"), partition: 1));
        Assert.Equal(ErrorCode.InvalidRecord, await TryAsync("t", null));
        Assert.Equal(ErrorCode.InvalidRecord, await TryAsync("t", new byte[] { 1 }));
        Assert.Equal(
            ErrorCode.InvalidRecord, await TryAsync("t", (byte[])[.. RawClient.Batch("a"), .. RawClient.Batch("b")]));
        Assert.Equal(ErrorCode.MessageTooLarge, await TryAsync("t", RawClient.Batch(new string('x', 300))));
        Assert.Equal(ErrorCode.InvalidRequiredAcks, await TryAsync("t", RawClient.Batch("a"), acks: 2));
        Assert.Equal(ErrorCode.InvalidTopicException, await TryAsync("__consumer_offsets", RawClient.Batch("a")));
        var broken = RawClient.Batch("a");
        broken[^1] ^= 1;
        Assert.Equal(ErrorCode.CorruptMessage, await TryAsync("t", broken));
        Assert.Equal(0, (await client.FetchAsync("t", 0)).HighWatermark);

        async Task<ErrorCode> TryAsync(string topic, ReadOnlyMemory<byte>? batch, short acks = -1, int partition = 0) =>
            (await client.CallAsync<ProduceRequest,
                ProduceResponse>(RawClient.Produce(topic, batch, acks, partition), 9))
            .Responses[0].PartitionResponses[0].ErrorCode;
    }

    [Fact]
    public async Task Acks_0_has_no_answer_and_its_error_ends_the_connection()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        await client.SendAsync<ProduceRequest,
            ProduceResponse>(RawClient.Produce("t", RawClient.Batch("a"), acks: 0), 9);
        Assert.Equal(1, (await client.FetchAsync("t", 0)).HighWatermark);
        await client.SendAsync<ProduceRequest,
            ProduceResponse>(RawClient.Produce("nothing", RawClient.Batch("a"), acks: 0), 9);
        Assert.Null(await client.ReceiveFrameAsync());
    }

    [Fact]
    public async Task Metadata_tells_null_from_empty_and_creates_only_when_both_sides_allow()
    {
        await using var broker = await TestBroker.StartAsync(new BrokerOptions { DefaultPartitions = 3 });
        await using var client = await broker.ConnectAsync();
        var none = await MetadataAsync(false);
        Assert.Empty(none.Topics);
        Assert.Equal((1, "127.0.0.1", broker.Broker.ClusterId, 1),
            (Assert.Single(none.Brokers).NodeId, none.Brokers[0].Host, none.ClusterId, none.ControllerId));
        Assert.Equal(
            ErrorCode.UnknownTopicOrPartition, Assert.Single((await MetadataAsync(false, "auto")).Topics).ErrorCode);
        var created = Assert.Single((await MetadataAsync(true, "auto")).Topics);
        Assert.Equal((ErrorCode.None, 3), (created.ErrorCode, created.Partitions.Count));
        Assert.Equal(
            ErrorCode.InvalidTopicException, Assert.Single((await MetadataAsync(true, "not/valid")).Topics).ErrorCode);
        var all = await client.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = null }, 9);
        Assert.Equal([("__consumer_offsets", true), ("auto", false)], all.Topics.Select(t => (t.Name!, t.IsInternal)));

        var byId = new MetadataRequest
        {
            Topics = [new MetadataRequest.MetadataRequestTopic { TopicId = created.TopicId,
            Name = null }],
        };
        byId.Topics[0].TopicId = (await MetadataAsync(false, "auto", 12)).Topics[0].TopicId;
        Assert.Equal("auto", (await client.CallAsync<MetadataRequest, MetadataResponse>(byId, 12)).Topics[0].Name);

        Task<MetadataResponse> MetadataAsync(bool create, string? topic = null, short version = 9) =>
            client.CallAsync<MetadataRequest, MetadataResponse>(
                new MetadataRequest
                {
                    AllowAutoTopicCreation = create,
                    Topics = topic is null ? [] : [new MetadataRequest.MetadataRequestTopic { Name = topic }],
                },
                version);
    }

    [Fact]
    public async Task Every_topic_that_is_to_be_created_gets_its_own_result()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        var good = await client.CreateAsync("a.b", 2, configs: ("retention.ms", "5"));
        Assert.Equal((ErrorCode.None, 2, 1), (good.ErrorCode, good.NumPartitions, good.ReplicationFactor));
        Assert.Equal(("5", (sbyte)1),
            good.Configs!.Where(c => c.Name == "retention.ms").Select(c => (c.Value, c.ConfigSource)).Single());
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await client.CreateAsync("a.b")).ErrorCode);
        Assert.Equal(ErrorCode.InvalidTopicException, (await client.CreateAsync("a_b")).ErrorCode);
        Assert.Equal(ErrorCode.InvalidTopicException, (await client.CreateAsync("a/b")).ErrorCode);
        Assert.Equal(ErrorCode.InvalidPartitions, (await client.CreateAsync("p", 0)).ErrorCode);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, (await client.CreateAsync("r", replication: 3)).ErrorCode);
        Assert.Equal(
            ErrorCode.InvalidConfig, (await client.CreateAsync("c", configs: ("retention.ms", "x"))).ErrorCode);
        Assert.Equal(ErrorCode.InvalidConfig, (await client.CreateAsync("c", configs: ("no.such", "1"))).ErrorCode);
        Assert.Equal(ErrorCode.None, (await client.CreateAsync("v", validateOnly: true)).ErrorCode);
        Assert.Null(broker.Broker.Logs.Topics.Find("v"));
        Assert.Null(broker.Broker.Logs.Topics.Find("r"));
    }

    [Fact]
    public async Task A_replication_factor_above_1_is_refused_with_the_reason_that_there_is_one_node()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        var refused = await client.CreateAsync("r", replication: 3);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, refused.ErrorCode);
        Assert.Contains("one node", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Contains("ClampReplicationFactor", refused.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.InvalidReplicationFactor, (await client.CreateAsync("r", replication: 0)).ErrorCode);
    }

    [Fact]
    public async Task A_replication_factor_above_1_is_clamped_when_asked()
    {
        await using var broker = await TestBroker.StartAsync(new BrokerOptions { ClampReplicationFactor = true });
        await using var client = await broker.ConnectAsync();
        var result = await client.CreateAsync("t", replication: 3);
        Assert.Equal((ErrorCode.None, 1), (result.ErrorCode, result.ReplicationFactor));
    }

    [Fact]
    public async Task Offsets_are_found_by_time_and_at_the_ends()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        await client.ProduceAsync("t", "a", "b");
        Assert.Equal((ErrorCode.None, 2L), await FindAsync(-1, 1));
        Assert.Equal((ErrorCode.None, 0L), await FindAsync(-2, 1));
        Assert.Equal((ErrorCode.UnsupportedVersion, -1L), await FindAsync(-3, 6));
        Assert.Equal((ErrorCode.None, 0L), await FindAsync(-3, 7));
        Assert.Equal((ErrorCode.None, 0L), await FindAsync(-4, 8));
        Assert.Equal((ErrorCode.None, -1L), await FindAsync(-5, 9));
        Assert.Equal((ErrorCode.None, 0L), await FindAsync(1_700_000_000_000, 6));
        Assert.Equal((ErrorCode.None, -1L), await FindAsync(1_700_000_000_001, 6));

        async Task<(ErrorCode, long)> FindAsync(long time, short version)
        {
            var topic = new ListOffsetsRequest.ListOffsetsTopic { Name = "t" };
            topic.Partitions.Add(new ListOffsetsRequest.ListOffsetsPartition { Timestamp = time });
            var response = await client.CallAsync<ListOffsetsRequest, ListOffsetsResponse>(
                new ListOffsetsRequest { ReplicaId = -1, Topics = [topic] }, version);
            return (response.Topics[0].Partitions[0].ErrorCode, response.Topics[0].Partitions[0].Offset);
        }
    }

    [Fact]
    public async Task A_deleted_topic_is_gone_with_its_offsets()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        var deleted = await client.CallAsync<DeleteTopicsRequest, DeleteTopicsResponse>(
            new DeleteTopicsRequest { TopicNames = ["t", "nothing", "__consumer_offsets"] }, 5);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.InvalidTopicException],
            deleted.Responses.Select(r => r.ErrorCode));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await client.ProduceAsync("t", "a")).ErrorCode);
    }

    [Fact]
    public async Task Settings_are_described_with_type_source_and_synonyms()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t", configs: ("retention.ms", "5"));
        var request = new DescribeConfigsRequest { IncludeSynonyms = true, IncludeDocumentation = true };
        foreach (var (type, name) in new[] { (2, "t"), (4, "1"), (2, "nothing"), (4, "9") })
        {
            request.Resources.Add(new DescribeConfigsRequest.DescribeConfigsResource
            {
                ResourceType = (sbyte)type,
                ResourceName = name,
                ConfigurationKeys = null,
            });
        }

        var response = await client.CallAsync<DescribeConfigsRequest, DescribeConfigsResponse>(request, 4);
        Assert.Equal(
            [ErrorCode.None, ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.InvalidRequest],
            response.Results.Select(r => r.ErrorCode));
        var retention = response.Results[0].Configs.Single(c => c.Name == "retention.ms");
        Assert.Equal(("5", (sbyte)1, (sbyte)5), (retention.Value, retention.ConfigSource, retention.ConfigType));
        Assert.Equal([("retention.ms", "5"), ("log.retention.ms", "604800000")],
            retention.Synonyms.Select(s => (s.Name, s.Value!)));
        Assert.All(response.Results[0].Configs, c => Assert.False(string.IsNullOrEmpty(c.Documentation)));
        Assert.Contains(response.Results[1].Configs, c => c is { Name: "num.partitions", Value: "1", ConfigSource: 5 });
    }

    [Fact]
    public async Task Every_version_of_every_group_request_can_be_answered()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        await client.CreateAsync("t");
        for (short v = 0; v <= 9; v++)
        {
            var join = new JoinGroupRequest { GroupId = $"g{v}", ProtocolType = "consumer", SessionTimeoutMs = 10_000 };
            if (v >= 1) join.RebalanceTimeoutMs = 10_000;
            if (v >= 5) join.GroupInstanceId = "i";
            join.Protocols.Add(new JoinGroupRequest.JoinGroupRequestProtocol
            {
                Name = "range",
                Metadata = new byte[] { 1 },
            });
            var joined = await client.CallAsync<JoinGroupRequest, JoinGroupResponse>(join, v);
            if (v == 4)
            {
                Assert.Equal(ErrorCode.MemberIdRequired, joined.ErrorCode);
                join.MemberId = joined.MemberId;
                joined = await client.CallAsync<JoinGroupRequest, JoinGroupResponse>(join, v);
            }

            Assert.Equal((ErrorCode.None, 1), (joined.ErrorCode, joined.GenerationId));
            var sync = new SyncGroupRequest { GroupId = $"g{v}", MemberId = joined.MemberId, GenerationId = 1 };
            Assert.Equal(ErrorCode.None,
                (await client.CallAsync<SyncGroupRequest, SyncGroupResponse>(sync, Math.Min(v, (short)5))).ErrorCode);
            var beat = new HeartbeatRequest { GroupId = $"g{v}", MemberId = joined.MemberId, GenerationId = 1 };
            Assert.Equal(ErrorCode.None,
                (await client.CallAsync<HeartbeatRequest, HeartbeatResponse>(beat, Math.Min(v, (short)4))).ErrorCode);
        }

        for (short v = 0; v <= 6; v++)
        {
            var described = await client.CallAsync<DescribeGroupsRequest, DescribeGroupsResponse>(
                new DescribeGroupsRequest { Groups = ["g9", "none"] }, v);
            Assert.Equal("Stable", described.Groups[0].GroupState);
        }

        for (short v = 0; v <= 5; v++)
        {
            Assert.Equal(10, (await client.CallAsync<ListGroupsRequest,
                ListGroupsResponse>(new ListGroupsRequest(), v)).Groups.Count);
            var leave = new LeaveGroupRequest { GroupId = "none" };
            if (v < 3) leave.MemberId = "m";
            else leave.Members.Add(new LeaveGroupRequest.MemberIdentity { MemberId = "m" });
            var left = await client.CallAsync<LeaveGroupRequest, LeaveGroupResponse>(leave, v);
            Assert.Equal(ErrorCode.UnknownMemberId, v < 3 ? left.ErrorCode : left.Members[0].ErrorCode);
        }
    }

    [Fact]
    public async Task Every_version_of_the_other_requests_can_be_answered()
    {
        await using var broker = await TestBroker.StartAsync();
        await using var client = await broker.ConnectAsync();
        var id = (await client.CreateAsync("t")).TopicId;
        await client.ProduceAsync("t", "a");
        for (short v = 2; v <= 10; v++)
        {
            var topic = new OffsetCommitRequest.OffsetCommitRequestTopic();
            if (v >= 10) topic.TopicId = id;
            else topic.Name = "t";
            topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition { CommittedOffset = v });
            var committed = await client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
                new OffsetCommitRequest { GroupId = "g", Topics = [topic] }, v);
            Assert.Equal(ErrorCode.None, committed.Topics[0].Partitions[0].ErrorCode);
        }

        for (short v = 1; v <= 10; v++) Assert.Equal(10, await CommittedAsync(client, id, v));
        for (short v = 3; v <= 12; v++)
            Assert.Equal(ErrorCode.None, (await client.CallAsync<ProduceRequest, ProduceResponse>(
                RawClient.Produce("t", RawClient.Batch("b")), v)).Responses[0].PartitionResponses[0].ErrorCode);
        for (short v = 4; v <= 12; v++) Assert.False((await client.FetchAsync("t", 0, v)).Records!.Value.IsEmpty);
        for (short v = 0; v <= 6; v++)
        {
            var find = new FindCoordinatorRequest();
            if (v < 4) find.Key = "g";
            else find.CoordinatorKeys = ["g"];
            var found = await client.CallAsync<FindCoordinatorRequest, FindCoordinatorResponse>(find, v);
            Assert.Equal(broker.Broker.Port, v < 4 ? found.Port : found.Coordinators[0].Port);
        }

        for (short v = 0; v <= 13; v++)
        {
            var all = await client.CallAsync<MetadataRequest,
                MetadataResponse>(new MetadataRequest { Topics = v == 0 ? [] : null }, v);
            Assert.Equal(2, all.Topics.Count);
        }

        for (short v = 0; v <= 5; v++)
            Assert.True((await client.CallAsync<InitProducerIdRequest,
                InitProducerIdResponse>(new() { TransactionalId = null }, v)).ProducerId >= 0);
        for (short v = 0; v <= 2; v++)
            Assert.Single((await client.CallAsync<DescribeClusterRequest, DescribeClusterResponse>(new(), v)).Brokers);
        for (short v = 2; v <= 4; v++)
        {
            var topic = new OffsetForLeaderEpochRequest.OffsetForLeaderTopic { Topic = "t" };
            topic.Partitions.Add(new OffsetForLeaderEpochRequest.OffsetForLeaderPartition { LeaderEpoch = 0 });
            var epochs = await client.CallAsync<OffsetForLeaderEpochRequest,
                OffsetForLeaderEpochResponse>(new() { Topics = [topic] }, v);
            Assert.Equal((ErrorCode.None, 11L),
                (epochs.Topics[0].Partitions[0].ErrorCode, epochs.Topics[0].Partitions[0].EndOffset));
        }
    }

    static async Task<long> CommittedAsync(RawClient client, Guid id, short version)
    {
        var request = new OffsetFetchRequest();
        if (version < 8)
        {
            request.GroupId = "g";
            request.Topics = [new OffsetFetchRequest.OffsetFetchRequestTopic { Name = "t", PartitionIndexes = [0] }];
        }
        else
        {
            var topic = new OffsetFetchRequest.OffsetFetchRequestTopics { PartitionIndexes = [0] };
            if (version >= 10) topic.TopicId = id;
            else topic.Name = "t";
            request.Groups = [new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = "g", Topics = [topic] }];
        }

        var response = await client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(request, version);
        return version < 8 ? response.Topics[0].Partitions[0].CommittedOffset
            : response.Groups[0].Topics[0].Partitions[0].CommittedOffset;
    }
}
