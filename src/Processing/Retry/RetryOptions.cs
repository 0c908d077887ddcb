namespace Millrace.Processing.Retry;

/// <summary>What becomes of a record whose handler threw.</summary>
public enum FailureKind
{
    /// <summary>Worth another try: the cause may pass.</summary>
    Transient,

    /// <summary>
    /// Trying again would fail again: the record goes to the dead-letter topic, or stops its partition.
    /// </summary>
    Permanent,

    /// <summary>The record is dropped, counted and logged. Only an explicit <c>Skip</c> leads here.</summary>
    Skip,
}

/// <summary>
/// The rules that classify an exception. Most derived exception type first; equal types in the order added.
/// </summary>
public sealed class RetryOptions
{
    /// <summary>The rules, in the order they were added.</summary>
    public IList<RetryRule> Rules { get; } = [];

    /// <summary>
    /// What applies to an exception that no rule names. Null (the default) makes it permanent: what is not known to
    /// pass
    /// is not tried again.
    /// </summary>
    public Backoff? Otherwise { get; set; }
}

/// <summary>One rule: exceptions of a type, optionally narrowed by a predicate, are of a kind.</summary>
public sealed class RetryRule
{
    /// <summary>Creates a rule.</summary>
    /// <param name="exceptionType">The exception type; derived types match too.</param>
    /// <param name="kind">What matching exceptions are.</param>
    /// <param name="predicate">Narrows the rule; null matches every exception of the type.</param>
    /// <param name="backoff">The waits of a transient rule; ignored for the other kinds.</param>
    /// <exception cref="ArgumentException">The type is not an exception, or a transient rule has no
    /// backoff.</exception>
    public RetryRule(
        Type exceptionType, FailureKind kind, Func<Exception, bool>? predicate = null, Backoff? backoff = null)
    {
        ArgumentNullException.ThrowIfNull(exceptionType);
        if (!typeof(Exception).IsAssignableFrom(exceptionType))
        {
            throw new ArgumentException($"{exceptionType} is not an exception type.", nameof(exceptionType));
        }

        if (kind == FailureKind.Transient && backoff is null)
        {
            throw new ArgumentException(
                $"The transient rule for {exceptionType.Name} needs a backoff, such as Backoff.Exponential(...).",
                nameof(backoff));
        }

        ExceptionType = exceptionType;
        Kind = kind;
        Predicate = predicate;
        Backoff = kind == FailureKind.Transient ? backoff! : Backoff.None;
        for (var type = exceptionType; type != typeof(Exception) && type is not null; type = type.BaseType)
        {
            Depth++;
        }
    }

    /// <summary>The exception type; derived types match too.</summary>
    public Type ExceptionType { get; }

    /// <summary>What matching exceptions are.</summary>
    public FailureKind Kind { get; }

    /// <summary>Narrows the rule; null matches every exception of the type.</summary>
    public Func<Exception, bool>? Predicate { get; }

    /// <summary>
    /// The waits of a transient rule; <see cref="Backoff.None"/> for the other kinds. Configuration may replace it.
    /// </summary>
    public Backoff Backoff { get; set; }

    /// <summary>How far the type is from <see cref="Exception"/>: a higher number is a more specific rule.</summary>
    internal int Depth { get; }

    internal bool Matches(Exception exception) =>
        ExceptionType.IsInstanceOfType(exception) && (Predicate is null || Predicate(exception));
}
