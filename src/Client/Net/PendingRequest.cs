using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Net;

/// <summary>One request on its way. Exactly one of <see cref="OnResponse"/>, <see cref="OnFailed"/> and (without a
/// response) <see cref="OnWritten"/> is called, once, on the connection's own path: it must be short and must not
/// block.</summary>
abstract class PendingRequest(ApiKey apiKey, short version, bool isFlexible)
{
    public ApiKey ApiKey { get; } = apiKey;

    public short Version { get; } = version;

    public bool IsFlexible { get; } = isFlexible;

    /// <summary>False for a Produce with acks=0: the broker does not answer it.</summary>
    public virtual bool ExpectsResponse => true;

    /// <summary>Set by the connection.</summary>
    public int CorrelationId { get; set; }

    /// <summary>When the answer must be here, by the monotonic clock. Guarded by the connection's lock.</summary>
    public long DeadlineMs { get; set; }

    /// <summary>When its answer takes so long that the broker may have gone without a word. Guarded by the connection's
    /// lock.</summary>
    public long SlowAtMs { get; set; }

    /// <summary>True as soon as bytes of the request may have left. Guarded by the connection's lock.</summary>
    public bool IsWritten { get; set; }

    /// <summary>The answer is here, header included. The callee owns one reference of the frame.</summary>
    public abstract void OnResponse(SharedBuffer frame);

    /// <summary>There will be no answer. <see cref="IsWritten"/> tells whether the broker may have carried it out. The
    /// connection no longer reads any byte that the request borrowed.</summary>
    public abstract void OnFailed(KafkaConnectionException error);

    /// <summary>The request was handed to the network; only called when no response is expected.</summary>
    public virtual void OnWritten()
    {
    }

    /// <summary>Positions a reader behind the response header.</summary>
    public WireReader ReadBody(ReadOnlyMemory<byte> frame)
    {
        var reader = new WireReader(frame);
        _ = Frame.ReadResponseHeader(ref reader, ApiKey, IsFlexible);
        return reader;
    }
}

/// <summary>A request that somebody awaits.</summary>
sealed class AwaitedRequest(ApiKey apiKey, short version, bool isFlexible) : PendingRequest(apiKey, version, isFlexible)
{
    // Continuations run on the thread pool: the connection's reader must not run the caller's code.
    readonly TaskCompletionSource<SharedBuffer> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override void OnResponse(SharedBuffer frame)
    {
        if (!_done.TrySetResult(frame))
        {
            frame.Release();   // the caller was cancelled and left
        }
    }

    public override void OnFailed(KafkaConnectionException error) => _done.TrySetException(error);

    /// <summary>Waits for the answer. Cancelling abandons it and leaves the connection as it is. The caller owns the
    /// frame.</summary>
    public async ValueTask<SharedBuffer> WaitAsync(CancellationToken cancellation)
    {
        using var registration = cancellation.UnsafeRegister(
            static (state, token) => ((AwaitedRequest)state!)._done.TrySetCanceled(token), this);
        return await _done.Task.ConfigureAwait(false);
    }
}
