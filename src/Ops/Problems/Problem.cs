namespace Millrace.Ops.Problems;

/// <summary>How bad a problem is.</summary>
public enum Severity
{
    /// <summary>Something is late or waits for a person.</summary>
    Warning,

    /// <summary>Records are lost, or nothing moves.</summary>
    Critical,
}

/// <summary>What a problem is about.</summary>
public enum ProblemSubject
{
    /// <summary>A consumer group.</summary>
    Group,

    /// <summary>A topic.</summary>
    Topic,

    /// <summary>A dead-letter topic.</summary>
    DeadLetters,
}

/// <summary>Something that is wrong.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="Subject">What it is about.</param>
/// <param name="Name">Which one.</param>
/// <param name="Text">What is wrong, with the numbers that tell, in one sentence.</param>
/// <param name="Remedy">What to do about it, in one sentence.</param>
/// <param name="Since">Since when, as far as that is known.</param>
public sealed record Problem(
    Severity Severity, ProblemSubject Subject, string Name, string Text, string Remedy, DateTimeOffset? Since);
