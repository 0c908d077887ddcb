namespace Millrace.Broker;

/// <summary>The one place of this package that starts background work.</summary>
static class Loop
{
    /// <summary>Runs an asynchronous loop on the thread pool. The loop handles its own errors; awaiting the task tells
    /// when it ended.</summary>
    // Everything else must be driven from outside, so that a simulation owns it.
#pragma warning disable RS0030
    public static Task Start(Func<Task> body) => Task.Run(body);
#pragma warning restore RS0030
}
