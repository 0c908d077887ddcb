using Millrace.Broker;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Server;

/// <summary>A whole broker on a disk that loses power (or whose process is killed) at any write, with an idempotent
/// producer and a group that commits. With <see cref="FlushMode.Group"/> everything acknowledged is there after the
/// restart, once and in order.</summary>
public sealed class BrokerCrashTests
{
    const int Lives = 4;

    static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("FUZZ_ITERATIONS"), out var times)
        ? 25 * times
        : 25;

    [Fact]
    public Task Everything_acknowledged_survives_a_loss_of_power() => PlayAsync(FlushPolicy.Group, first: 1);

    [Fact]
    public Task Everything_acknowledged_survives_a_kill_of_the_process() => PlayAsync(FlushPolicy.Os, first: 5_001);

    static async Task PlayAsync(FlushPolicy flush, int first)
    {
        for (var seed = first; seed < first + Seeds; seed++)
        {
            try
            {
                await new Run(seed, flush).PlayAsync();
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}: {e}");
            }
        }
    }

    sealed class Run(int seed, FlushPolicy flush)
    {
        readonly Random _random = new(seed);
        readonly BrokerOptions _options = new() { DataDirectory = "/data", Flush = flush };
        readonly List<string> _acknowledged = []; // values, in order
        MemoryFileSystem _files = new(crashable: true);
        string? _inDoubt; // sent, the answer did not come
        long _producerId = -1;
        long _lastId = -1;
        int _sequence;
        long _committed = -1;
        long _commitInDoubt = -1;

        public async Task PlayAsync()
        {
            for (var life = 0; life < Lives; life++)
            {
                await LiveAsync(life == 0);
                _files = flush.Mode == FlushMode.Group ? _files.Crash(_random) : _files.Kill();
            }

            await LiveAsync(isFirst: false, isLast: true);
        }

        async Task LiveAsync(bool isFirst, bool isLast = false)
        {
            // Early cuts hit the start itself; a start that fails is a life, too.
            if (!isLast && (!isFirst || flush.Mode == FlushMode.Os))
                _files.LosePowerAfter(_random.Next(isFirst ? 60 : 5, 160));
            TestBroker broker;
            try
            {
                broker = await TestBroker.StartAsync(_options, _files);
            }
            catch (StorageException e) when (e.Error == StorageError.PowerLost)
            {
                return;
            }

            if (isFirst && flush.Mode == FlushMode.Group) _files.LosePowerAfter(_random.Next(30, 160));
            await using (broker)
            {
                await using var client = await broker.ConnectAsync();
                try
                {
                    await WorkAsync(client, isLast);
                }
                catch (IOException)
                {
                    // The broker closed the connection: the power is gone.
                }
            }
        }

        async Task WorkAsync(RawClient client, bool isLast)
        {
            if (_producerId < 0)
            {
                var created = await client.CreateAsync("t");
                if (created.ErrorCode is not (ErrorCode.None or ErrorCode.TopicAlreadyExists)) return;
            }

            var id = await client.CallAsync<InitProducerIdRequest, InitProducerIdResponse>(
                new InitProducerIdRequest { TransactionalId = null }, 4);
            if (id.ErrorCode == ErrorCode.None)
            {
                Assert.True(id.ProducerId > _lastId, $"Producer id {id.ProducerId} was given out before.");
                _lastId = id.ProducerId;
                if (_producerId < 0) _producerId = id.ProducerId;
            }

            if (_producerId < 0) return;
            await CheckOffsetAsync(client);
            for (var i = 0; i < (isLast ? 3 : 40); i++)
            {
                if (!await ProduceAsync(client)) return;
                if (_random.Next(3) == 0 && !await CommitAsync(client)) return;
            }

            if (isLast) await CheckRecordsAsync(client);
        }

        // What was in doubt is sent again with the same sequence, as an idempotent producer does.
        async Task<bool> ProduceAsync(RawClient client)
        {
            _inDoubt ??= $"{seed}-{_sequence}-{new string('x', _random.Next(200))}";
            var request = RawClient.Produce("t", Batch(_inDoubt));
            var response = await client.CallAsync<ProduceRequest, ProduceResponse>(request, 9);
            var answer = response.Responses[0].PartitionResponses[0];
            if (answer.ErrorCode == ErrorCode.KafkaStorageError) return false;
            Assert.Equal((ErrorCode.None, _acknowledged.Count), (answer.ErrorCode, answer.BaseOffset));
            _acknowledged.Add(_inDoubt);
            _inDoubt = null;
            _sequence++;
            return true;
        }

        async Task<bool> CommitAsync(RawClient client)
        {
            var topic = new OffsetCommitRequest.OffsetCommitRequestTopic { Name = "t" };
            topic.Partitions.Add(new OffsetCommitRequest.OffsetCommitRequestPartition
            {
                CommittedOffset = _commitInDoubt = _acknowledged.Count,
            });
            var response = await client.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
                new OffsetCommitRequest { GroupId = "g", Topics = [topic] }, 8);
            if (response.Topics[0].Partitions[0].ErrorCode == ErrorCode.CoordinatorNotAvailable) return false;
            Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
            _committed = _commitInDoubt;
            return true;
        }

        async Task CheckOffsetAsync(RawClient client)
        {
            var response = await client.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(
                new OffsetFetchRequest { GroupId = "g", Topics = null }, 7);
            Assert.Equal(ErrorCode.None, response.ErrorCode);
            var found = response.Topics.Count == 0 ? -1 : response.Topics[0].Partitions[0].CommittedOffset;
            Assert.True(found == _committed || found == _commitInDoubt,
                $"The group's offset is {found}; {_committed} was acknowledged, {_commitInDoubt} was in doubt.");
            _committed = found;
        }

        async Task CheckRecordsAsync(RawClient client)
        {
            List<string> found = [];
            while (found.Count < _acknowledged.Count)
            {
                var data = await client.FetchAsync("t", found.Count);
                Assert.Equal(ErrorCode.None, data.ErrorCode);
                Assert.Equal(_acknowledged.Count, data.HighWatermark);
                var batches = new BatchReader(data.Records!.Value.Span);
                while (batches.MoveNext())
                {
                    var batch = data.Records.Value.Span[batches.CurrentStart..batches.Position];
                    var section = batch[RecordBatchHeader.Size..];
                    var records = new RecordReader(section, batches.Current.RecordCount);
                    while (records.MoveNext())
                    {
                        var value = section.Slice(records.Current.ValueStart, records.Current.ValueLength);
                        if (batches.Current.BaseOffset < found.Count) continue;
                        found.Add(System.Text.Encoding.UTF8.GetString(value));
                    }
                }
            }

            Assert.Equal(_acknowledged, found);
        }

        byte[] Batch(string value)
        {
            using var builder = new RecordBatchBuilder(BufferPool.Default, 1 << 20);
            Assert.True(builder.TryAppend(
                1_700_000_000_000, [], true, System.Text.Encoding.UTF8.GetBytes(value), false, []));
            return builder.Seal(CompressionType.None, null, _producerId, 0, _sequence, false).ToArray();
        }
    }
}
