using System.Collections.Concurrent;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Simulation.Listeners;

/// <summary>The same promises with real threads, where the interleavings inside one step happen too.</summary>
public sealed class ThreadedListenerTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Order_and_commits_hold_under_threads_and_rebalances(int order)
    {
        const int Partitions = 4;
        const int Records = 8_000;
        const int RecordsBetweenRebalances = 500;
        using var port = new MemoryPort(Partitions, Records, 50, 20, 97) { FailEvery = 5 };
        var handler = new Handler((RecordOrder)order, Partitions * Records);
        var plan = new ListenerPlan
        {
            Name = "threads",
            Order = (RecordOrder)order,
            Concurrency = 8,
            MaxOutstandingRecords = 300,
            RingCapacity = 64,
            CommitInterval = TimeSpan.FromMilliseconds(5),
            DrainTimeout = TimeSpan.FromSeconds(10),
        };
        var loop = new ListenerLoop(plan, port, handler, handler, TimeProvider.System, new Random(3));
        var run = loop.RunAsync(TestContext.Current.CancellationToken);
        port.Assign(port.Partitions);
        var random = new Random(4);
        var deadline = TimeSpan.FromSeconds(60);
        while (!handler.AllDone.IsCompleted && !run.IsCompleted)
        {
            var finished = handler.Finished + RecordsBetweenRebalances;
            await Until.TrueAsync(
                () => handler.AllDone.IsCompleted || run.IsCompleted || handler.Finished >= finished,
                $"{finished} records are finished");
            var taken = port.Partitions.Where(_ => random.Next(2) == 0).ToList();
            if (random.Next(3) == 0)
            {
                port.Take(taken, isAnnounced: false);
            }
            else
            {
                port.Acknowledged = new(TaskCreationOptions.RunContinuationsAsynchronously);
                port.Take(taken, isAnnounced: true);
                await Task.WhenAny(port.Acknowledged.Task, run)
                    .WaitAsync(deadline, TestContext.Current.CancellationToken);
            }

            port.Assign(taken);
        }

        // The last rebalance may have been a loss: what it took back is handled and committed again before the stop.
        await Until.TrueAsync(() => port.IsAllCommitted || run.IsCompleted, "everything is committed");
        loop.Stop();
        await run.WaitAsync(deadline, TestContext.Current.CancellationToken);
        Assert.Empty(handler.Violations);
        Assert.True(port.IsAllCommitted, "The last commit does not cover everything.");
        Assert.Equal(0, port.LiveBatches);
    }

    /// <summary>Runs records with short waits and transient failures, and checks order and exclusion per key.</summary>
    sealed class Handler(RecordOrder order, int expected) : IRecordPipeline, IListenerEvents
    {
        readonly ConcurrentDictionary<(TopicPartition, string), long> _running = new();
        readonly ConcurrentDictionary<(TopicPartition, int, string), long> _last = new();
        readonly ConcurrentDictionary<(TopicPartition, long), bool> _done = new();
        readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int _finished;

        public ConcurrentQueue<string> Violations { get; } = new();

        public Task AllDone => _all.Task;

        /// <summary>How many different records are done.</summary>
        public int Finished => Volatile.Read(ref _finished);

        public async ValueTask<Outcome> InvokeAsync(Delivery delivery, CancellationToken cancellation)
        {
            var offset = delivery.Offset;
            var partition = delivery.TopicPartition;
            var epoch = delivery.LeaseEpoch;
            var key = order == RecordOrder.ByPartition ? "" : System.Text.Encoding.UTF8.GetString(delivery.Key.Span);
            var isOrdered = order != RecordOrder.Unordered;
            if (isOrdered)
            {
                if (!_running.TryAdd((partition, key), offset))
                {
                    Violations.Enqueue($"I4: {partition}@{offset} beside another of {key}");
                }

                var before = _last.GetValueOrDefault((partition, epoch, key), -1);
                if (before > offset)
                {
                    Violations.Enqueue($"I5: {partition}@{offset} after {before}");
                }

                _last[(partition, epoch, key)] = offset;
            }

            if (offset % 3 == 0)
            {
                await Task.Yield();
            }

            if (isOrdered)
            {
                _running.TryRemove((partition, key), out _);
            }

            if (offset % 101 == 0 && delivery.Attempt == 1)
            {
                return Outcome.RetryAfter(TimeSpan.FromMilliseconds(offset % 7));
            }

            if (_done.TryAdd((partition, offset), true) && Interlocked.Increment(ref _finished) == expected)
            {
                _all.TrySetResult();
            }

            return Outcome.Done;
        }
    }
}
