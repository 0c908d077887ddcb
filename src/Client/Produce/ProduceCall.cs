using Millrace.Client.Net;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Produce;

/// <summary>One Produce request on its way, with the batches whose bytes it lends.</summary>
sealed class ProduceCall(
    short version, bool expectsResponse, BrokerConnection connection, BrokerSender sender,
        IReadOnlyList<ProduceBatch> batches)
    : PendingRequest(ApiKey.Produce, version, version >= ProduceRequest.FirstFlexibleVersion)
{
    public override bool ExpectsResponse { get; } = expectsResponse;

    public override void OnResponse(SharedBuffer frame)
    {
        var answers = new BatchAnswer[batches.Count];
        Array.Fill(answers, new BatchAnswer(
            ErrorCode.NetworkException, Text: "the answer leaves the batch out", MaybeWritten: true));
        try
        {
            var response = connection.Decode<ProduceResponse>(frame.Memory, this);
            ReadAnswers(response, answers);
        }
        catch (KafkaConnectionException e)
        {
            Array.Fill(answers, new BatchAnswer(ErrorCode.NetworkException, Text: e.Message, MaybeWritten: true));
        }
        finally
        {
            frame.Release();
        }
        sender.OnAnswers(batches, answers);
    }

    public override void OnFailed(KafkaConnectionException error)
    {
        var answers = new BatchAnswer[batches.Count];
        Array.Fill(answers, new BatchAnswer(
            ErrorCode.NetworkException, Text: error.Message, MaybeWritten: error.MaybeProcessed));
        sender.OnAnswers(batches, answers);
    }

    public override void OnWritten() =>
        sender.OnAnswers(batches, new BatchAnswer[batches.Count].Fill(new BatchAnswer(ErrorCode.None)));

    void ReadAnswers(ProduceResponse response, BatchAnswer[] answers)
    {
        var next = 0;
        foreach (var topic in response.Responses)
        {
            foreach (var partition in topic.PartitionResponses)
            {
                // Brokers answer in the order of the request; any other order is searched for.
                var at = next < batches.Count && IsFor(batches[next], topic, partition.Index) ? next
                    : Find(topic, partition.Index);
                if (at < 0)
                {
                    continue;
                }
                next = at + 1;
                answers[at] = new BatchAnswer(
                    partition.ErrorCode, partition.BaseOffset, partition.LogAppendTimeMs, TextOf(partition));
                if (partition.CurrentLeader.LeaderId >= 0)
                {
                    sender.OnLeaderHint(batches[at].Partition, partition.CurrentLeader.LeaderId,
                        partition.CurrentLeader.LeaderEpoch);
                }
            }
        }
    }

    int Find(ProduceResponse.TopicProduceResponse topic, int partition)
    {
        for (var i = 0; i < batches.Count; i++)
        {
            if (IsFor(batches[i], topic, partition))
            {
                return i;
            }
        }
        return -1;
    }

    bool IsFor(ProduceBatch batch, ProduceResponse.TopicProduceResponse topic, int partition) =>
        batch.Partition.Index == partition
        && (Version >= BrokerSender.FirstVersionWithTopicIds
            ? sender.TopicIdOf(batch.Partition.Topic) == topic.TopicId
            : batch.Partition.Topic == topic.Name);

    static string? TextOf(ProduceResponse.PartitionProduceResponse partition) =>
        partition.RecordErrors is [var first, ..]
            ? $"{partition.ErrorMessage} (record {first.BatchIndex} of the batch: {first.BatchIndexErrorMessage})"
            : partition.ErrorMessage;
}

file static class Arrays
{
    public static T[] Fill<T>(this T[] array, T value)
    {
        Array.Fill(array, value);
        return array;
    }
}
