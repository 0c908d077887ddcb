using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Net;

/// <summary>Where each answer keeps its throttle time (KIP-219): the broker has answered already and asks the client to
/// send nothing more on the connection for so many milliseconds.</summary>
static class Throttle
{
    public static int MillisecondsOf(IMessage response) => response switch
    {
        ProduceResponse r => r.ThrottleTimeMs,
        FetchResponse r => r.ThrottleTimeMs,
        ListOffsetsResponse r => r.ThrottleTimeMs,
        MetadataResponse r => r.ThrottleTimeMs,
        OffsetCommitResponse r => r.ThrottleTimeMs,
        OffsetFetchResponse r => r.ThrottleTimeMs,
        FindCoordinatorResponse r => r.ThrottleTimeMs,
        CreateTopicsResponse r => r.ThrottleTimeMs,
        DeleteTopicsResponse r => r.ThrottleTimeMs,
        InitProducerIdResponse r => r.ThrottleTimeMs,
        DescribeConfigsResponse r => r.ThrottleTimeMs,
        DescribeGroupsResponse r => r.ThrottleTimeMs,
        ListGroupsResponse r => r.ThrottleTimeMs,
        DescribeClusterResponse r => r.ThrottleTimeMs,
        // Group membership answers are left out on purpose: a throttle must not delay a heartbeat's deadline.
        _ => 0,
    };
}
