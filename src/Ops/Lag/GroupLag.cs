using Millrace.Client.Administration;

namespace Millrace.Ops.Lag;

/// <summary>How far a consumer group is.</summary>
public sealed record GroupLag
{
    /// <summary>The group.</summary>
    public required string GroupId { get; init; }

    /// <summary>Its state as the coordinator names it, for example <c>Stable</c> or <c>Empty</c> (no
    /// members).</summary>
    public string State { get; init; } = "";

    /// <summary><c>classic</c> or <c>consumer</c> (KIP-848); empty if the broker is too old to tell.</summary>
    public string Type { get; init; } = "";

    /// <summary>Its members. Empty for a group of the protocol of KIP-848, whose members are not asked for.</summary>
    public IReadOnlyList<GroupMemberDescription> Members { get; init; } = [];

    /// <summary>The partitions that it committed, that members have, and the others of the same topics; by topic and
    /// number.</summary>
    public IReadOnlyList<PartitionLag> Partitions { get; init; } = [];

    /// <summary>The group keeps the cursor of a replay: its lag is what was not replayed, which need not be a
    /// fault.</summary>
    public bool IsReplay { get; init; }

    /// <summary>Why the group could not be told whole, or null.</summary>
    public string? Error { get; init; }

    /// <summary>The sum of the partitions' lags that are known.</summary>
    public long Lag => Partitions.Sum(static p => p.Lag ?? 0);

    /// <summary>The longest time that a next record has been waiting, in seconds; null if it is known of no partition
    /// with lag.</summary>
    public double? LagSeconds => Lag == 0 ? 0 : Partitions.Where(static p => p.Lag > 0).Max(static p => p.LagSeconds);

    /// <summary>Offsets that were removed before the group read them.</summary>
    public long Lost => Partitions.Sum(static p => p.Lost);

    /// <summary>How many partitions have no known lag.</summary>
    public int Unknown => Partitions.Count(static p => p.Lag is null);
}
