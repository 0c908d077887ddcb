using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Server;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>SyncGroup 0-5. 3: static members (KIP-345). 5: protocol type and name are checked (KIP-559).</summary>
sealed class SyncGroup(BrokerState state) : RequestHandler<SyncGroupRequest, SyncGroupResponse>(min: 0, max: 5)
{
    protected override async ValueTask<SyncGroupResponse?> HandleAsync(SyncGroupRequest request, RequestContext context)
    {
        return await state.Groups.CallAsync<SyncGroupResponse>(
            (groups, now, step, reply) => groups.Sync(request, reply, now, step),
            GroupCoordinator.SyncError,
            context.Closed).ConfigureAwait(false);
    }
}
