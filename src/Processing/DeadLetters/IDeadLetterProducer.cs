using Millrace.Protocol;

namespace Millrace.Processing.DeadLetters;

/// <summary>The one thing that dead letters need of a producer.</summary>
interface IDeadLetterProducer
{
    /// <summary>
    /// Writes one record and completes when the broker acknowledged it; throws when it did not. The memory is
    /// borrowed until
    /// then.
    /// </summary>
    ValueTask ProduceAsync(
        TopicPartition target,
        ReadOnlyMemory<byte>? key,
        ReadOnlyMemory<byte>? value,
        IReadOnlyList<RecordHeader> headers,
        CancellationToken cancellation);
}
