namespace Millrace.Ops.Lag;

/// <summary>How much a <see cref="LagReader"/> does to tell the lag in seconds.</summary>
public sealed record LagOptions
{
    /// <summary>Of how many partitions the next record is looked at in one call, those with the largest lag first; of
    /// the others the lag in seconds is null. 200: at one small fetch each some tens of milliseconds; 0 leaves seconds
    /// out.</summary>
    public int MaxTimedPartitions { get; init; } = 200;

    /// <summary>How many groups are asked for at once. 8: enough to hide round trips, too few to bother a
    /// coordinator.</summary>
    public int MaxParallelGroups { get; init; } = 8;

    /// <summary>How long the looking may take altogether; what has not come by then stays null. 3 s, below the patience
    /// of somebody who waits for a page.</summary>
    public TimeSpan TimingTimeout { get; init; } = TimeSpan.FromSeconds(3);

    internal void Validate()
    {
        Check(MaxTimedPartitions is >= 0 and <= 10_000, $"{nameof(MaxTimedPartitions)} must be 0 to 10000.");
        Check(MaxParallelGroups is >= 1 and <= 100, $"{nameof(MaxParallelGroups)} must be 1 to 100.");
        Check(
            TimingTimeout > TimeSpan.Zero && TimingTimeout <= TimeSpan.FromMinutes(1),
            $"{nameof(TimingTimeout)} must be above 0, up to 1 minute.");
    }

    static void Check(bool isGood, string message)
    {
        if (!isGood)
        {
            throw new ArgumentException(message);
        }
    }
}
