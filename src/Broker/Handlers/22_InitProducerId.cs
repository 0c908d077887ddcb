using Millrace.Broker.Server;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>InitProducerId 0-5, for idempotent producers: each call gets an id that was never given out
/// before.</summary>
sealed class InitProducerId(BrokerState state)
    : RequestHandler<InitProducerIdRequest, InitProducerIdResponse>(min: 0, max: 5)
{
    protected override ValueTask<InitProducerIdResponse?> HandleAsync(
        InitProducerIdRequest request, RequestContext context)
    {
        var response = new InitProducerIdResponse { ProducerEpoch = -1 };
        if (request.TransactionalId is not null)
        {
            // Fatal for every client: without the other transaction APIs in ApiVersions a retry cannot help.
            response.ErrorCode = ErrorCode.InvalidRequest;
            return new ValueTask<InitProducerIdResponse?>(response);
        }

        try
        {
            response.ProducerId = state.ProducerIds.Next();
            response.ProducerEpoch = 0;
        }
        catch (StorageException)
        {
            response.ErrorCode = ErrorCode.KafkaStorageError;
        }

        return new ValueTask<InitProducerIdResponse?>(response);
    }
}
