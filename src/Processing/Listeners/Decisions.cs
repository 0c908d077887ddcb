using Millrace.Protocol;

namespace Millrace.Processing.Listeners;

/// <summary>What the core wants done by its loop; one object, refilled by every tick.</summary>
sealed class Decisions
{
    public List<TopicPartition> Pauses { get; } = [];

    public List<TopicPartition> Resumes { get; } = [];

    /// <summary>Commits to send, each answered by <see cref="ListenerCore.OnCommitAnswered"/>.</summary>
    public List<CommitRequest> Commits { get; } = [];

    /// <summary>The announced revocation is drained and committed: acknowledge it to the port.</summary>
    public bool AcknowledgeRevocation { get; set; }

    /// <summary>The shutdown's drain is over: close.</summary>
    public bool IsStopped { get; set; }

    public void Clear()
    {
        Pauses.Clear();
        Resumes.Clear();
        Commits.Clear();
        AcknowledgeRevocation = false;
        IsStopped = false;
    }
}

/// <summary>One commit on its way: the partitions, and the leases that they belong to.</summary>
sealed class CommitRequest
{
    public List<OffsetCommit> Offsets { get; } = [];

    public List<Lease> Leases { get; } = [];

    /// <summary>The tracker's version that each commit shows.</summary>
    public List<long> Versions { get; } = [];

    /// <summary>True for the last commit of a drain.</summary>
    public bool IsFinal { get; init; }
}
