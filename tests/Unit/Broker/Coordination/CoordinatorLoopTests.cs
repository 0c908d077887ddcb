using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Broker.Coordination;
using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Millrace.Unit.Broker.Server;
using Xunit;

namespace Millrace.Unit.Broker.Coordination;

/// <summary>The runtime around the group coordinator: its one timer, its appends, and what a failure costs.</summary>
public sealed class CoordinatorLoopTests
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_timer_that_fires_early_is_set_again()
    {
        await using var h = new Harness();
        var joined = await h.JoinAsync(sessionMs: 1_000);
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        await TestBroker.UntilAsync(() => h.Clock.Timer.WaitMs == 1_001);

        // One millisecond is missing: nothing is due, and what it waits for is the same as before.
        var before = h.Clock.Timer.Changes;
        h.Clock.NowMs = 999;
        h.Clock.Timer.Fire();
        await TestBroker.UntilAsync(() => h.Clock.Timer.Changes > before);
        Assert.Equal(2, h.Clock.Timer.WaitMs);
        Assert.Single((await h.DescribeAsync()).Groups[0].Members);

        h.Clock.NowMs = 1_000;
        h.Clock.Timer.Fire();
        // The group is empty now, and what is waited for is the next sweep of offsets.
        await TestBroker.UntilAsync(() => h.Clock.Timer.WaitMs > 500_000);
        Assert.Empty((await h.DescribeAsync()).Groups[0].Members);
    }

    [Fact]
    public async Task Records_that_cannot_be_written_cost_their_call_and_nothing_else()
    {
        await using var h = new Harness();
        // 60,000 bytes in UTF-8: more than a string of the protocol can have.
        var tooLong = new string('\uFFFD', 20_000);
        var error = await h.PutAsync(step => step.Records.Add(Harness.Offset(tooLong, 1)));
        Assert.Equal(ErrorCode.UnknownServerError, error);
        Assert.Equal(0, h.Log.EndOffset);
        Assert.Equal(ErrorCode.None, await h.PutAsync(step => step.Records.Add(Harness.Offset("g", 2))));
        Assert.Equal(2, await h.CommittedAsync());
    }

    [Fact]
    public async Task A_call_that_fails_half_way_leaves_nothing_behind()
    {
        await using var h = new Harness();
        var error = await h.PutAsync(step =>
        {
            step.Records.Add(Harness.Offset("g", 1));
            throw new InvalidOperationException("A mistake in the rules.");
        });
        Assert.Equal(ErrorCode.UnknownServerError, error);
        Assert.Equal((0L, -1L), (h.Log.EndOffset, await h.CommittedAsync()));
    }

    [Fact]
    public async Task A_call_whose_connection_is_gone_keeps_its_request_until_it_has_run()
    {
        await using var h = new Harness();
        using var busy = new ManualResetEventSlim();
        using var closed = new CancellationTokenSource();
        var first = h.PutAsync(_ => busy.Wait(Deadline));
        var hasRun = false;
        var second = h.PutAsync(_ => hasRun = true, closed.Token);
        await closed.CancelAsync();
        // Whoever waits for the call gives the request's buffer back when it ends.
        Assert.False(second.IsCompleted);
        busy.Set();
        await first;
        try
        {
            Assert.Equal(ErrorCode.None, await second.WaitAsync(Deadline));
        }
        catch (OperationCanceledException)
        {
            // As good: the connection is gone.
        }

        Assert.True(hasRun);
    }

    [Fact]
    public async Task Offsets_that_cannot_be_read_stop_the_start()
    {
        await using var h = new Harness();
        Assert.Equal(ErrorCode.None, await h.PutAsync(step => step.Records.Add(Harness.Offset("g", 2))));
        await h.StopAsync();
        // Started without them, the group's members would begin from the start, or the end, of their partitions.
        h.Files.FailNext(FileOperation.Read, StorageError.Failed, "__consumer_offsets");
        Assert.Throws<StorageException>(h.Start);
        h.Start();
        Assert.Equal(2, await h.CommittedAsync());
    }

    /// <summary>A loop over a log in memory. Its timer fires when the test says.</summary>
    sealed class Harness : IAsyncDisposable
    {
        readonly LogManager _logs;
        CoordinatorLoop _loop = null!;

        public Harness()
        {
            _logs = LogManager.Open(new LogManagerOptions
            {
                Directory = "/data",
                Files = Files,
                Time = Clock,
                Random = new Random(1),
                Flush = FlushPolicy.Os,
            });
            _logs.CreateTopic("__consumer_offsets", 1);
            Start();
        }

        public MemoryFileSystem Files { get; } = new();

        public ManualClock Clock { get; } = new();

        public PartitionLog Log => _logs.Find("__consumer_offsets", 0)!;

        public void Start()
        {
            var loop = new CoordinatorLoop(new GroupCoordinator(new GroupOptions(), new Random(2)), Log, Clock,
                BufferPool.Default, NullLogger.Instance, 100);
            loop.Start();
            _loop = loop;
        }

        public ValueTask StopAsync() => _loop.DisposeAsync();

        public static CoordinatorRecord Offset(string group, long offset) =>
            GroupRecords.Offset(group, new TopicPartition("t", 0), new CommittedOffset(offset, -1, "", 0));

        public Task<JoinGroupResponse> JoinAsync(int sessionMs)
        {
            var request = new JoinGroupRequest
            {
                GroupId = "g",
                ProtocolType = "consumer",
                SessionTimeoutMs = sessionMs,
                RebalanceTimeoutMs = 60_000,
                Protocols = [new() { Name = "range", Metadata = new byte[] { 1 } }],
            };
            return _loop.CallAsync<JoinGroupResponse>(
                (c, now, step, reply) => c.Join(request, new GroupCaller("client", "/host", 3), reply, now, step),
                error => GroupCoordinator.JoinError("", error), default).WaitAsync(Deadline);
        }

        public Task<DescribeGroupsResponse> DescribeAsync() => _loop.CallAsync<DescribeGroupsResponse>(
            (c, _, step, reply) => step.Reply(reply, new DescribeGroupsResponse { Groups = [c.Describe("g", 5)] }),
            static _ => new DescribeGroupsResponse(), default).WaitAsync(Deadline);

        public async Task<long> CommittedAsync()
        {
            var answer = await _loop.CallAsync<OffsetFetchResponse>(
                (c, _, step, reply) => step.Reply(reply, new OffsetFetchResponse
                {
                    Groups = [c.FetchOffsets("g", [new() { Name = "t", PartitionIndexes = [0] }])],
                }),
                static _ => new OffsetFetchResponse(), default).WaitAsync(Deadline);
            return answer.Groups[0].Topics[0].Partitions[0].CommittedOffset;
        }

        /// <summary>A call that does something to its step and answers None.</summary>
        public async Task<ErrorCode> PutAsync(Action<CoordinatorStep> act, CancellationToken cancellation = default)
        {
            var answer = await _loop.CallAsync<HeartbeatResponse>(
                (_, _, step, reply) =>
                {
                    act(step);
                    step.Reply(reply, new HeartbeatResponse());
                },
                static error => new HeartbeatResponse { ErrorCode = error }, cancellation)
                .WaitAsync(Deadline, CancellationToken.None);
            return answer.ErrorCode;
        }

        public async ValueTask DisposeAsync()
        {
            await _loop.DisposeAsync();
            _logs.Dispose();
        }
    }

    sealed class ManualClock : TimeProvider
    {
        long _nowMs;

        public long NowMs
        {
            get => Volatile.Read(ref _nowMs);
            set => Volatile.Write(ref _nowMs, value);
        }

        /// <summary>The timer that was made last.</summary>
        public ManualTimer Timer { get; private set; } = null!;

        public override long TimestampFrequency => 1_000;

        public override long GetTimestamp() => NowMs;

        public override DateTimeOffset GetUtcNow() =>
            DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + NowMs);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            Timer = new ManualTimer(callback, state);
    }

    sealed class ManualTimer(TimerCallback callback, object? state) : ITimer
    {
        long _waitMs = -1;
        int _changes;

        /// <summary>What it was set to last.</summary>
        public long WaitMs => Volatile.Read(ref _waitMs);

        /// <summary>How often it was set.</summary>
        public int Changes => Volatile.Read(ref _changes);

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Volatile.Write(ref _waitMs, (long)dueTime.TotalMilliseconds);
            Interlocked.Increment(ref _changes);
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
