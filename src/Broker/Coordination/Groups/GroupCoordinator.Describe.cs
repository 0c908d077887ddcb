using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Coordination.Groups;

sealed partial class GroupCoordinator
{
    /// <summary>One group of DescribeGroups. What is unknown is Dead; from version 6 also an error.</summary>
    public DescribeGroupsResponse.DescribedGroup Describe(string groupId, short version)
    {
        var answer = new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = groupId,
            GroupState = nameof(GroupState.Dead),
        };
        if (groupId.Length == 0)
        {
            answer.ErrorCode = ErrorCode.InvalidGroupId;
            return answer;
        }

        if (Find(groupId) is not { } group)
        {
            if (version < 6) return answer;
            answer.ErrorCode = ErrorCode.GroupIdNotFound;
            answer.ErrorMessage = $"Group {groupId} not found.";
            return answer;
        }

        answer.GroupState = group.State.ToString();
        answer.ProtocolType = group.ProtocolType ?? "";
        var isStable = group.State == GroupState.Stable;
        if (isStable) answer.ProtocolData = group.ProtocolName ?? "";
        foreach (var member in group.Members.Values)
        {
            answer.Members.Add(new DescribeGroupsResponse.DescribedGroupMember
            {
                MemberId = member.MemberId,
                GroupInstanceId = member.InstanceId,
                ClientId = member.ClientId,
                ClientHost = member.ClientHost,
                MemberMetadata = isStable ? member.MetadataOf(group.ProtocolName) ?? [] : [],
                MemberAssignment = isStable ? member.Assignment : [],
            });
        }

        return answer;
    }

    /// <summary>ListGroups. An empty filter lets all through; names are compared without regard to case.</summary>
    public ListGroupsResponse List(List<string> states, List<string> types, short version)
    {
        var response = new ListGroupsResponse();
        HashSet<string> wanted = new(states, StringComparer.OrdinalIgnoreCase);
        if (types.Count > 0 && !types.Contains("classic", StringComparer.OrdinalIgnoreCase)) return response;
        foreach (var group in _groups.Values)
        {
            var state = group.State.ToString();
            if (wanted.Count > 0 && !wanted.Contains(state)) continue;
            response.Groups.Add(new ListGroupsResponse.ListedGroup
            {
                GroupId = group.Id,
                ProtocolType = group.ProtocolType ?? "",
                GroupState = version >= 4 ? state : "",
                GroupType = version >= 5 ? "classic" : "",
            });
        }

        return response;
    }
}
