using Millrace.Broker.Log;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Handlers;

/// <summary>
/// Produce 3-13. Exactly one batch of format 2 per partition; all of a request's batches are appended before it waits
/// for any flush.
/// <list type="bullet">
/// <item>0-2 are advertised and not served: librdkafka before 2.11 stops compressing when they are missing
/// (KAFKA-18659).</item>
/// <item>7: zstd. 8: errors per record (KIP-467). 13: topics by id.</item>
/// </list>
/// </summary>
sealed class Produce(BrokerState state)
    : RequestHandler<ProduceRequest, ProduceResponse>(min: 3, max: 13, advertisedMin: 0)
{
    const short AcksAll = -1;

    protected override ValueTask<ProduceResponse?> HandleAsync(ProduceRequest request, RequestContext context)
    {
        var response = new ProduceResponse();
        List<(ProduceResponse.PartitionProduceResponse Answer, ValueTask<ErrorCode> Durable)>? waits = null;
        var failed = ErrorCode.None;
        var nowMs = state.NowMs;
        foreach (var topic in request.TopicData)
        {
            var entry = state.Find(topic.Name, topic.TopicId, byId: context.Version >= 13);
            var answers = new ProduceResponse.TopicProduceResponse { Name = topic.Name, TopicId = topic.TopicId };
            response.Responses.Add(answers);
            foreach (var data in topic.PartitionData)
            {
                var answer = Append(request, entry, data, context.Version, nowMs, out var log, out var endOffset);
                answers.PartitionResponses.Add(answer);
                if (answer.ErrorCode != ErrorCode.None) failed = answer.ErrorCode;
                if (log is null || request.Acks != AcksAll) continue;
                var durable = log.WhenDurable(endOffset);
                if (durable.IsCompletedSuccessfully) Finish(answer, durable.Result);
                else (waits ??= []).Add((answer, durable));
            }
        }

        if (request.Acks == 0)
        {
            // There is no answer that could carry the error: the end of the connection is how the client hears of it.
            if (failed != ErrorCode.None) throw new CloseConnectionException($"produce with acks=0 failed: {failed}");
            return new ValueTask<ProduceResponse?>((ProduceResponse?)null);
        }

        return waits is null
            ? new ValueTask<ProduceResponse?>(response)
            : WaitAsync(response, waits, TimeSpan.FromMilliseconds(Math.Max(request.TimeoutMs, 0)));
    }

    async ValueTask<ProduceResponse?> WaitAsync(
        ProduceResponse response,
        List<(ProduceResponse.PartitionProduceResponse Answer, ValueTask<ErrorCode> Durable)> waits,
        TimeSpan timeout)
    {
        var deadline = state.Time.GetTimestamp();
        foreach (var (answer, durable) in waits)
        {
            try
            {
                var left = timeout - state.Time.GetElapsedTime(deadline);
                Finish(answer, durable.IsCompletedSuccessfully
                    ? durable.Result
                    : await durable.AsTask().WaitAsync(left > TimeSpan.Zero
                        ? left : TimeSpan.Zero, state.Time).ConfigureAwait(false));
            }
            catch (TimeoutException)
            {
                Finish(answer, ErrorCode.RequestTimedOut);
            }
        }

        return response;
    }

    static void Finish(ProduceResponse.PartitionProduceResponse answer, ErrorCode error)
    {
        answer.ErrorCode = error;
        if (error != ErrorCode.None) answer.BaseOffset = -1;
    }

    ProduceResponse.PartitionProduceResponse Append(
        ProduceRequest request,
        TopicEntry? topic,
        ProduceRequest.PartitionProduceData data,
        short version,
        long nowMs,
        out PartitionLog? log,
        out long endOffset)
    {
        endOffset = -1;
        log = null;
        var answer = new ProduceResponse.PartitionProduceResponse { Index = data.Index, BaseOffset = -1 };
        var (error, message) = Check(request, topic, data, version);
        if (error == ErrorCode.None) log = state.Open(topic!, data.Index, out error);
        if (log is null)
        {
            answer.ErrorCode = error;
            answer.ErrorMessage = message;
            return answer;
        }

        var records = data.Records!.Value;
        var limit = state.Options.Limits.MaxRequestBytes;
        if (!ProducedRecords.Check(records, log, state.Pool, limit, answer))
        {
            log = null;
            return answer;
        }

        var result = log.Append(records, nowMs);
        answer.ErrorCode = result.Error;
        answer.ErrorMessage = result.Message;
        answer.BaseOffset = result.BaseOffset;
        answer.LogAppendTimeMs = result.AppendTimeMs;
        answer.LogStartOffset = result.LogStartOffset;
        endOffset = result.EndOffset;
        if (result.Error != ErrorCode.None) log = null;
        return answer;
    }

    static (ErrorCode Error, string? Message) Check(
        ProduceRequest request, TopicEntry? topic, ProduceRequest.PartitionProduceData data, short version)
    {
        if (request.Acks is not (0 or 1 or AcksAll))
            return (ErrorCode.InvalidRequiredAcks, $"acks is {request.Acks}; it must be 0, 1 or -1.");
        if (topic is null) return (BrokerState.Unknown(null, version >= 13), null);
        if (BrokerState.IsInternal(topic.Name))
            return (ErrorCode.InvalidTopicException, $"Topic '{topic.Name}' is the broker's own.");
        if (data.Records is not { Length: > 0 } records || !RecordBatchHeader.TryRead(records.Span, out var header))
            return (ErrorCode.InvalidRecord, "Exactly one record batch is expected per partition.");
        if (version < 7 && header.Compression == CompressionType.Zstd)
            return (ErrorCode.UnsupportedCompressionType, "Produce below version 7 does not allow zstd.");
        if (!header.IsTransactional) return default;
        if (request.TransactionalId is null)
            return (ErrorCode.TransactionalIdAuthorizationFailed, "A transactional batch needs a transactional id.");
        return version < 11
            ? (ErrorCode.InvalidTxnState, "The partition was not added to the transaction.")
            : (ErrorCode.TransactionAbortable, "The partition was not added to the transaction.");
    }
}
