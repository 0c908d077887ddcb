using Millrace.Processing.Listeners;

namespace Millrace.Processing.Hosting;

/// <summary>A listener loop on its own task.</summary>
sealed class RunningListener : IRunningListener
{
    readonly ListenerLoop _loop;

    public RunningListener(ListenerLoop loop)
    {
        _loop = loop;
        Completion = Loop.Start(() => loop.RunAsync(CancellationToken.None));
    }

    public ListenerStatus Status => _loop.Status;

    public Task Completion { get; }

    /// <summary>
    /// The loop bounds its own drain; <paramref name="cancellation"/> ends only the wait for it. How the loop ended
    /// is in
    /// <see cref="Completion"/>, and whoever watches that has logged it.
    /// </summary>
    public async ValueTask StopAsync(CancellationToken cancellation)
    {
        _loop.Stop();
        await Completion.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
