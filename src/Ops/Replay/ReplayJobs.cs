using Millrace.Client;

namespace Millrace.Ops.Replay;

/// <summary>How a replay that was started in the background stands.</summary>
public enum ReplayState
{
    /// <summary>It runs.</summary>
    Running,

    /// <summary>It came to the end of what lay there when it started.</summary>
    Done,

    /// <summary>Somebody stopped it; a later one goes on there.</summary>
    Stopped,

    /// <summary>It failed; <see cref="ReplayStatus.Error"/> says why. A later one goes on there and repeats
    /// nothing.</summary>
    Failed,
}

/// <summary>A replay that was started in the background.</summary>
/// <param name="Id">Its number, from 1.</param>
/// <param name="From">The dead-letter topic.</param>
/// <param name="To">The target.</param>
/// <param name="State">How it stands.</param>
/// <param name="Progress">How far it is, as of the last save of the cursor.</param>
/// <param name="Started">When it was started.</param>
/// <param name="Ended">When it ended, or null.</param>
/// <param name="Error">Why it failed, or null.</param>
public sealed record ReplayStatus(
    int Id, string From, string To, ReplayState State, ReplayProgress Progress, DateTimeOffset Started,
    DateTimeOffset? Ended, string? Error);

/// <summary>Runs replays in the background, at most one at a time for each dead-letter topic, and remembers the last
/// ones.</summary>
/// <param name="client">The cluster; stays the caller's.</param>
/// <param name="clock">Paces and dates; the system's by default.</param>
public sealed class ReplayJobs(KafkaClient client, TimeProvider? clock = null) : IAsyncDisposable
{
    // How many ended jobs are remembered: a day's work of one operator.
    const int MaxEnded = 50;

    readonly TimeProvider _clock = clock ?? TimeProvider.System;
    readonly Lock _gate = new();
    readonly List<Job> _jobs = [];
    int _lastId;
    bool _isClosed;

    /// <summary>Starts a replay and returns at once. <see cref="ReplayOptions.OnProgress"/> is called as
    /// well.</summary>
    /// <param name="options">What to send where.</param>
    /// <exception cref="ArgumentException">The options are not valid.</exception>
    /// <exception cref="InvalidOperationException">A replay from that topic runs already.</exception>
    public ReplayStatus Start(ReplayOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            if (_jobs.Find(j => j.Status.From == options.From && j.Status.State == ReplayState.Running) is { } running)
            {
                throw new InvalidOperationException(
                    $"replay {running.Status.Id} from {options.From} to {running.Status.To} still runs: "
                    + "wait for it, or stop it.");
            }

            var job = new Job(new ReplayStatus(
                ++_lastId, options.From, options.To, ReplayState.Running, default, _clock.GetUtcNow(), null, null));
            _jobs.Add(job);
            var ended = _jobs.Where(static j => j.Status.State != ReplayState.Running).SkipLast(MaxEnded).ToArray();
            _jobs.RemoveAll(j => Array.IndexOf(ended, j) >= 0);
            job.Task = RunAsync(job, options);
            return job.Status;
        }
    }

    /// <summary>The replays, the newest first.</summary>
    public IReadOnlyList<ReplayStatus> List()
    {
        lock (_gate)
        {
            return [.. _jobs.Select(static j => j.Status).Reverse()];
        }
    }

    /// <summary>Stops a replay.</summary>
    /// <returns>False if it does not run.</returns>
    public bool Stop(int id)
    {
        Job? job;
        lock (_gate)
        {
            job = _jobs.Find(j => j.Status.Id == id && j.Status.State == ReplayState.Running);
        }

        job?.Stop.Cancel();
        return job is not null;
    }

    /// <summary>Stops all replays and waits for them.</summary>
    public async ValueTask DisposeAsync()
    {
        Job[] jobs;
        lock (_gate)
        {
            _isClosed = true;
            jobs = [.. _jobs];
        }

        foreach (var job in jobs)
        {
            await job.Stop.CancelAsync().ConfigureAwait(false);
            await job.Task.ConfigureAwait(false);
            job.Stop.Dispose();
        }
    }

    async Task RunAsync(Job job, ReplayOptions options)
    {
        // The caller gets its answer before anything is asked of the cluster, and never under the lock.
        await Task.Yield();
        var (state, error) = (ReplayState.Done, (string?)null);
        try
        {
            var last = await new Replayer(client, _clock).RunAsync(
                options with { OnProgress = p => Update(job, s => s with { Progress = p }, options.OnProgress, p) },
                job.Stop.Token).ConfigureAwait(false);
            Update(job, s => s with { Progress = last }, null, last);
        }
        catch (OperationCanceledException) when (job.Stop.IsCancellationRequested)
        {
            state = ReplayState.Stopped;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The edge of a background job: whatever went wrong is the job's result.
            (state, error) = (ReplayState.Failed, e.Message);
        }

        Update(job, s => s with { State = state, Error = error, Ended = _clock.GetUtcNow() }, null, default);
    }

    void Update(Job job, Func<ReplayStatus, ReplayStatus> change, Action<ReplayProgress>? also, ReplayProgress progress)
    {
        lock (_gate)
        {
            job.Status = change(job.Status);
        }

        also?.Invoke(progress);
    }

    sealed class Job(ReplayStatus status)
    {
        public ReplayStatus Status { get; set; } = status;

        public CancellationTokenSource Stop { get; } = new();

        public Task Task { get; set; } = Task.CompletedTask;
    }
}
