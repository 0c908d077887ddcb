// What handlers did: which records, in which order, how many at once, and whether two ever worked on one key.
using Millrace.Processing;
using Xunit;

namespace Millrace.Scenarios.Processing;

/// <summary>One run of a handler that returned.</summary>
sealed record HandledRecord(int Partition, long Offset, string? Key, string Value, int Attempt);

/// <summary>Handlers tell it when they begin and when they are done. Shared by all the hosts of a scenario.</summary>
sealed class HandlerLog
{
    readonly Lock _lock = new();
    readonly HashSet<(int Partition, string? Key)> _running = [];                        // guarded by _lock
    readonly List<HandledRecord> _done = [];                                             // guarded by _lock
    readonly List<string> _overlaps = [];                                                // guarded by _lock
    readonly List<(int AtOnce, TaskCompletionSource Reached)> _waiting = [];             // guarded by _lock
    int _atOnce;                                                                         // guarded by _lock
    int _begun;                                                                          // guarded by _lock

    public int Begun => Read(() => _begun);

    public int MostAtOnce { get; private set; }

    public IReadOnlyList<HandledRecord> Done => Read(() => _done.ToList());

    public int DoneCount => Read(() => _done.Count);

    /// <summary>Completes when so many handlers run at once: handlers that wait for it prove that they do.</summary>
    public Task RunAtOnce(int count)
    {
        lock (_lock)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((count, reached));
            return reached.Task.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    /// <summary>Runs the body of a handler; it is done when the body did not throw.</summary>
    public async ValueTask RunAsync(RecordInfo record, string value, Func<ValueTask> body, bool exclusive = true)
    {
        var run = new HandledRecord(record.Partition, record.Offset, record.KeyText, value, record.Attempt);
        var key = (run.Partition, exclusive ? run.Key : $"{run.Offset}");
        Begin(run, key);
        var isDone = false;
        try
        {
            await body();
            isDone = true;
        }
        finally
        {
            End(run, key, isDone);
        }
    }

    /// <summary>No key was worked on twice at a time, and its records were done in offset order.</summary>
    public void AssertOrderOfKeys()
    {
        Assert.Empty(Read(() => _overlaps.ToList()));
        foreach (var key in Done.GroupBy(static run => (run.Partition, run.Key)))
        {
            var offsets = key.Select(static run => run.Offset).ToList();
            Assert.Equal(offsets.Order(), offsets);
        }
    }

    void Begin(HandledRecord run, (int, string?) key)
    {
        lock (_lock)
        {
            _begun++;
            MostAtOnce = Math.Max(MostAtOnce, ++_atOnce);
            if (!_running.Add(key))
            {
                _overlaps.Add($"{run} ran beside another record of its key.");
            }

            foreach (var (_, reached) in _waiting.Where(waiting => _atOnce >= waiting.AtOnce))
            {
                reached.TrySetResult();
            }
        }
    }

    void End(HandledRecord run, (int, string?) key, bool isDone)
    {
        lock (_lock)
        {
            _atOnce--;
            _running.Remove(key);
            if (isDone)
            {
                _done.Add(run);
            }
        }
    }

    T Read<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }
}
