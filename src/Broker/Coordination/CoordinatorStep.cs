using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Coordination;

/// <summary>One record of a coordinator's topic. The key's first two bytes on disk are
/// <paramref name="Type"/>.</summary>
/// <param name="Type">Kafka's number of the key: 0 and 1 committed offset, 2 group metadata.</param>
/// <param name="Key">The key's body; its own version is always 0.</param>
/// <param name="Value">The value, or null for a tombstone.</param>
/// <param name="ValueVersion">The version that the value is written in, which is also its first two bytes.</param>
sealed record CoordinatorRecord(short Type, IMessage Key, IMessage? Value, short ValueVersion);

/// <summary>Where an answer goes. The state machine keeps it while the call is parked and hands it back in a
/// step.</summary>
abstract class ReplyTo
{
    /// <summary>Completes the call. Called by the runtime only, once the step's records are durable.</summary>
    public abstract void Complete(IMessage message);

    /// <summary>Completes the call with an error, because the step's records could not be written.</summary>
    public abstract void Fail(ErrorCode code);
}

/// <summary>An awaitable answer of one type.</summary>
/// <param name="failure">Makes the answer that carries an error.</param>
sealed class ReplyTo<T>(Func<ErrorCode, T> failure) : ReplyTo
    where T : class, IMessage
{
    readonly TaskCompletionSource<T> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _source.Task;

    public override void Complete(IMessage message) => _source.TrySetResult((T)message);

    public override void Fail(ErrorCode code) => _source.TrySetResult(failure(code));
}

/// <summary>What a state machine wants done after one input: records first, then answers. Reused by its
/// runtime.</summary>
sealed class CoordinatorStep
{
    public List<CoordinatorRecord> Records { get; } = [];

    public List<(ReplyTo To, IMessage Message)> Replies { get; } = [];

    public void Reply<T>(ReplyTo<T> to, T message)
        where T : class, IMessage => Replies.Add((to, message));

    public void Clear()
    {
        Records.Clear();
        Replies.Clear();
    }
}
