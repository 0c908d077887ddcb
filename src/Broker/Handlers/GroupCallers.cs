using Millrace.Broker.Coordination.Groups;
using Millrace.Broker.Server;

namespace Millrace.Broker.Handlers;

/// <summary>What the coordinator learns of a connection.</summary>
static class GroupCallers
{
    public static GroupCaller Of(RequestContext context) => new(context.ClientId, context.ClientHost, context.Version);
}
