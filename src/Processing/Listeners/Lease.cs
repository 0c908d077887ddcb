using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>One assignment of one partition. Everything in flight holds its lease by reference: nothing is looked up by
/// partition after dispatch, so a completion for a lease that ended touches garbage only.</summary>
sealed class Lease
{
    public Lease(AssignedPartition assigned, int epoch)
    {
        Partition = assigned.Partition;
        Epoch = epoch;
        FencingEpoch = assigned.Generation >= 0 ? assigned.Generation : epoch;
    }

    public TopicPartition Partition { get; }

    /// <summary>This process's count of assignments: no two leases share one.</summary>
    public int Epoch { get; }

    /// <summary>The group's generation when known, else <see cref="Epoch"/>.</summary>
    public int FencingEpoch { get; }
}
