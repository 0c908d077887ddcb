using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Server;

/// <summary>One API key. The handler table lists them; ApiVersions and the router know no other source.</summary>
abstract class RequestHandler
{
    public abstract ApiKey Key { get; }

    /// <summary>The lowest version that ApiVersions lists.</summary>
    public abstract short AdvertisedMin { get; }

    /// <summary>The lowest version that is served; a lower one closes the connection.</summary>
    public abstract short Min { get; }

    public abstract short Max { get; }

    public abstract bool IsFlexible(short version);

    /// <summary>Parses the body and answers it. Runs on the connection's reader up to its first await: what has to
    /// happen in the order of the requests happens there. Null: no answer is sent (acks=0).</summary>
    /// <exception cref="WireFormatException">The body does not follow the format.</exception>
    /// <exception cref="CloseConnectionException">The request has no answer but the end of the connection.</exception>
    public abstract ValueTask<IMessage?> HandleAsync(ReadOnlyMemory<byte> body, RequestContext context);
}

/// <summary>One API key with its message types. The body borrows from the receive buffer until the answer is
/// sent.</summary>
abstract class RequestHandler<TRequest, TResponse>(short min, short max, short? advertisedMin = null) : RequestHandler
    where TRequest : class, IRequest<TResponse>, new()
    where TResponse : class, IMessage, new()
{
    public sealed override ApiKey Key => TRequest.ApiKey;

    public sealed override short AdvertisedMin { get; } = advertisedMin ?? min;

    public sealed override short Min { get; } = min;

    public sealed override short Max { get; } = max;

    public sealed override bool IsFlexible(short version) => version >= TRequest.FirstFlexibleVersion;

    public sealed override ValueTask<IMessage?> HandleAsync(ReadOnlyMemory<byte> body, RequestContext context)
    {
        var request = new TRequest();
        var reader = new WireReader(body);
        request.Read(ref reader, context.Version);
        reader.ThrowIfBad(typeof(TRequest).Name);
        var answer = HandleAsync(request, context);
        return answer.IsCompletedSuccessfully ? new ValueTask<IMessage?>(answer.Result) : Await(answer);

        static async ValueTask<IMessage?> Await(ValueTask<TResponse?> pending) => await pending.ConfigureAwait(false);
    }

    protected abstract ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context);
}
