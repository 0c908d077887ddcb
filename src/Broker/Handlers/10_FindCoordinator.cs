using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>FindCoordinator 0-6. The one node coordinates all groups (0) and transactional ids (1). 4: several keys at
/// once (KIP-699).</summary>
sealed class FindCoordinator(BrokerState state)
    : RequestHandler<FindCoordinatorRequest, FindCoordinatorResponse>(min: 0, max: 6)
{
    const sbyte Groups = 0;
    const sbyte Transactions = 1;

    protected override ValueTask<FindCoordinatorResponse?> HandleAsync(
        FindCoordinatorRequest request, RequestContext context)
    {
        var error = request.KeyType is Groups or Transactions ? ErrorCode.None : ErrorCode.InvalidRequest;
        var message = error == ErrorCode.None ? null : $"Coordinator type {request.KeyType} is not served.";
        var node = error == ErrorCode.None ? state.NodeId : -1;
        var host = error == ErrorCode.None ? context.Advertised.Host : "";
        var port = error == ErrorCode.None ? context.Advertised.Port : -1;
        var response = new FindCoordinatorResponse();
        if (context.Version < 4)
        {
            response.ErrorCode = error;
            response.ErrorMessage = context.Version == 0 ? null : message;
            response.NodeId = node;
            response.Host = host;
            response.Port = port;
            return new ValueTask<FindCoordinatorResponse?>(response);
        }

        foreach (var key in request.CoordinatorKeys)
        {
            response.Coordinators.Add(new FindCoordinatorResponse.Coordinator
            {
                Key = key,
                ErrorCode = error,
                ErrorMessage = message,
                NodeId = node,
                Host = host,
                Port = port,
            });
        }

        return new ValueTask<FindCoordinatorResponse?>(response);
    }
}
