using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Log;

/// <summary>Random work on a disk that loses power at any write, flush or rename; what was acknowledged must be
/// there.</summary>
public sealed class CrashSimulationTests
{
    const int Producers = 3;

    [Fact]
    public void What_was_acknowledged_survives_a_loss_of_power_at_any_point()
    {
        for (var seed = 1; seed <= 150; seed++)
        {
            try
            {
                new Run(seed, FlushPolicy.Group).Play();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Assert.Fail($"Seed {seed}: {e}");
            }
        }
    }

    [Fact]
    public void A_kill_loses_nothing_that_was_written()
    {
        for (var seed = 1; seed <= 50; seed++)
        {
            try
            {
                new Run(seed, FlushPolicy.Os).Play();
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                Assert.Fail($"Seed {seed}: {e}");
            }
        }
    }

    sealed class Run
    {
        readonly Random _random;
        readonly FlushPolicy _flush;
        readonly StillTime _time = new();
        readonly DiagnosticBufferPool _pool = new();
        readonly int[] _nextSequence = new int[Producers];
        MemoryFileSystem _files = new(crashable: true);
        LogManager _manager = null!;

        // By base offset: what was answered as safe, and what was written but not yet answered.
        readonly SortedDictionary<long, byte[]> _acknowledged = [];
        readonly SortedDictionary<long, byte[]> _written = [];
        readonly Dictionary<int, (long Offset, byte[] Batch)> _lastOfProducer = [];
        readonly HashSet<string> _topics = new(StringComparer.Ordinal);
        string? _underWay; // a topic whose creation or deletion was cut short
        long _startOffset;

        public Run(int seed, FlushPolicy flush)
        {
            _random = new Random(seed);
            _flush = flush;
        }

        public void Play()
        {
            Open();
            _manager.CreateTopic("t", 1, [new("segment.bytes", "2000"), new("index.interval.bytes", "200")]);
            _topics.Add("t");
            for (var life = 0; life < 4; life++)
            {
                _files.LosePowerAfter(_flush.Mode == FlushMode.Group ? _random.Next(120) : long.MaxValue);
                var isClean = Work();
                if (!isClean)
                    Boot();
                _files.LosePowerAfter(long.MaxValue);
                OpenAtLast();
                Check();
                if (_flush.Mode == FlushMode.Group && _random.Next(2) == 0)
                {
                    // What the new process serves is safe at once, although the killed one may not have flushed it.
                    _files = _files.Crash(_random);
                    Open();
                    Check();
                }
                var before = Everything();
                _manager.Dispose();
                Open();
                Assert.Equal(before, Everything());
                // Also without a clean stop in between.
                _files = _files.Kill();
                Open();
                Assert.Equal(before, Everything());
                _pool.AssertAllReturned();
            }
        }

        PartitionLog Log => _manager.Find("t", 0) ?? throw new InvalidOperationException("The log is not open.");

        // Recovery may be cut short as well, and must not have made anything worse.
        void OpenAtLast()
        {
            while (_flush.Mode == FlushMode.Group && _random.Next(2) == 0)
            {
                _files.LosePowerAfter(_random.Next(20));
                try
                {
                    Open();
                    // It got through: somebody pulls the plug now.
                }
                catch (StorageException e) when (e.Error == StorageError.PowerLost)
                {
                }
                _files = _files.Crash(_random);
            }
            Open();
        }

        // True if it ended with a clean close.
        bool Work()
        {
            try
            {
                var steps = _random.Next(1, 60);
                for (var i = 0; i < steps; i++)
                    Step();
                if (_random.Next(3) == 0)
                {
                    _manager.Dispose();
                    Settle();
                    // A close that met the loss of power swallows it: the next start recovers.
                    return _files.FileExists(TestData.Directory + "/" + LogFiles.CleanShutdown) && !IsDead();
                }
            }
            catch (StorageException e) when (e.Error == StorageError.PowerLost)
            {
            }
            return false;
        }

        bool IsDead()
        {
            try
            {
                _files.List("/");
                return false;
            }
            catch (StorageException)
            {
                return true;
            }
        }

