namespace Millrace.Client.Groups;

/// <summary>What a member needs to know. Times in milliseconds.</summary>
sealed record GroupSettings
{
    public required string GroupId { get; init; }

    public string? InstanceId { get; init; }

    public int SessionTimeoutMs { get; init; } = 45_000;

    public int HeartbeatIntervalMs { get; init; } = 3_000;

    public int RebalanceTimeoutMs { get; init; } = 300_000;

    /// <summary>First pause after a failure; doubles up to <see cref="MaxRetryBackoffMs"/>.</summary>
    public int RetryBackoffMs { get; init; } = 100;

    public int MaxRetryBackoffMs { get; init; } = 1_000;

    /// <summary>How long above the rebalance timeout a JoinGroup or SyncGroup may take: the coordinator answers when
    /// the last member came, which may be at the very end of it.</summary>
    public int JoinMarginMs { get; init; } = 5_000;

    public IReadOnlyList<PartitionAssignor> Assignors { get; init; } = [PartitionAssignor.CooperativeSticky];

    /// <summary>Partitions are kept while rejoining only if whatever the group picks is cooperative.</summary>
    public bool IsCooperative => Assignors.All(a => a.IsCooperative);
}
