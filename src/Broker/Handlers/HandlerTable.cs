using Millrace.Broker.Server;

namespace Millrace.Broker.Handlers;

/// <summary>Every API that is served. What is not in this list does not exist: ApiVersions is made from it.</summary>
static class HandlerTable
{
    public static IReadOnlyList<RequestHandler> Create(BrokerState state)
    {
        List<RequestHandler> handlers =
        [
            new Produce(state),
            new Fetch(state),
            new ListOffsets(state),
            new Metadata(state),
            new OffsetCommit(state),
            new OffsetFetch(state),
            new FindCoordinator(state),
            new JoinGroup(state),
            new Heartbeat(state),
            new LeaveGroup(state),
            new SyncGroup(state),
            new DescribeGroups(state),
            new ListGroups(state),
            new CreateTopics(state),
            new DeleteTopics(state),
            new InitProducerId(state),
            new OffsetForLeaderEpoch(state),
            new DescribeConfigs(state),
            new DeleteGroups(state),
            new OffsetDelete(state),
            new DescribeCluster(state),
        ];
        handlers.Add(new ApiVersions(handlers));
        handlers.Sort(static (a, b) => a.Key.CompareTo(b.Key));
        return handlers;
    }
}
