using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>The thin asynchronous edge around <see cref="ListenerCore"/>: one loop that polls, ticks and commits, and
/// pumps that run handlers. The loop never sleeps on anything but its signal and never runs a handler.</summary>
sealed class ListenerLoop
{
    readonly ListenerPlan _plan;
    readonly IConsumerPort _port;
    readonly IRecordPipeline _pipeline;
    readonly TimeProvider _time;
    readonly ListenerCore _core;
    readonly WakeSignal _wake = new();
    readonly Action _signal;
    readonly List<(CommitRequest Request, Task<IReadOnlyDictionary<TopicPartition, ErrorCode>> Answer)> _commits = [];
    readonly long _start;
    Task<PortEvent>? _poll;
    Exception? _pumpFailure;
    int _isStopping;

    /// <param name="plan">Order, concurrency and limits.</param>
    /// <param name="port">The consumer; the loop owns it and closes it.</param>
    /// <param name="pipeline">What runs for each record.</param>
    /// <param name="events">Who is told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Seeds the hash of keys.</param>
    public ListenerLoop(
        ListenerPlan plan, IConsumerPort port, IRecordPipeline pipeline, IListenerEvents events, TimeProvider time,
        Random random)
    {
        ArgumentNullException.ThrowIfNull(port);
        ArgumentNullException.ThrowIfNull(pipeline);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(random);
        _core = new ListenerCore(plan, events, (ulong)random.NextInt64());
        _plan = plan;
        _port = port;
        _pipeline = pipeline;
        _time = time;
        _start = time.GetTimestamp();
        _signal = _wake.Signal;
        _core.Wake = _signal;
    }

    /// <summary>The last snapshot, at most a second old while something happens; any thread.</summary>
    public ListenerStatus Status => _core.Status;

    long NowMs => (long)_time.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>Asks for the shutdown: drain, commit, leave. <see cref="RunAsync"/> returns when it is over.</summary>
    public void Stop()
    {
        Volatile.Write(ref _isStopping, 1);
        _signal();
    }

    /// <summary>Runs until <see cref="Stop"/> or <paramref name="stopping"/>; then drains, commits and closes the
    /// port. Throws what ended it otherwise: then nothing that was in flight is committed.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var registration = stopping.UnsafeRegister(static loop => ((ListenerLoop)loop!).Stop(), this);
        using var pollEnd = new CancellationTokenSource();
        using var timer = _time.CreateTimer(static signal => ((Action)signal!)(), _signal, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        var pumps = StartPumps();
        try
        {
            await LoopAsync(timer, pollEnd).ConfigureAwait(false);
        }
        finally
        {
            // However badly it ended: a port that stays open keeps its partitions from everybody else.
            try
            {
                _core.Abort();
            }
            finally
            {
                _core.Ready.Close();
                await pollEnd.CancelAsync().ConfigureAwait(false);
                await EndAsync(pumps).ConfigureAwait(false);
            }
        }
    }

