namespace Millrace.Broker.Log;

/// <summary>The one who flushes, one per data directory. Logs that have something to flush queue here; one pass flushes
/// them all, and whatever was appended to them meanwhile waits for the next: that is what makes flushing before
/// acknowledging cheap when many wait. Runs on a thread of its own, because a flush blocks; simulations call
/// <see cref="RunOnce"/> instead.</summary>
sealed class Committer : IDisposable
{
    readonly object _gate = new();
    readonly TimeProvider _time;
    List<PartitionLog> _queue = []; // guarded by _gate
    List<PartitionLog> _spare = [];
    Thread? _thread;
    ITimer? _timer;
    bool _due; // guarded by _gate: the thread shall run a pass
    bool _stopping;

    public Committer(TimeProvider time) => _time = time;

    /// <summary>Passes run so far.</summary>
    public long Passes { get; private set; }

    /// <summary>Starts the thread (and the timer of <see cref="FlushMode.Interval"/>).</summary>
    public void Start(FlushPolicy policy)
    {
        if (_thread is not null)
            throw new InvalidOperationException("The committer runs already.");
        _thread = new Thread(Run) { IsBackground = true, Name = "millrace-committer" };
        _thread.Start();
        if (policy.Mode == FlushMode.Interval)
            _timer = _time.CreateTimer(static state => ((Committer)state!).Wake(), this, policy.Interval,
                policy.Interval);
    }

    /// <summary>The log has something to flush. Called once until its <see cref="PartitionLog.Flush"/>
    /// begins.</summary>
    /// <param name="log">The log.</param>
    /// <param name="now">Do not wait for the interval: somebody waits, or a segment was sealed.</param>
    public void Enqueue(PartitionLog log, bool now)
    {
        lock (_gate)
        {
            _queue.Add(log);
            if (now)
                Pulse();
        }
    }

    /// <summary>Lets the thread run a pass.</summary>
    public void Wake()
    {
        lock (_gate)
            Pulse();
    }

    /// <summary>One pass: flushes every log that queued before it. Returns how many.</summary>
    public int RunOnce()
    {
        List<PartitionLog> logs;
        lock (_gate)
        {
            _due = false;
            logs = _queue;
            _queue = _spare;
            _spare = [];
        }
        foreach (var log in logs)
            log.Flush();
        var count = logs.Count;
        Passes++;
        logs.Clear();
        _spare = logs;
        return count;
    }

    /// <summary>Stops the thread after the pass that runs, with one last pass for what is queued.</summary>
    public void Dispose()
    {
        _timer?.Dispose();
        lock (_gate)
        {
            _stopping = true;
            Monitor.PulseAll(_gate);
        }
        _thread?.Join();
        RunOnce();
    }

    void Pulse()
    {
        _due = true;
        Monitor.PulseAll(_gate);
    }

    void Run()
    {
        while (true)
        {
            lock (_gate)
            {
                while (!_due && !_stopping)
                    Monitor.Wait(_gate);
                if (_stopping)
                    return;
            }
            RunOnce();
        }
    }
}
