using Microsoft.Extensions.Logging;

namespace Millrace.Client;

/// <summary>The one place of this package that starts background work.</summary>
static class Loop
{
    /// <summary>Runs the body on the thread pool. A loop that ends with an exception other than cancellation is a bug
    /// of the client: it is logged as an error, whoever waits for the loop's work is told, and the returned task still
    /// completes.</summary>
    /// <param name="name">For the log.</param>
    /// <param name="logger">Where a failure is logged.</param>
    /// <param name="body">The loop.</param>
    /// <param name="onFailure">Gets the exception, so that nobody waits for ever for what the loop does no
    /// more.</param>
#pragma warning disable RS0030 // Every background loop starts here, so that what runs can be counted and found.
    public static Task Start(
        string name, ILogger logger, Func<Task> body, Action<Exception>? onFailure = null) => Task.Run(async () =>
    {
        try
        {
            await body().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The normal end of a loop.
        }
#pragma warning disable CA1031 // The last line of defence: an unobserved exception would vanish.
        catch (Exception e)
        {
            LogMessages.LoopFailed(logger, e, name);
            onFailure?.Invoke(e);
        }
#pragma warning restore CA1031
    });
#pragma warning restore RS0030
}
