using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Handling;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;

namespace Millrace.Processing.Hosting;

/// <summary>
/// Runs one consumer for the host: starts it, or fails the start in one line; stops it with a drain, also when the host
/// is disposed without having been stopped. A consumer that ends by itself is logged and shows in its status and in the
/// health checks.
/// </summary>
sealed class ListenerService : IHostedService, IListenerControl, IAsyncDisposable, IDisposable
{
    readonly IServiceProvider _services;
    readonly Clusters _clusters;
    readonly TimeProvider _clock;
    readonly LogMessages _log;
    readonly ListenerMetrics _metrics;
    readonly SemaphoreSlim _gate = new(1); // one start or stop at a time
    volatile IRunningListener? _running;
    volatile ListenerStatus? _lastStatus;
    int _isDisposed;

    public ListenerService(ConsumerRegistration registration, IServiceProvider services)
    {
        Registration = registration;
        _services = services;
        // Here and not at the start: what was made before is disposed after, and a drain needs its connections.
        _clusters = services.GetRequiredService<Clusters>();
        _clock = services.GetRequiredService<TimeProvider>();
        _log = new LogMessages(services.GetRequiredService<ILoggerFactory>().CreateLogger("Millrace.Processing"));
        _metrics = services.GetRequiredService<Metrics>().For(registration.GroupId, _clock, () => _running?.Status);
    }

    public ConsumerRegistration Registration { get; }

    public string GroupId => Registration.GroupId;

    public IReadOnlyList<string> Topics => Registration.Topics;

    public bool IsEnabled => Settings.Enabled;

    public bool IsRunning => _running is { Completion.IsCompleted: false };

    public Exception? Failure => _running?.Completion.Exception?.InnerException;

    public ListenerStatus? Status => _running?.Status ?? _lastStatus;

    ConsumerSettings Settings =>
        _services.GetRequiredService<IOptionsMonitor<ConsumerSettings>>().Get(Registration.OptionsName);

    public async Task StartAsync(CancellationToken cancellation)
    {
        var settings = Settings;
        if (!settings.Enabled)
        {
            _log.SwitchedOff(GroupId);
            return;
        }

        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (!IsRunning)
            {
                await StartLockedAsync(settings, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public async Task StopAsync(CancellationToken cancellation)
    {
        // Not cancellable: whoever stops must reach the drain, which has its own limits.
        await _gate.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_running is { } running)
            {
                if (!running.Completion.IsCompleted)
                {
                    await running.StopAsync(cancellation).ConfigureAwait(false);
                    _log.Stopped(GroupId);
                }

                _lastStatus = running.Status;
                _running = null;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Twice: it is registered as itself and as a hosted service.
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            await StopAsync(CancellationToken.None).ConfigureAwait(false);
            _gate.Dispose();
        }
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    async Task StartLockedAsync(ConsumerSettings settings, CancellationToken cancellation)
    {
        var connection = _services.GetRequiredService<IOptionsMonitor<MillraceOptions>>().Get(
            Registration.Connection.Name);
        var cluster = _clusters.Get(Registration.Connection.Name);
        var targets = await SetUpTopicsAsync(cluster, connection, settings, cancellation).ConfigureAwait(false);
        var context = Registration.BindContext(_services, []);
        var handlers = Registration.Handlers.Select(handler => handler.Bind(context)).ToList();
        // Two consumers that start together must not wait in step: the seed is the group's own.
        var random = new Random(StringComparer.Ordinal.GetHashCode(GroupId) ^ (int)_clock.GetTimestamp());
        var pipeline = new RecordPipeline(
            GroupId,
            handlers,
            new RetryStep(settings.Retry, random),
            new DeadLetterStep(settings.DeadLetter, cluster.DeadLetters, targets, _clock, random, _log),
            _metrics,
            _log);
        var plan = settings.ToPlan(GroupId);
        var running = cluster.Start(new ListenerStart(
            GroupId, Topics, settings.ReadFrom, plan, pipeline, new ListenerObserver(GroupId, _metrics, _log),
            random)
        {
            InstanceId = settings.InstanceId,
            SessionTimeout = settings.SessionTimeout,
        });
        _running = running;
        _log.Started(GroupId, string.Join(", ", Topics), plan.Order.ToString(), plan.Concurrency);
        _ = running.Completion.ContinueWith(
            (task, state) => ((ListenerService)state!)._log.Failed(GroupId, task.Exception!.InnerException!),
            this, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    async ValueTask<DeadLetterTargets> SetUpTopicsAsync(
        ICluster cluster, MillraceOptions connection, ConsumerSettings settings, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(connection.StartTimeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            return await new TopicSetup(cluster, connection, _log)
                .EnsureAsync(GroupId, Topics, settings.DeadLetter, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (timeout.IsCancellationRequested)
        {
            throw new MillraceStartException(
                $"Consumer '{GroupId}' cannot start: no broker answered at {connection.BootstrapServers} within "
                + $"{connection.StartTimeout.TotalSeconds:0.#} s. "
                + $"Check ConnectionStrings:{Registration.Connection.Name} "
                + "and that the broker runs.",
                exception);
        }
        catch (Exception exception) when (
            exception is not MillraceStartException and not OperationCanceledException)
        {
            throw new MillraceStartException(
                $"Consumer '{GroupId}' cannot start at {connection.BootstrapServers}: {exception.Message}", exception);
        }
    }
}
