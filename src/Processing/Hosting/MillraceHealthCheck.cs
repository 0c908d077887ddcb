using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Millrace.Processing.Hosting;

enum HealthQuestion
{
    /// <summary>Do the loops run? No means that a restart helps.</summary>
    Live,

    /// <summary>Does the work get done? No means that somebody has to look.</summary>
    Ready,
}

/// <summary>
/// Answers from the listeners' own status; asks no broker and writes no record. A stopped partition is a question of
/// readiness alone: a restart would stop at the same record.
/// </summary>
sealed class MillraceHealthCheck(IListeners listeners, HealthQuestion question, long? maxLag) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var unhealthy = new List<string>();
        var degraded = new List<string>();
        var data = new Dictionary<string, object>();
        foreach (var listener in listeners.All)
        {
            if (!listener.IsEnabled)
            {
                continue;
            }

            if (question == HealthQuestion.Live)
            {
                CheckLive(listener, unhealthy);
            }
            else
            {
                CheckReady(listener, unhealthy, degraded);
            }

            if (listener.Status is { } status)
            {
                data[listener.GroupId + ".lag"] = status.Lag;
                data[listener.GroupId + ".partitions"] = status.Partitions.Count;
                data[listener.GroupId + ".in_flight"] = status.InFlight;
            }
        }

        var result = unhealthy.Count > 0
            ? new HealthCheckResult(
                context?.Registration.FailureStatus ?? HealthStatus.Unhealthy, string.Join("; ", unhealthy), null, data)
            : degraded.Count > 0 ? HealthCheckResult.Degraded(string.Join("; ", degraded), null, data)
            : HealthCheckResult.Healthy(null, data);
        return Task.FromResult(result);
    }

    static void CheckLive(IListenerControl listener, List<string> unhealthy)
    {
        if (listener.Failure is { } failure)
        {
            unhealthy.Add($"consumer {listener.GroupId} ended by itself: {failure.Message}");
        }
    }

    void CheckReady(IListenerControl listener, List<string> unhealthy, List<string> degraded)
    {
        if (!listener.IsRunning)
        {
            unhealthy.Add(listener.Failure is { } failure
                ? $"consumer {listener.GroupId} ended by itself: {failure.Message}"
                : $"consumer {listener.GroupId} is not running");
            return;
        }

        foreach (var partition in listener.Status?.Partitions ?? [])
        {
            if (partition.StoppedBy is { } error)
            {
                unhealthy.Add(
                    $"consumer {listener.GroupId} stopped {partition.Partition} at offset {partition.StoppedAt}: "
                    + $"{error.GetType().Name}: {error.Message}");
            }
        }

        if (maxLag is { } limit && listener.Status?.Lag > limit)
        {
            degraded.Add($"consumer {listener.GroupId} lags {listener.Status.Lag} records, more than {limit}");
        }
    }
}
