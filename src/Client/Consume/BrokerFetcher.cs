using Millrace.Client.Net;
using Millrace.Client.Routing;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Consume;

/// <summary>Fetches from one broker, one request at a time: the broker answers a connection's requests in order
/// anyway, and partitions are fetched again while half a poll of them is still buffered, so the application does not
/// wait for it.</summary>
sealed class BrokerFetcher(
    int node, ClientCore core, ConnectionPool lanes, CursorSet cursors, BufferBudget budget, ConsumerSignals signals,
    CancellationToken stop)
{
    // Nothing to do means that an event will come; this is only how soon a lost one would be noticed.
    static readonly TimeSpan LongestSleep = TimeSpan.FromSeconds(5);

    readonly AsyncSignal _wake = new();
    int _failures;

    public void Wake() => _wake.Set();

    public async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            FetchPlan? plan = null;
            var sleep = LongestSleep;
            try
            {
                var view = core.Metadata.View;
                var peer = lanes.Find(node);
                if (peer is not null && cursors.IsLedBy(node, view))
                {
                    var connection = await peer.GetAsync(ConnectionKind.Fetch, stop).ConfigureAwait(false);
                    var version = connection.Versions.Choose<FetchRequest, FetchResponse>(
                        CursorSet.VersionCap, connection.Broker);
                    plan = cursors.Plan(node, view, version, core.Runtime.NowMs(), out var retryAt);
                    if (plan is not null)
                    {
                        await FetchAsync(connection, plan).ConfigureAwait(false);
                        continue;
                    }
                    signals.Resets.Set();   // planning may have found that a topic was made anew
                    if (retryAt != long.MaxValue)
                        sleep = TimeSpan.FromMilliseconds(Math.Clamp(retryAt - core.Runtime.NowMs(), 1, 5_000));
                }
            }
            catch (Exception e) when (e is KafkaConnectionException or KafkaServerException)
            {
                ConsumerLog.FetchFailed(core.Logger, node, e.Message);
                var pause = Backoff.DelayMs(
                    _failures++, core.Options.RetryBackoff, core.Options.RetryBackoffMax, core.Runtime);
                if (plan is not null)
                    cursors.Fail(plan, core.Runtime.NowMs() + pause);
                sleep = TimeSpan.FromMilliseconds(pause);
                core.Metadata.RequestRefresh();
            }
            await _wake.WaitAsync(sleep, core.Runtime.TimeProvider, stop).ConfigureAwait(false);
        }
    }

    async ValueTask FetchAsync(BrokerConnection connection, FetchPlan plan)
    {
        var timeout = core.Options.RequestTimeout + TimeSpan.FromMilliseconds(plan.Request.MaxWaitMs);
        var frame = await connection.SendBorrowedAsync<FetchRequest, FetchResponse>(
            plan.Request, plan.VersionCap, timeout, stop).ConfigureAwait(false);
        var buffer = new FetchBuffer(frame.Frame, budget);
        FetchOutcome outcome;
        try
        {
            outcome = cursors.Apply(plan, frame.Body, buffer, core.Runtime.NowMs());
        }
        finally
        {
            buffer.Release();
        }
        _failures = 0;
        if (outcome.HasRecords)
            signals.Poll.Set();
        if (outcome.NeedsReset)
            signals.Resets.Set();
        var applied = true;
        foreach (var (topic, partition, leader, epoch) in outcome.Leaders ?? [])
            applied &= core.Metadata.TryApplyLeader(topic, partition, leader, epoch);
        if (outcome.NeedsRefresh && (outcome.Leaders is null || !applied))
            core.Metadata.RequestRefresh();
    }
}

/// <summary>What the parts of one consumer wake each other with.</summary>
sealed class ConsumerSignals
{
    Exception? _failure;

    /// <summary>There may be something to poll.</summary>
    public AsyncSignal Poll { get; } = new();

    /// <summary>A position may have to be found.</summary>
    public AsyncSignal Resets { get; } = new();

    /// <summary>Why a part of the consumer works no more; null while all do. Only a bug sets it.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>A part of the consumer ended: the next poll says so, or the application would wait for ever.</summary>
    public void Fail(Exception failure)
    {
        Interlocked.CompareExchange(ref _failure, failure, null);
        Poll.Set();
    }
}
