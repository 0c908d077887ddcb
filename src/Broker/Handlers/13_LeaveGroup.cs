using Millrace.Broker.Server;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>LeaveGroup 0-5. 3: several members at once, static ones by instance id (KIP-345).</summary>
sealed class LeaveGroup(BrokerState state) : RequestHandler<LeaveGroupRequest, LeaveGroupResponse>(min: 0, max: 5)
{
    protected override async ValueTask<LeaveGroupResponse?> HandleAsync(
        LeaveGroupRequest request, RequestContext context)
    {
        var caller = GroupCallers.Of(context);
        return await state.Groups.CallAsync<LeaveGroupResponse>(
            (groups, now, step, reply) => groups.Leave(request, caller, reply, now, step),
            static error => new LeaveGroupResponse { ErrorCode = error },
            context.Closed).ConfigureAwait(false);
    }
}
