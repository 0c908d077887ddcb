using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Simulation.Listeners;

/// <summary>A port over generated records, for real threads: keys and values are shared, batches are the only
/// allocation. Partitions can be taken and given back while it runs; commits can be made to fail.</summary>
sealed class MemoryPort : IConsumerPort, IDisposable
{
    readonly Lock _lock = new();
    readonly SemaphoreSlim _news = new(0);
    readonly Queue<PortEvent> _events = new();
    readonly Dictionary<TopicPartition, Position> _partitions = [];
    readonly byte[][] _keys;
    readonly byte[] _value;
    readonly int _batchSize;
    int _liveBatches;

    public MemoryPort(int partitions, int recordsEach, int keys, int valueBytes, int batchSize)
    {
        _keys = [.. Enumerable.Range(0, keys).Select(i => System.Text.Encoding.UTF8.GetBytes($"customer-{i}"))];
        _value = new byte[valueBytes];
        _batchSize = batchSize;
        for (var i = 0; i < partitions; i++)
        {
            var name = new TopicPartition("orders", i);
            _partitions.Add(name, new Position { Name = name, End = recordsEach });
        }
    }

    public int LiveBatches => Volatile.Read(ref _liveBatches);

    public int CommitCount { get; private set; }

    /// <summary>Every how many commits one fails; 0: none.</summary>
    public int FailEvery { get; set; }

    public bool IsAllCommitted
    {
        get
        {
            lock (_lock)
            {
                return _partitions.Values.All(static p => p.Committed == p.End);
            }
        }
    }

    public TaskCompletionSource? Acknowledged { get; set; }

    public IReadOnlyCollection<TopicPartition> Partitions => _partitions.Keys;

    /// <summary>Assigns partitions at what is committed.</summary>
    public void Assign(IEnumerable<TopicPartition> partitions)
    {
        lock (_lock)
        {
            var assigned = new List<AssignedPartition>();
            foreach (var name in partitions)
            {
                var position = _partitions[name];
                position.Next = Math.Max(0, position.Committed);
                position.IsAssigned = true;
                position.IsPaused = false;
                assigned.Add(new(name, position.Committed, position.Metadata, ++position.Generation));
            }

            _events.Enqueue(PortEvent.OfAssigned(assigned));
        }

        _news.Release();
    }

    /// <summary>Takes partitions away, announced or not.</summary>
    public void Take(IReadOnlyList<TopicPartition> partitions, bool isAnnounced)
    {
        lock (_lock)
        {
            foreach (var name in partitions)
            {
                _partitions[name].IsAssigned = false;
            }

            _events.Enqueue(isAnnounced ? PortEvent.OfRevoking(partitions) : PortEvent.OfLost(partitions));
        }

        _news.Release();
    }

    public async ValueTask<PortEvent> PollAsync(TimeSpan timeout, CancellationToken cancellation)
    {
        while (true)
        {
            if (TryPoll() is { } found)
            {
                return found;
            }

            if (!await _news.WaitAsync(timeout, cancellation))
            {
                return PortEvent.Empty;
            }
        }
    }

    public void Pause(TopicPartition partition)
    {
        lock (_lock)
        {
            _partitions[partition].IsPaused = true;
        }
    }

    public void Resume(TopicPartition partition)
    {
        lock (_lock)
        {
            _partitions[partition].IsPaused = false;
        }

        _news.Release();
    }

    public async ValueTask<IReadOnlyDictionary<TopicPartition, ErrorCode>> CommitAsync(
        IReadOnlyList<OffsetCommit> offsets, CancellationToken cancellation)
    {
        await Task.Yield();
        var answers = new Dictionary<TopicPartition, ErrorCode>();
        lock (_lock)
        {
            CommitCount++;
            var isFailing = FailEvery > 0 && CommitCount % FailEvery == 0;
            foreach (var commit in offsets)
            {
                answers[commit.Partition] = isFailing ? ErrorCode.RequestTimedOut : ErrorCode.None;
                if (!isFailing)
                {
                    var position = _partitions[commit.Partition];
                    position.Committed = Math.Max(position.Committed, commit.Offset);
                    position.Metadata = commit.Metadata;
                }
            }
        }

        return answers;
    }

    public void AcknowledgeRevocation() => Acknowledged?.TrySetResult();

    public ValueTask CloseAsync(CancellationToken cancellation) => default;

    public void Dispose() => _news.Dispose();

    PortEvent? TryPoll()
    {
        lock (_lock)
        {
            if (_events.TryDequeue(out var news))
            {
                return news;
            }

            List<PolledBatch>? batches = null;
            foreach (var position in _partitions.Values)
            {
                if (position.IsAssigned && !position.IsPaused && position.Next < position.End)
                {
                    var count = (int)Math.Min(_batchSize, position.End - position.Next);
                    (batches ??= []).Add(new Batch(this, position.Name, position.Next, count, position.End));
                    position.Next += count;
                    Interlocked.Increment(ref _liveBatches);
                }
            }

            return batches is null ? null : PortEvent.OfRecords(batches);
        }
    }

    sealed class Position
    {
        public required TopicPartition Name { get; init; }

        public long Next { get; set; }

        public long End { get; init; }

        public long Committed { get; set; } = -1;

        public string Metadata { get; set; } = "";

        public int Generation { get; set; }

        public bool IsAssigned { get; set; }

        public bool IsPaused { get; set; }
    }

    sealed class Batch(MemoryPort port, TopicPartition partition, long from, int count, long end) : PolledBatch
    {
        int _at;

        public override TopicPartition Partition => partition;

        public override long NextOffset => from + count;

        public override long EndOffset => end;

        public override bool TryReadNext(Delivery delivery)
        {
            if (_at == count)
            {
                return false;
            }

            delivery.Offset = from + _at++;
            delivery.Key = port._keys[(int)(delivery.Offset * 7919 % port._keys.Length)];
            delivery.Value = port._value;
            delivery.Size = delivery.Key.Length + delivery.Value.Length;
            return true;
        }

        public override IReadOnlyList<RecordHeader> DecodeHeaders(Delivery delivery) => [];

        public override void Release() => Interlocked.Decrement(ref port._liveBatches);
    }
}
