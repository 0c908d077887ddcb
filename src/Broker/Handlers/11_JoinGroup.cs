using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Server;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>JoinGroup 0-9. 4: MEMBER_ID_REQUIRED (KIP-394). 5: static members (KIP-345). 9: a static leader may skip
/// the assignment (KIP-814).</summary>
sealed class JoinGroup(BrokerState state) : RequestHandler<JoinGroupRequest, JoinGroupResponse>(min: 0, max: 9)
{
    protected override async ValueTask<JoinGroupResponse?> HandleAsync(JoinGroupRequest request, RequestContext context)
    {
        var caller = GroupCallers.Of(context);
        return await state.Groups.CallAsync<JoinGroupResponse>(
            (groups, now, step, reply) => groups.Join(request, caller, reply, now, step),
            error => GroupCoordinator.JoinError(request.MemberId, error),
            context.Closed).ConfigureAwait(false);
    }
}
