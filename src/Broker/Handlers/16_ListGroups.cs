using Millrace.Broker.Server;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>ListGroups 0-5. 4: filter by state (KIP-518). 5: filter by type (KIP-848).</summary>
sealed class ListGroups(BrokerState state) : RequestHandler<ListGroupsRequest, ListGroupsResponse>(min: 0, max: 5)
{
    protected override async ValueTask<ListGroupsResponse?> HandleAsync(
        ListGroupsRequest request, RequestContext context) =>
        await state.Groups.CallAsync<ListGroupsResponse>(
            (groups, _, step, reply) =>
                step.Reply(reply, groups.List(request.StatesFilter, request.TypesFilter, context.Version)),
            static error => new ListGroupsResponse { ErrorCode = error },
            context.Closed).ConfigureAwait(false);
}
