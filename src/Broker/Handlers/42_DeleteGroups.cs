using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>DeleteGroups 0-2. Only a group without members goes, with all that it committed (KIP-229).</summary>
sealed class DeleteGroups(BrokerState state)
    : RequestHandler<DeleteGroupsRequest, DeleteGroupsResponse>(min: 0, max: 2)
{
    protected override async ValueTask<DeleteGroupsResponse?> HandleAsync(
        DeleteGroupsRequest request, RequestContext context) =>
        await state.Groups.CallAsync<DeleteGroupsResponse>(
            (groups, _, step, reply) =>
            {
                var response = new DeleteGroupsResponse();
                // The records of one call are replayed at its end: a group that is named twice goes once.
                HashSet<string> deleted = new(StringComparer.Ordinal);
                foreach (var group in request.GroupsNames)
                {
                    var error = deleted.Contains(group) ? ErrorCode.GroupIdNotFound : groups.Delete(group, step);
                    if (error == ErrorCode.None) deleted.Add(group);
                    response.Results.Add(Result(group, error));
                }

                step.Reply(reply, response);
            },
            error => new DeleteGroupsResponse { Results = request.GroupsNames.ConvertAll(g => Result(g, error)) },
            context.Closed).ConfigureAwait(false);

    static DeleteGroupsResponse.DeletableGroupResult Result(string group, ErrorCode error) =>
        new() { GroupId = group, ErrorCode = error };
}
