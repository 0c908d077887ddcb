namespace Millrace.Processing;

/// <summary>
/// How often a failing record is handed to its handler again, and how long it waits in between. The record waits in its
/// lane: nothing of the same key overtakes it, its handler slot is free meanwhile.
/// </summary>
/// <param name="First">The wait after the first failure.</param>
/// <param name="Max">No wait is longer than this, jitter included.</param>
/// <param name="Attempts">How many times the handler is called at most, the first call included.</param>
/// <param name="Factor">Each wait is the one before times this.</param>
/// <param name="Jitter">
/// The share by which a wait is shortened or lengthened at random, from 0 (none) to 1. Without jitter, records that
/// failed
/// together come back together.
/// </param>
public sealed record Backoff(TimeSpan First, TimeSpan Max, int Attempts, double Factor = 2, double Jitter = 0.2)
{
    /// <summary>
    /// The value of <see cref="Attempts"/> that never gives up: the record stays pending until it succeeds.
    /// </summary>
    public const int Forever = int.MaxValue;

    /// <summary>One call and no other.</summary>
    public static Backoff None { get; } = new(TimeSpan.Zero, TimeSpan.Zero, 1, 1, 0);

    /// <summary>
    /// Waits that double: <paramref name="first"/>, twice that, four times that, up to <paramref name="max"/>.
    /// </summary>
    /// <param name="first">The wait after the first failure.</param>
    /// <param name="max">No wait is longer than this.</param>
    /// <param name="attempts">
    /// Calls of the handler at most, the first included; <see cref="Forever"/> never gives up.
    /// </param>
    /// <param name="jitter">The share by which a wait varies at random, from 0 to 1.</param>
    public static Backoff Exponential(TimeSpan first, TimeSpan max, int attempts, double jitter = 0.2) =>
        new(first, max, attempts, 2, jitter);

    /// <summary>The same wait each time.</summary>
    /// <param name="delay">The wait after each failure.</param>
    /// <param name="attempts">
    /// Calls of the handler at most, the first included; <see cref="Forever"/> never gives up.
    /// </param>
    /// <param name="jitter">The share by which a wait is shortened at random, from 0 to 1.</param>
    public static Backoff Fixed(TimeSpan delay, int attempts, double jitter = 0) =>
        new(delay, delay, attempts, 1, jitter);

    /// <summary>
    /// Whether the handler is called again after it failed for the <paramref name="attempt"/>th time.
    /// </summary>
    /// <param name="attempt">The number of the call that failed, from 1.</param>
    public bool AllowsAnother(int attempt) => Attempts == Forever || attempt < Attempts;

    /// <summary>The wait after the <paramref name="attempt"/>th call failed.</summary>
    /// <param name="attempt">The number of the call that failed, from 1.</param>
    /// <param name="sample">A number from 0 up to 1 that places the wait within its jitter; 0.5 is the middle.</param>
    public TimeSpan DelayAfter(int attempt, double sample)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        // In floating point, because the power overflows ticks long before Max cuts it; infinity is cut just as well.
        var ticks = Math.Min(First.Ticks * Math.Pow(Factor, attempt - 1), Max.Ticks);
        var jittered = ticks * (1 - Jitter + (2 * Jitter * sample));
        return TimeSpan.FromTicks((long)Math.Clamp(jittered, 0, Max.Ticks));
    }

    /// <summary>What is wrong with these values, as one sentence, or null.</summary>
    internal string? Problem() =>
        First < TimeSpan.Zero ? $"the first wait is {First}; it must not be negative"
        : Max < First ? $"the longest wait ({Max}) is shorter than the first ({First}); raise Max or lower First"
        : Attempts < 1 ? $"Attempts is {Attempts}; it counts the first call, so it must be at least 1"
        : !(Factor >= 1) ? FormattableString.Invariant($"Factor is {Factor}; it must be at least 1")
        : !(Jitter is >= 0 and <= 1) ? FormattableString.Invariant($"Jitter is {Jitter}; it must lie between 0 and 1")
        : null;
}
