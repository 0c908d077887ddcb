using Millrace.Protocol;

namespace Millrace.Client.Groups;

enum GroupEventKind
{
    /// <summary>New partitions, in addition to those held.</summary>
    Assigned,

    /// <summary>Partitions to give up, until <see cref="GroupMemberCore.AcknowledgeRevocation"/>.</summary>
    Revoking,

    /// <summary>Partitions that may belong to somebody else already.</summary>
    Lost,

    /// <summary>The member stopped for good.</summary>
    Failed,
}

/// <summary>What happened to the assignment, in order.</summary>
/// <param name="Kind">What.</param>
/// <param name="Partitions">Which, sorted.</param>
/// <param name="RevocationId">Of <see cref="GroupEventKind.Revoking"/>: what to acknowledge.</param>
/// <param name="Code">Of <see cref="GroupEventKind.Failed"/>: the error.</param>
/// <param name="Message">Of <see cref="GroupEventKind.Failed"/>: what to tell the user.</param>
sealed record GroupEvent(
    GroupEventKind Kind,
    IReadOnlyList<TopicPartition> Partitions,
    int RevocationId = 0,
    ErrorCode Code = ErrorCode.None,
    string? Message = null);
