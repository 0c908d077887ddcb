namespace Millrace.Processing.DeadLetters;

/// <summary>The finer settings of a dead-letter topic.</summary>
public sealed class DeadLetterBuilder
{
    readonly DeadLetterOptions _options;

    internal DeadLetterBuilder(DeadLetterOptions options) => _options = options;

    /// <summary>
    /// Writes Spring Kafka's <c>kafka_dlt-*</c> headers as well, so that Java tools read these dead letters.
    /// </summary>
    public DeadLetterBuilder WithSpringHeaders()
    {
        _options.SpringHeaders = true;
        return this;
    }

    /// <summary>The longest exception text header, in bytes of UTF-8.</summary>
    /// <param name="bytes">The limit; 0 writes no stack trace.</param>
    public DeadLetterBuilder MaxExceptionBytes(int bytes)
    {
        _options.MaxExceptionBytes = bytes;
        return this;
    }

    /// <summary>Expects the topic to exist: the start fails when it does not.</summary>
    public DeadLetterBuilder DoNotCreate()
    {
        _options.Create = false;
        return this;
    }

    /// <summary>The waits between tries to write a dead letter while the broker refuses or is away.</summary>
    /// <param name="backoff">
    /// The waits. Its attempts are not counted: a dead letter is tried until it is acknowledged.
    /// </param>
    public DeadLetterBuilder ProduceBackoff(Backoff backoff)
    {
        ArgumentNullException.ThrowIfNull(backoff);
        _options.ProduceBackoff = backoff;
        return this;
    }
}
