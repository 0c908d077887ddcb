namespace Millrace.Broker.Log;

/// <summary>When an append counts as safe: what <c>acks=all</c> waits for, and up to where consumers may
/// read.</summary>
public enum FlushMode
{
    /// <summary>Everything is kept in memory; nothing survives the process. For tests.</summary>
    Memory,

    /// <summary>Written to the operating system's cache. Survives the death of the process (kill -9), not a loss of
    /// power. What Apache Kafka does by default, with replicas to make up for it.</summary>
    Os,

    /// <summary>As <see cref="Os"/>, and flushed in the background every so often: a loss of power costs at most that
    /// much.</summary>
    Interval,

    /// <summary>Flushed before it is acknowledged or served; one flush is shared by all who wait. Survives a loss of
    /// power.</summary>
    Group,
}

/// <summary>A <see cref="FlushMode"/> with its interval.</summary>
/// <param name="Mode">The mode.</param>
/// <param name="Interval">For <see cref="FlushMode.Interval"/> alone: how often.</param>
public readonly record struct FlushPolicy(FlushMode Mode, TimeSpan Interval)
{
    /// <summary>See <see cref="FlushMode.Memory"/>.</summary>
    public static FlushPolicy Memory => new(FlushMode.Memory, TimeSpan.Zero);

    /// <summary>See <see cref="FlushMode.Os"/>.</summary>
    public static FlushPolicy Os => new(FlushMode.Os, TimeSpan.Zero);

    /// <summary>See <see cref="FlushMode.Group"/>.</summary>
    public static FlushPolicy Group => new(FlushMode.Group, TimeSpan.Zero);

    /// <summary>See <see cref="FlushMode.Interval"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The interval is not positive.</exception>
    public static FlushPolicy Every(TimeSpan interval)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero);
        return new FlushPolicy(FlushMode.Interval, interval);
    }
}
