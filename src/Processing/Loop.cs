namespace Millrace.Processing;

/// <summary>The one place of this package where a background loop starts.</summary>
static class Loop
{
    /// <summary>
    /// Starts a loop on the thread pool, away from the caller's context. Whoever starts it awaits the task.
    /// </summary>
    public static Task Start(Func<Task> body)
    {
        ArgumentNullException.ThrowIfNull(body);
#pragma warning disable RS0030 // The seam itself.
        return Task.Run(body);
#pragma warning restore RS0030
    }
}
