using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>OffsetForLeaderEpoch 2-4: where an epoch ended, from the log's epoch cache (KIP-320).</summary>
sealed class OffsetForLeaderEpoch(BrokerState state)
    : RequestHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>(min: 2, max: 4)
{
    protected override ValueTask<OffsetForLeaderEpochResponse?> HandleAsync(
        OffsetForLeaderEpochRequest request, RequestContext context)
    {
        var response = new OffsetForLeaderEpochResponse();
        foreach (var topic in request.Topics)
        {
            var answer = new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult { Topic = topic.Topic };
            var entry = state.Topics.Find(topic.Topic);
            foreach (var partition in topic.Partitions) answer.Partitions.Add(Find(entry, partition));
            response.Topics.Add(answer);
        }

        return new ValueTask<OffsetForLeaderEpochResponse?>(response);
    }

    OffsetForLeaderEpochResponse.EpochEndOffset Find(
        TopicEntry? topic, OffsetForLeaderEpochRequest.OffsetForLeaderPartition partition)
    {
        var answer = new OffsetForLeaderEpochResponse.EpochEndOffset { Partition = partition.Partition };
        var error = ErrorCode.UnknownTopicOrPartition;
        var log = topic is null ? null : state.Open(topic, partition.Partition, out error);
        if (log is not null) error = BrokerState.CheckEpoch(log, partition.CurrentLeaderEpoch);
        answer.ErrorCode = error;
        if (error == ErrorCode.None)
            (answer.LeaderEpoch, answer.EndOffset) = log!.EndOffsetOfEpoch(partition.LeaderEpoch);
        return answer;
    }
}
