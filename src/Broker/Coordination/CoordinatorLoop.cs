using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Coordination;

/// <summary>
/// Runs the group coordinator: one call at a time, its records appended and replayed before the next, its answers given
/// when everything appended so far is durable (so that nobody is told what a loss of power could take back). Also owns
/// the one real timer under the coordinator's own.
/// </summary>
sealed class CoordinatorLoop : IAsyncDisposable
{
    // A record batch of the coordinator is at most the largest request that brought it, plus overhead.
    const int MaxBatchBytes = 128 * 1024 * 1024;
    const int LoadBytes = 1024 * 1024;

    readonly GroupCoordinator _coordinator;
    readonly PartitionLog _log;
    readonly TimeProvider _time;
    readonly BufferPool _pool;
    readonly ILogger _logger;
    readonly Channel<Call> _calls;
    readonly CoordinatorStep _step = new(); // loop only
    readonly RecordBatchBuilder _builder; // loop only
    readonly Action<Now, CoordinatorStep> _fireOne;
    readonly ITimer _timer;
    long _armedFor = long.MaxValue; // loop only
    bool _hasFired; // set by the timer, cleared by the loop
    long _appendedEnd; // loop only
    Task? _loop;

    public CoordinatorLoop(
        GroupCoordinator coordinator, PartitionLog log, TimeProvider time, BufferPool pool, ILogger logger,
            int maxQueue)
    {
        _coordinator = coordinator;
        _log = log;
        _time = time;
        _pool = pool;
        _logger = logger;
        _builder = new RecordBatchBuilder(pool, MaxBatchBytes);
        _fireOne = (now, step) => coordinator.FireOne(now, step);
        _calls = Channel.CreateBounded<Call>(new BoundedChannelOptions(maxQueue) { SingleReader = true });
        _timer = time.CreateTimer(
            static state => ((CoordinatorLoop)state!).OnTimer(),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Replays the log, then starts to take calls.</summary>
    /// <exception cref="WireFormatException">The log holds what is not a record.</exception>
    /// <exception cref="StorageException">The log could not be read to its end: groups that go on without what they
    /// committed would read everything again, or skip it.</exception>
    public void Start()
    {
        var records = Load();
        _logger.GroupsLoaded(_coordinator.Groups.Count, records, _log.Partition.Topic);
        _appendedEnd = _log.EndOffset;
        _coordinator.Start(Now());
        _loop = Loop.Start(RunAsync);
    }

    /// <summary>Runs a call that answers through its <see cref="ReplyTo{T}"/>, now or later.</summary>
    /// <param name="call">Runs on the loop, also when nobody waits for its answer any more.</param>
    /// <param name="failure">Makes the answer that carries an error.</param>
    /// <param name="cancellation">Ends the wait for the answer, but not before the call has run: until then it borrows
    /// from the request.</param>
    public Task<T> CallAsync<T>(
        Action<GroupCoordinator, Now, CoordinatorStep, ReplyTo<T>> call, Func<ErrorCode, T> failure,
            CancellationToken cancellation)
        where T : class, IMessage
    {
        var reply = new ReplyTo<T>(failure);
        var queued = new Call((now, step) => call(_coordinator, now, step, reply), reply);
        if (!_calls.Writer.TryWrite(queued)) reply.Fail(ErrorCode.CoordinatorNotAvailable);
        return reply.Task.IsCompleted || !cancellation.CanBeCanceled
            ? reply.Task
            : WaitAsync(reply.Task, queued.HasRun, cancellation);
    }

    static async Task<T> WaitAsync<T>(Task<T> answer, Task hasRun, CancellationToken cancellation)
    {
        try
        {
            return await answer.WaitAsync(cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await hasRun.ConfigureAwait(false);
            throw;
        }
    }

    async Task RunAsync()
    {
        Arm();
        while (await _calls.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (_calls.Reader.TryRead(out var call))
            {
                Run(call.Act, call.Reply);
                call.SetRun();
                FireDue();
            }

            Arm();
        }
    }

    // A mistake in the rules, or a record that cannot be written, must cost one call, not all groups: whoever was to be
    // answered by it hears of it, and nothing of it is kept.
    void Run(Action<Now, CoordinatorStep> act, ReplyTo? reply)
    {
        _step.Clear();
        try
        {
            act(Now(), _step);
            Finish();
        }
        catch (Exception e)
        {
            _logger.CoordinatorCallFailed(e);
            reply?.Fail(ErrorCode.UnknownServerError);
            foreach (var (to, _) in _step.Replies) to.Fail(ErrorCode.UnknownServerError);
        }
    }

    void FireDue()
    {
        while (_coordinator.NextDueMs is { } due && due <= Now().TickMs) Run(_fireOne, null);
    }

    // When the queue is full the wake-up is lost, but then the loop is awake and looks at the flag when it has caught
    // up.
    void OnTimer()
    {
        Volatile.Write(ref _hasFired, true);
        _calls.Writer.TryWrite(new Call(static (_, _) => { }, null));
    }

    void Arm()
    {
        // A timer that fired too early found nothing due: it must be set again although what it was set for is the
        // same.
        var due = _coordinator.NextDueMs ?? long.MaxValue;
        if (due == _armedFor && !Volatile.Read(ref _hasFired)) return;
        Volatile.Write(ref _hasFired, false);
        _armedFor = due;
        if (due == long.MaxValue)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }

        // Timers count whole milliseconds and may fire a little early: one more is never too late to matter.
        var wait = Math.Clamp(due - Now().TickMs + 1, 1, int.MaxValue);
        _armedFor = wait == int.MaxValue ? 0 : due;
        _timer.Change(TimeSpan.FromMilliseconds(wait), Timeout.InfiniteTimeSpan);
    }

    void Finish()
    {
        var error = _step.Records.Count == 0 ? ErrorCode.None : Append();
        if (error == ErrorCode.None)
        {
            foreach (var record in _step.Records) _coordinator.Replay(record);
        }

        if (_step.Replies.Count == 0) return;
        if (error != ErrorCode.None)
        {
            Answer(_step.Replies, ErrorCode.CoordinatorNotAvailable);
            return;
        }

        var durable = _log.WhenDurable(_appendedEnd);
        if (durable.IsCompletedSuccessfully) Answer(_step.Replies, Translate(durable.Result));
        else _ = AnswerLaterAsync([.. _step.Replies], durable);
    }

    static async Task AnswerLaterAsync(List<(ReplyTo, IMessage)> replies, ValueTask<ErrorCode> durable) =>
        Answer(replies, Translate(await durable.ConfigureAwait(false)));

    static ErrorCode Translate(ErrorCode error) =>
        error == ErrorCode.None ? ErrorCode.None : ErrorCode.CoordinatorNotAvailable;

    static void Answer(List<(ReplyTo To, IMessage Message)> replies, ErrorCode error)
    {
        foreach (var (to, message) in replies)
        {
            if (error == ErrorCode.None) to.Complete(message);
            else to.Fail(error);
        }
    }

    ErrorCode Append()
    {
        _builder.Reset();
        var now = Now();
        foreach (var record in _step.Records)
        {
            var key = GroupRecords.EncodeKey(record);
            var value = GroupRecords.EncodeValue(record);
            if (!_builder.TryAppend(
                now.UnixMs, key, false, value, value is null, [])) return ErrorCode.RecordListTooLarge;
        }

        var result = _log.Append(_builder.Seal(), now.UnixMs, AppendOrigin.Coordinator);
        if (result.Error == ErrorCode.None) _appendedEnd = result.EndOffset;
        else _logger.CoordinatorAppendFailed(result.Error);
        return result.Error;
    }

    long Load()
    {
        var count = 0L;
        var offset = _log.StartOffset;
        while (offset < _log.EndOffset)
        {
            var read = _log.Read(offset, LoadBytes, minOneBatch: true, ReadIsolation.EndOffset);
            try
            {
                if (read.Error != ErrorCode.None || read.Records.IsEmpty)
                {
                    throw new StorageException(StorageError.Damaged, _log.Partition.ToString(),
                        $"{_log.Partition} could not be read from offset {offset} to its end at {_log.EndOffset} "
                        + $"({read.Error}): repair the storage, or restore its directory.");
                }

                var batches = new BatchReader(read.Records.Span);
                while (batches.MoveNext())
                {
                    var header = batches.Current;
                    if (header.NextOffset > offset)
                    {
                        if (!header.IsControl)
                        {
                            count += LoadBatch(
                                header, read.Records.Slice(batches.CurrentStart, header.TotalSize));
                        }

                        offset = header.NextOffset;
                    }
                }
            }
            finally
            {
                read.Release();
            }
        }

        return count;
    }

    int LoadBatch(in RecordBatchHeader header, ReadOnlyMemory<byte> batch)
    {
        var section = RecordSection.Open(batch, _pool, MaxBatchBytes);
        try
        {
            var records = new RecordReader(section.Bytes.Span, header.RecordCount);
            while (records.MoveNext())
            {
                ref readonly var record = ref records.Current;
                if (record.KeyIsNull) continue;
                var key = section.Bytes.Slice(record.KeyStart, record.KeyLength);
                var value = record.ValueIsNull
                    ? (ReadOnlyMemory<byte>?)null
                    : section.Bytes.Slice(record.ValueStart, record.ValueLength);
                try
                {
                    if (GroupRecords.Decode(key, value) is { } known) _coordinator.Replay(known);
                }
                catch (WireFormatException e)
                {
                    _logger.RecordSkipped(_log.Partition.Topic, header.OffsetOf(record), e.Message);
                }
            }

            records.ThrowIfBad();
            return header.RecordCount;
        }
        finally
        {
            section.Release();
        }
    }

    sealed class Call(Action<Now, CoordinatorStep> act, ReplyTo? reply)
    {
        readonly TaskCompletionSource _hasRun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Action<Now, CoordinatorStep> Act { get; } = act;

        public ReplyTo? Reply { get; } = reply;

        public Task HasRun => _hasRun.Task;

        public void SetRun() => _hasRun.TrySetResult();
    }

    Now Now() => new(
        (long)_time.GetElapsedTime(0).TotalMilliseconds, _time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Finishes the calls that are queued and stops. Parked calls stay unanswered: their connections
    /// end.</summary>
    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        _calls.Writer.TryComplete();
        if (_loop is not null) await _loop.ConfigureAwait(false);
        _builder.Dispose();
    }
}