    async Task LoopAsync(ITimer timer, CancellationTokenSource pollEnd)
    {
        while (true)
        {
            if (Volatile.Read(ref _pumpFailure) is { } failure)
            {
                throw new InvalidOperationException("A pump of the listener failed; the listener ends.", failure);
            }

            if (Volatile.Read(ref _isStopping) == 1 && !_core.IsStopping)
            {
                _core.BeginStop();
                await pollEnd.CancelAsync().ConfigureAwait(false);
            }

            await TakePollAsync().ConfigureAwait(false);
            await TakeCommitsAsync().ConfigureAwait(false);
            var decisions = _core.Tick(NowMs);
            if (Apply(decisions))
            {
                return;
            }

            if (_poll is null && _core.MayPoll)
            {
                _poll = _port.PollAsync(_plan.PollTimeout, pollEnd.Token).AsTask();
                Watch(_poll);
            }

            var wait = _core.NextDueMs(NowMs) - NowMs;
            timer.Change(
                wait > int.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(0, wait)),
                Timeout.InfiniteTimeSpan);
            await _wake.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Feeds what the poll found to the core.</summary>
    async ValueTask TakePollAsync()
    {
        if (_poll is not { IsCompleted: true } poll)
        {
            return;
        }

        _poll = null;
        PortEvent found;
        try
        {
            found = await poll.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_core.IsStopping)
        {
            return;
        }
        catch (OperationCanceledException e)
        {
            // A cancelled task would look like a stop that was asked for.
            throw new InvalidOperationException("The poll was cancelled, though nobody stopped the listener.", e);
        }

        Feed(found);
    }

    void Feed(PortEvent found)
    {
        var now = NowMs;
        switch (found.Kind)
        {
            case PortEventKind.Records:
                _core.OnPolled(found.Batches, now);
                break;
            case PortEventKind.Assigned:
                _core.OnAssigned(found.Assigned, now);
                break;
            case PortEventKind.Revoking:
                _core.OnRevoking(found.Partitions, now);
                break;
            case PortEventKind.Lost:
                _core.OnLost(found.Partitions, now);
                break;
            case PortEventKind.Unreadable:
                _core.OnUnreadable(found.Unreadable!);
                break;
        }
    }

    async ValueTask TakeCommitsAsync()
    {
        for (var i = _commits.Count - 1; i >= 0; i--)
        {
            var (request, answer) = _commits[i];
            if (answer.IsCompleted)
            {
                _commits.RemoveAt(i);
                _core.OnCommitAnswered(request, await answer.ConfigureAwait(false), NowMs);
            }
        }
    }

    /// <summary>Does what the core decided. True when the shutdown is over.</summary>
    bool Apply(Decisions decisions)
    {
        foreach (var partition in decisions.Pauses)
        {
            _port.Pause(partition);
        }

        foreach (var partition in decisions.Resumes)
        {
            _port.Resume(partition);
        }

        foreach (var request in decisions.Commits)
        {
            var answer = _port.CommitAsync(request.Offsets, CancellationToken.None).AsTask();
            _commits.Add((request, answer));
            Watch(answer);
        }

        if (decisions.AcknowledgeRevocation)
        {
            _port.AcknowledgeRevocation();
        }

        return decisions.IsStopped;
    }

    void Watch(Task task)
    {
        if (task.IsCompleted)
        {
            _signal();
        }
        else
        {
            task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(_signal);
        }
    }

    Task StartPumps()
    {
        var pumps = new Task[_plan.Concurrency];
        for (var i = 0; i < pumps.Length; i++)
        {
            pumps[i] = Loop.Start(PumpAsync);
        }

        return Task.WhenAll(pumps);
    }

    async Task PumpAsync()
    {
        try
        {
            await RunPumpAsync(_core, _pipeline).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // An invariant, or an observer that threw. Its lane would wait for ever: better to end and say so.
            Volatile.Write(ref _pumpFailure, e);
            _signal();
        }
    }

    static async Task RunPumpAsync(ListenerCore core, IRecordPipeline pipeline)
    {
        const int Burst = 128;                 // handlers that never wait must not keep a thread for ever
        var slot = new PumpSlot();
        var burst = 0;
        while (true)
        {
            if (!core.Ready.TryTake(out var lane))
            {
                if (core.Ready.IsClosed)
                {
                    return;
                }

                await core.Ready.WaitAsync(slot).ConfigureAwait(false);
                burst = 0;
                continue;
            }

            if (core.TryBegin(lane) is { } delivery)
            {
                Outcome outcome;
                var cancellation = delivery.Lease.Cancellation;
                try
                {
                    outcome = await pipeline.InvokeAsync(delivery, cancellation).ConfigureAwait(false);
                }
                catch (Exception e)
                {
                    outcome = cancellation.IsCancellationRequested ? Outcome.Abandoned : Outcome.StopPartition(e);
                }

                core.End(delivery, outcome);
            }

            if (++burst == Burst)
            {
                burst = 0;
                await Task.Yield();
            }
        }
    }

    /// <summary>Waits for what still runs, at most the grace time, and closes the port.</summary>
    async Task EndAsync(Task pumps)
    {
        var pending = new List<Task> { pumps };
        if (_poll is { } poll)
        {
            pending.Add(poll.ContinueWith(
                static done =>
                {
                    if (done.IsCompletedSuccessfully)
                    {
                        foreach (var batch in done.Result.Batches)
                        {
                            batch.Release();
                        }
                    }

                    _ = done.Exception;
                },
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default));
        }

        foreach (var (_, answer) in _commits)
        {
            pending.Add(answer);
        }

        try
        {
            await Task.WhenAll(pending).WaitAsync(_plan.CancelGrace, _time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // A handler that does not return, or a commit that failed: neither keeps the port open.
        }

        try
        {
            _core.Tick(NowMs);                 // gives back what came back meanwhile
        }
        finally
        {
            await _port.CloseAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }
}
