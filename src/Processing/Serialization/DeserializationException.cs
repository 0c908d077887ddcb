namespace Millrace.Processing.Serialization;

/// <summary>
/// A record's value could not be turned into the handler's type. Permanent unless a rule says otherwise.
/// </summary>
public sealed class DeserializationException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which record, which type, what was wrong.</param>
    /// <param name="innerException">What the deserializer threw.</param>
    public DeserializationException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
