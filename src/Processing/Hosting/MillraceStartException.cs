namespace Millrace.Processing.Hosting;

/// <summary>A consumer could not start. The message names the cause and the remedy in one line.</summary>
public sealed class MillraceStartException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The cause and the remedy.</param>
    /// <param name="innerException">What went wrong underneath.</param>
    public MillraceStartException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
