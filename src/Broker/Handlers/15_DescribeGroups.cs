using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>DescribeGroups 0-6. A group that is not known is Dead; from 6 on also GROUP_ID_NOT_FOUND.</summary>
sealed class DescribeGroups(BrokerState state)
    : RequestHandler<DescribeGroupsRequest, DescribeGroupsResponse>(min: 0, max: 6)
{
    protected override async ValueTask<DescribeGroupsResponse?> HandleAsync(
        DescribeGroupsRequest request, RequestContext context)
    {
        var response = await state.Groups.CallAsync<DescribeGroupsResponse>(
            (groups, _, step, reply) =>
            {
                var answer = new DescribeGroupsResponse();
                foreach (var group in request.Groups) answer.Groups.Add(groups.Describe(group, context.Version));
                step.Reply(reply, answer);
            },
            error => Failed(request, error),
            context.Closed).ConfigureAwait(false);
        if (request.IncludeAuthorizedOperations)
        {
            foreach (var group in response.Groups)
            {
                if (group.ErrorCode == ErrorCode.None) group.AuthorizedOperations = AuthorizedOperations.OfGroup;
            }
        }

        return response;
    }

    static DescribeGroupsResponse Failed(DescribeGroupsRequest request, ErrorCode error)
    {
        var response = new DescribeGroupsResponse();
        foreach (var group in request.Groups)
            response.Groups.Add(new DescribeGroupsResponse.DescribedGroup { GroupId = group, ErrorCode = error });
        return response;
    }
}
