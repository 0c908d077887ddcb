using Millrace.Protocol;

namespace Millrace.Client;

/// <summary>A broker answered with an error.</summary>
public class KafkaServerException : Exception
{
    /// <summary>Makes the exception from the error number; the message begins with Kafka's own name of it.</summary>
    /// <param name="code">The error number.</param>
    /// <param name="text">What was being done, and the remedy if one is known; or the broker's own text.</param>
    /// <param name="inner">The cause, if another exception stands behind it.</param>
    public KafkaServerException(ErrorCode code, string? text = null, Exception? inner = null)
        : base(Compose(code, text), inner) => Code = code;

    /// <summary>The error number.</summary>
    public ErrorCode Code { get; }

    static string Compose(ErrorCode code, string? text)
    {
        var info = code.Describe();
        return string.IsNullOrEmpty(text) ? $"{info.Name}: {info.Text}" : $"{info.Name}: {text}";
    }
}

/// <summary>A connection could not be made, or broke, or a request was not answered in time.</summary>
public sealed class KafkaConnectionException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Which broker, and what happened.</param>
    /// <param name="inner">The cause.</param>
    /// <param name="isTransient">False when trying again cannot help (for example: no such protocol version).</param>
    /// <param name="maybeProcessed">True when the request had been written, so that the broker may have carried it
    /// out.</param>
    public KafkaConnectionException(
        string message, Exception? inner = null, bool isTransient = true, bool maybeProcessed = false)
        : base(message, inner)
    {
        IsTransient = isTransient;
        MaybeProcessed = maybeProcessed;
    }

    /// <summary>True when the same call may succeed later.</summary>
    public bool IsTransient { get; }

    /// <summary>True when the request had been written before the connection failed: the broker may have carried it
    /// out.</summary>
    public bool MaybeProcessed { get; }
}

/// <summary>Records could not be delivered. From <c>SendAsync</c> it speaks of one record, from <c>FlushAsync</c> of
/// all
/// the enqueued records that failed since the last flush.</summary>
public sealed class ProduceException : KafkaServerException
{
    readonly string _text;

    /// <summary>Makes the exception.</summary>
    /// <param name="code">The error of the first failed record.</param>
    /// <param name="text">What happened to it, naming topic and partition, and the remedy.</param>
    /// <param name="failedCount">How many records failed.</param>
    /// <param name="maybeWritten">True when the record may have been written nevertheless.</param>
    /// <param name="inner">The cause.</param>
    public ProduceException(
        ErrorCode code, string text, long failedCount = 1, bool maybeWritten = false, Exception? inner = null)
        : base(code, text, inner)
    {
        _text = text;
        FailedCount = failedCount;
        MaybeWritten = maybeWritten;
    }

    /// <summary>How many records failed.</summary>
    public long FailedCount { get; }

    /// <summary>True when no broker answered the last try: the record may have been written nevertheless.</summary>
    public bool MaybeWritten { get; }

    internal ProduceException Copy() => new(Code, _text, FailedCount, MaybeWritten, InnerException);
}
