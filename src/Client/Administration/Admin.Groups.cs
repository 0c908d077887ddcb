using Millrace.Client.Net;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Administration;

/// <summary>A group in a list.</summary>
/// <param name="GroupId">The group's id.</param>
/// <param name="ProtocolType"><c>consumer</c> for consumer groups; empty for one that holds only offsets.</param>
/// <param name="State">The group's state, for example <c>Stable</c>; empty if the broker is too old to tell.</param>
/// <param name="Type"><c>classic</c>, <c>consumer</c> (KIP-848) or another; empty if the broker is too old to
/// tell.</param>
public sealed record GroupListing(string GroupId, string ProtocolType, string State, string Type);

/// <summary>A group of the classic protocol and its members.</summary>
/// <param name="GroupId">The group's id.</param>
/// <param name="State">Its state, for example <c>Stable</c>, <c>Empty</c> or <c>Dead</c>.</param>
/// <param name="ProtocolType"><c>consumer</c> for consumer groups.</param>
/// <param name="Protocol">The assignor in use.</param>
/// <param name="Members">The members.</param>
/// <param name="Error">Why it could not be described, or null.</param>
public sealed record GroupDescription(
    string GroupId, string State, string ProtocolType, string Protocol, IReadOnlyList<GroupMemberDescription> Members,
        ItemError? Error);

/// <summary>A member of a group.</summary>
/// <param name="MemberId">The id that the coordinator gave it.</param>
/// <param name="InstanceId">Its static id (KIP-345), or null.</param>
/// <param name="ClientId">The client's name.</param>
/// <param name="ClientHost">Where it connects from.</param>
/// <param name="Assigned">The partitions that it has; empty when its protocol is not the consumers'.</param>
public sealed record GroupMemberDescription(
    string MemberId, string? InstanceId, string ClientId, string ClientHost, IReadOnlyList<TopicPartition> Assigned);

/// <summary>Groups.</summary>
public sealed partial class Admin
{
    /// <summary>Lists the groups of all brokers.</summary>
    /// <exception cref="KafkaServerException">A broker refused.</exception>
    /// <exception cref="KafkaConnectionException">A broker did not answer in time: the list would not be
    /// whole.</exception>
    public async ValueTask<IReadOnlyList<GroupListing>> ListGroupsAsync(CancellationToken cancellation = default)
    {
        var view = await _core.Metadata.RefreshAsync(cancellation: cancellation).ConfigureAwait(false);
        var answers = await Task.WhenAll(view.Brokers.Keys.Select(node => _core.RetryAsync(
            ApiKey.ListGroups,
            token => _core.SendToAsync<ListGroupsRequest, ListGroupsResponse>(
                node, ConnectionKind.General, new ListGroupsRequest(), cancellation: token),
            static r => r.ErrorCode, () => _core.Metadata.RequestRefresh(), cancellation).AsTask()))
                .ConfigureAwait(false);
        var groups = new SortedDictionary<string, GroupListing>(StringComparer.Ordinal);
        foreach (var answer in answers)
        {
            if (answer.ErrorCode != ErrorCode.None)
            {
                throw new KafkaServerException(answer.ErrorCode, "the groups could not be listed.");
            }
            foreach (var group in answer.Groups)
            {
                groups[group.GroupId] =
                    new GroupListing(group.GroupId, group.ProtocolType, group.GroupState, group.GroupType);
            }
        }
        return [.. groups.Values];
    }

    /// <summary>Describes groups of the classic protocol, each asked of its coordinator.</summary>
    /// <returns>One description per group, in the order of the call.</returns>
    public async ValueTask<IReadOnlyList<GroupDescription>> DescribeGroupsAsync(
        IEnumerable<string> groups, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(groups);
        return await Task.WhenAll(groups.Select(g => DescribeGroupAsync(g, cancellation))).ConfigureAwait(false);
    }

    async Task<GroupDescription> DescribeGroupAsync(string group, CancellationToken cancellation)
    {
        try
        {
            var response = await _core.SendToCoordinatorAsync<DescribeGroupsRequest, DescribeGroupsResponse>(
                group, new DescribeGroupsRequest { Groups = [group] },
                static r => r.Groups is [var only, ..] ? only.ErrorCode : ErrorCode.UnknownServerError,
                cancellation: cancellation).ConfigureAwait(false);
            return response.Groups is [var answer, ..]
                ? new GroupDescription(
                    group, answer.GroupState, answer.ProtocolType, answer.ProtocolData,
                    [.. answer.Members.Select(m => Describe(m, answer.ProtocolType))],
                        ErrorOf(answer.ErrorCode, answer.ErrorMessage))
                : new GroupDescription(group, "", "", "", [], LeftOut());
        }
        catch (KafkaServerException e)
        {
            return new GroupDescription(group, "", "", "", [], new ItemError(e.Code, e.Message));
        }
    }

    static GroupMemberDescription Describe(DescribeGroupsResponse.DescribedGroupMember member, string protocolType) =>
        new(
        member.MemberId, member.GroupInstanceId, member.ClientId, member.ClientHost,
        protocolType == "consumer" ? AssignmentBytes.Read(member.MemberAssignment) : []);
}