        void Step()
        {
            _time.NowMs += _random.Next(100);
            switch (_random.Next(20))
            {
                case < 12:
                    Append();
                    break;
                case < 16:
                    _manager.Committer.RunOnce();
                    Settle();
                    break;
                case 16:
                    _manager.Checkpoint();
                    break;
                case 17:
                    _manager.Tick(_time.NowMs);
                    break;
                case 18:
                    ChangeTopics();
                    break;
                default:
                    DeleteRecords();
                    break;
            }
        }

        void Append()
        {
            var producer = _random.Next(Producers + 1);
            var isRetry = producer < Producers && _random.Next(4) == 0 && _lastOfProducer.ContainsKey(producer);
            if (isRetry)
            {
                var (offset, old) = _lastOfProducer[producer];
                var again = Log.Append(old, _time.NowMs);
                if (again.Error == ErrorCode.None && offset >= Log.StartOffset)
                    Assert.Equal((offset, true), (again.BaseOffset, again.IsDuplicate));
                ThrowIfPowerLost(again);
                return;
            }
            var count = _random.Next(1, 4);
            var batch = producer == Producers
                ? Batches.Of(count, _time.NowMs, _random.Next(200), fill: _random.Next(256))
                : Batches.Of(count, _time.NowMs, _random.Next(200), producer, 0, _nextSequence[producer],
                    fill: _random.Next(256));
            var result = Log.Append(batch, _time.NowMs);
            ThrowIfPowerLost(result);
            Assert.Equal(ErrorCode.None, result.Error);
            Assert.False(result.IsDuplicate);
            _written[result.BaseOffset] = batch;
            if (producer < Producers)
            {
                _nextSequence[producer] += count;
                _lastOfProducer[producer] = (result.BaseOffset, batch);
            }
            if (_flush.Mode != FlushMode.Group)
                Settle();
        }

        void ThrowIfPowerLost(AppendResult result)
        {
            if (result.Error == ErrorCode.KafkaStorageError)
                throw new StorageException(StorageError.PowerLost, "", "The append met the loss of power.");
        }

        // What lies below the high watermark is answered.
        void Settle()
        {
            var highWatermark = _manager.Find("t", 0)?.HighWatermark ?? 0;
            foreach (var (offset, batch) in _written.ToList())
            {
                if (offset >= highWatermark)
                    break;
                _acknowledged[offset] = batch;
                _written.Remove(offset);
            }
        }

        void ChangeTopics()
        {
            var name = $"other{_random.Next(3)}";
            _underWay = name;
            if (_topics.Contains(name))
            {
                _manager.DeleteTopic(name);
                _topics.Remove(name);
            }
            else
            {
                _manager.CreateTopic(name, 2);
                _topics.Add(name);
            }
            _underWay = null;
        }

        void DeleteRecords()
        {
            var to = _startOffset + _random.Next(10);
            if (to > Log.HighWatermark)
                return;
            // Moved in any case when it was cut short: not acknowledged, but allowed.
            _startOffset = to;
            var error = _manager.DeleteRecords(new TopicPartition("t", 0), to, out var start);
            if (error == ErrorCode.KafkaStorageError)
                throw new StorageException(StorageError.PowerLost, "", "DeleteRecords met the loss of power.");
            Assert.Equal((ErrorCode.None, to), (error, start));
        }

        void Boot()
        {
            Settle();
            _files = _flush.Mode == FlushMode.Group && _random.Next(2) == 0 ? _files.Crash(_random) : _files.Kill();
        }

        void Open()
        {
            _manager = LogManager.Open(new LogManagerOptions
            {
                Directory = TestData.Directory,
                Files = _files,
                Time = _time,
                Random = _random,
                Pool = _pool,
                Flush = _flush,
            });
        }

