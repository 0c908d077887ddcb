namespace Millrace.Processing.Retry;

/// <summary>
/// Names the exceptions that are worth another try and those that are not. The most derived type decides, whatever the
/// order; among rules of one type, the first whose predicate agrees.
/// </summary>
public sealed class RetryBuilder
{
    readonly RetryOptions _options;

    internal RetryBuilder(RetryOptions options) => _options = options;

    /// <summary>Exceptions of this type may pass: the record is handled again after a wait.</summary>
    /// <typeparam name="TException">The exception type; derived types are included.</typeparam>
    /// <param name="backoff">How often and how long, for example <c>Backoff.Exponential(...)</c>.</param>
    public RetryBuilder Transient<TException>(Backoff backoff)
        where TException : Exception => Transient<TException>(null, backoff);

    /// <summary>
    /// Exceptions of this type that satisfy the predicate may pass: the record is handled again after a wait.
    /// </summary>
    /// <typeparam name="TException">The exception type; derived types are included.</typeparam>
    /// <param name="predicate">Which of them; null for all.</param>
    /// <param name="backoff">How often and how long, for example <c>Backoff.Exponential(...)</c>.</param>
    public RetryBuilder Transient<TException>(Func<TException, bool>? predicate, Backoff backoff)
        where TException : Exception
    {
        ArgumentNullException.ThrowIfNull(backoff);
        _options.Rules.Add(new RetryRule(typeof(TException), FailureKind.Transient, Untyped(predicate), backoff));
        return this;
    }

    /// <summary>Exceptions of this type never pass: no retry, straight to the dead-letter topic.</summary>
    /// <typeparam name="TException">The exception type; derived types are included.</typeparam>
    /// <param name="predicate">Which of them; null for all.</param>
    public RetryBuilder Permanent<TException>(Func<TException, bool>? predicate = null)
        where TException : Exception
    {
        _options.Rules.Add(new RetryRule(typeof(TException), FailureKind.Permanent, Untyped(predicate)));
        return this;
    }

    /// <summary>
    /// Every exception that no rule names is transient with this backoff. Without it, they are permanent.
    /// </summary>
    /// <param name="backoff">How often and how long.</param>
    public RetryBuilder Otherwise(Backoff backoff)
    {
        ArgumentNullException.ThrowIfNull(backoff);
        _options.Otherwise = backoff;
        return this;
    }

    internal static Func<Exception, bool>? Untyped<TException>(Func<TException, bool>? predicate)
        where TException : Exception => predicate is null ? null : exception => predicate((TException)exception);
}
