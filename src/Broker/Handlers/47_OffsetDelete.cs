using Millrace.Broker.Server;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>OffsetDelete 0. Offsets of topics that the group's members subscribe to stay (KIP-496).</summary>
sealed class OffsetDelete(BrokerState state)
    : RequestHandler<OffsetDeleteRequest, OffsetDeleteResponse>(min: 0, max: 0)
{
    protected override async ValueTask<OffsetDeleteResponse?> HandleAsync(
        OffsetDeleteRequest request, RequestContext context) =>
        await state.Groups.CallAsync<OffsetDeleteResponse>(
            (groups, _, step, reply) => groups.DeleteOffsets(request, Exists, reply, step),
            static error => new OffsetDeleteResponse { ErrorCode = error },
            context.Closed).ConfigureAwait(false);

    bool Exists(string topic, int partition) =>
        state.Topics.Find(topic) is { } entry && partition >= 0 && partition < entry.Partitions;
}
