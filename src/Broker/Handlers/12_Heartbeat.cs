using Millrace.Broker.Server;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>Heartbeat 0-4. 3: static members (KIP-345).</summary>
sealed class Heartbeat(BrokerState state) : RequestHandler<HeartbeatRequest, HeartbeatResponse>(min: 0, max: 4)
{
    protected override async ValueTask<HeartbeatResponse?> HandleAsync(HeartbeatRequest request, RequestContext context)
    {
        return await state.Groups.CallAsync<HeartbeatResponse>(
            (groups, now, step, reply) => groups.Heartbeat(request, reply, now, step),
            static error => new HeartbeatResponse { ErrorCode = error },
            context.Closed).ConfigureAwait(false);
    }
}
