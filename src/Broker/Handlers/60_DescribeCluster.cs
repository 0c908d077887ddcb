using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>DescribeCluster 0-2. 1: which kind of endpoint; only brokers (1) are served (KIP-919).</summary>
sealed class DescribeCluster(BrokerState state)
    : RequestHandler<DescribeClusterRequest, DescribeClusterResponse>(min: 0, max: 2)
{
    const sbyte Brokers = 1;
    const sbyte Controllers = 2;

    protected override ValueTask<DescribeClusterResponse?> HandleAsync(
        DescribeClusterRequest request, RequestContext context)
    {
        var response = new DescribeClusterResponse();
        if (context.Version >= 1 && request.EndpointType != Brokers)
        {
            response.EndpointType = request.EndpointType;
            response.ErrorCode = request.EndpointType == Controllers
                ? ErrorCode.MismatchedEndpointType
                : ErrorCode.UnsupportedEndpointType;
            response.ErrorMessage = "This endpoint serves brokers, not controllers.";
            return new ValueTask<DescribeClusterResponse?>(response);
        }

        response.ClusterId = state.ClusterId;
        response.ControllerId = state.NodeId;
        response.Brokers.Add(new DescribeClusterResponse.DescribeClusterBroker
        {
            BrokerId = state.NodeId,
            Host = context.Advertised.Host,
            Port = context.Advertised.Port,
        });
        if (request.IncludeClusterAuthorizedOperations)
            response.ClusterAuthorizedOperations = AuthorizedOperations.OfCluster;
        return new ValueTask<DescribeClusterResponse?>(response);
    }
}