        void Check()
        {
            if (_underWay is { } name)
            {
                _ = _manager.Topics.Find(name) is null ? _topics.Remove(name) : _topics.Add(name);
                _underWay = null;
            }
            Assert.Equal(_topics.Order(StringComparer.Ordinal), _manager.Topics.All.Keys);
            foreach (var topic in _manager.Topics.All.Values)
            {
                for (var i = 0; i < topic.Partitions; i++)
                    Assert.NotNull(_manager.Find(topic.Name, i));
            }
            Assert.Equal(Log.EndOffset, Log.HighWatermark);
            Assert.True(Log.StartOffset <= _startOffset, $"The log starts at {Log.StartOffset}, not {_startOffset}.");
            var expected = Log.StartOffset;
            var found = Contents();
            foreach (var (offset, bytes) in found)
            {
                // No gaps; the first batch may begin below the start offset.
                Assert.True(offset == expected || (offset <= expected && expected == Log.StartOffset),
                    $"Gap at {expected}, found {offset}.");
                RecordBatchHeader.TryRead(bytes, out var header);
                expected = header.NextOffset;
                var known = _acknowledged.GetValueOrDefault(offset) ?? _written.GetValueOrDefault(offset);
                // A batch whose append was cut short may be there too; nothing else.
                if (known is not null)
                    Assert.Equal(known.AsSpan(16).ToArray(), bytes.AsSpan(16).ToArray());
            }
            Assert.Equal(Log.EndOffset, expected);
            foreach (var (offset, batch) in _acknowledged)
            {
                RecordBatchHeader.TryRead(batch, out var header);
                if (offset + header.LastOffsetDelta >= Log.StartOffset)
                    Assert.True(found.ContainsKey(offset),
                        $"The acknowledged batch at {offset} is gone; the log is {Log}.");
            }
            CheckProducers(found);
            // The survivors are what counts from now on.
            _acknowledged.Clear();
            _written.Clear();
            foreach (var (offset, bytes) in found)
                _acknowledged[offset] = bytes;
            _startOffset = Log.StartOffset;
        }

        // The idempotent state says exactly what the log says, and the last five batches are recognized.
        void CheckProducers(SortedDictionary<long, byte[]> found)
        {
            _lastOfProducer.Clear();
            for (var producer = 0; producer < Producers; producer++)
            {
                var mine = new List<(RecordBatchHeader Header, byte[] Bytes)>();
                foreach (var bytes in found.Values)
                {
                    RecordBatchHeader.TryRead(bytes, out var header);
                    if (header.ProducerId == producer)
                        mine.Add((header, bytes));
                }
                var state = Log.Producers().Where(p => p.ProducerId == producer).ToList();
                if (mine.Count == 0)
                {
                    // Known from a snapshot although its batches were deleted, or not known: both are right.
                    _nextSequence[producer] = state.Count == 0 ? _nextSequence[producer] : state[0].LastSequence + 1;
                    continue;
                }
                Assert.Equal(mine[^1].Header.LastSequence, Assert.Single(state).LastSequence);
                foreach (var (header, bytes) in mine.TakeLast(ProducerState.Window))
                {
                    var again = Log.Append(bytes, _time.NowMs);
                    Assert.Equal((ErrorCode.None, true, header.BaseOffset),
                        (again.Error, again.IsDuplicate, again.BaseOffset));
                }
                _nextSequence[producer] = mine[^1].Header.LastSequence + 1;
                _lastOfProducer[producer] = (mine[^1].Header.BaseOffset, mine[^1].Bytes);
            }
        }

        SortedDictionary<long, byte[]> Contents()
        {
            var found = new SortedDictionary<long, byte[]>();
            var offset = Log.StartOffset;
            while (offset < Log.EndOffset)
            {
                var read = Log.Read(offset, 500, true, ReadIsolation.EndOffset);
                Assert.Equal(ErrorCode.None, read.Error);
                Assert.False(read.Records.IsEmpty);
                var reader = new BatchReader(read.Records.Span);
                while (reader.MoveNext())
                {
                    Assert.Equal(BatchFault.None, RecordBatch.Validate(reader.CurrentBytes));
                    found[reader.Current.BaseOffset] = reader.CurrentBytes.ToArray();
                    offset = reader.Current.NextOffset;
                }
                read.Release();
            }
            return found;
        }

        string Everything() => string.Join('\n',
        [
            $"{Log}",
            .. Contents().Select(static c => $"{c.Key} {Convert.ToHexString(c.Value)}"),
            .. Log.Producers().Select(static p => $"{p.ProducerId} {p.Epoch} {p.LastSequence}"),
            .. _manager.Topics.All.Values.Select(static t =>
                $"{t.Name} {t.Id} {t.Partitions} {string.Join(',', t.Settings)}"),
        ]);
    }
}
