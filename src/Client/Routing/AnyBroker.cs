using Millrace.Client.Net;

namespace Millrace.Client.Routing;

/// <summary>Asking what any broker can answer.</summary>
static class AnyBroker
{
    /// <summary>Asks one broker after the other until one answers. One that hangs is left behind after
    /// <see cref="ClientOptions.SlowAfter"/>: its request stays on its connection and ranks it last in
    /// <see cref="ConnectionPool.Candidates"/>. The last one gets all the time there is: all of them may be
    /// slow.</summary>
    /// <param name="candidates">Whom to ask, best first; at least one.</param>
    /// <param name="options">For the patience.</param>
    /// <param name="runtime">For the clock.</param>
    /// <param name="ask">Asks one.</param>
    /// <param name="cancellation">Stops asking.</param>
    /// <exception cref="KafkaConnectionException">None answered.</exception>
    public static async Task<T> AskAsync<T>(
        IReadOnlyList<BrokerPeer> candidates, ClientOptions options, ClientRuntime runtime,
        Func<BrokerPeer, CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        var failures = new List<KafkaConnectionException>(candidates.Count);
        for (var i = 0; i < candidates.Count; i++)
        {
            var peer = candidates[i];
            var patience = i < candidates.Count - 1 ? options.SlowAfter : Timeout.InfiniteTimeSpan;
            using var late = new CancellationTokenSource(patience, runtime.TimeProvider);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
            try
            {
                return await ask(peer, either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
            {
                failures.Add(new KafkaConnectionException($"{peer.Name} does not answer.", e, maybeProcessed: true));
            }
            catch (KafkaConnectionException e)
            {
                failures.Add(e);
            }
        }
        throw failures is [var only] ? only : new KafkaConnectionException(
            $"No broker answers. {string.Join(" ", failures.Select(static f => f.Message))}", failures[^1],
            failures[^1].IsTransient, failures.Exists(static f => f.MaybeProcessed));
    }
}
