using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>ListOffsets 1-11. Special times: -1 the end, -2 the start, -3 the greatest timestamp (7, KIP-734), -4 the
/// start on local disk (8), -5 and -6 concern tiered storage, of which there is none (9, 11).</summary>
sealed class ListOffsets(BrokerState state) : RequestHandler<ListOffsetsRequest, ListOffsetsResponse>(min: 1, max: 11)
{
    const long Latest = -1;
    const long Earliest = -2;
    const long MaxTimestamp = -3;
    const long EarliestLocal = -4;
    const long LatestTiered = -5;
    const long EarliestPendingUpload = -6;

    protected override ValueTask<ListOffsetsResponse?> HandleAsync(ListOffsetsRequest request, RequestContext context)
    {
        var response = new ListOffsetsResponse();
        var isolation = request.IsolationLevel == 1 ? ReadIsolation.LastStable : ReadIsolation.HighWatermark;
        foreach (var topic in request.Topics)
        {
            var answer = new ListOffsetsResponse.ListOffsetsTopicResponse { Name = topic.Name };
            var entry = state.Topics.Find(topic.Name);
            foreach (var partition in topic.Partitions)
                answer.Partitions.Add(Find(entry, partition, isolation, context.Version));
            response.Topics.Add(answer);
        }

        return new ValueTask<ListOffsetsResponse?>(response);
    }

    ListOffsetsResponse.ListOffsetsPartitionResponse Find(
        TopicEntry? topic, ListOffsetsRequest.ListOffsetsPartition partition, ReadIsolation isolation, short version)
    {
        var answer = new ListOffsetsResponse.ListOffsetsPartitionResponse { PartitionIndex = partition.PartitionIndex };
        var error = ErrorCode.UnknownTopicOrPartition;
        var log = topic is null ? null : state.Open(topic, partition.PartitionIndex, out error);
        if (log is not null) error = BrokerState.CheckEpoch(log, partition.CurrentLeaderEpoch);
        if (error == ErrorCode.None) error = CheckVersion(partition.Timestamp, version);
        if (error != ErrorCode.None)
        {
            answer.ErrorCode = error;
            return answer;
        }

        try
        {
            var found = Find(log!, partition.Timestamp, isolation);
            (answer.Timestamp, answer.Offset) = (found.TimestampMs, found.Offset);
            if (version >= 4) answer.LeaderEpoch = found.LeaderEpoch;
        }
        catch (StorageException)
        {
            answer.ErrorCode = ErrorCode.KafkaStorageError;
        }

        return answer;
    }

    static ErrorCode CheckVersion(long timestamp, short version)
    {
        var since = timestamp switch
        {
            >= Earliest => 1,
            MaxTimestamp => 7,
            EarliestLocal => 8,
            LatestTiered => 9,
            EarliestPendingUpload => 11,
            _ => short.MaxValue,
        };
        return version >= since ? ErrorCode.None : ErrorCode.UnsupportedVersion;
    }

    static TimestampedOffset Find(PartitionLog log, long timestamp, ReadIsolation isolation)
    {
        var epoch = Math.Max(log.LeaderEpoch, 0);
        return timestamp switch
        {
            Latest => new TimestampedOffset(-1, log.Bound(isolation), epoch),
            Earliest or EarliestLocal => new TimestampedOffset(-1, log.StartOffset, epoch),
            MaxTimestamp => log.OffsetOfMaxTimestamp(),
            LatestTiered or EarliestPendingUpload => TimestampedOffset.None,
            _ => log.OffsetOfTimestamp(timestamp, isolation),
        };
    }
}
