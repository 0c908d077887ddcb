using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Server;

/// <summary>Finds the handler of a request. Anything that Kafka answers with a closed connection throws.</summary>
sealed class RequestRouter
{
    // Keys are small and dense: an array beats a dictionary.
    readonly RequestHandler?[] _handlers;
    readonly IRequestGate? _gate;

    public RequestRouter(IReadOnlyList<RequestHandler> handlers, IRequestGate? gate = null)
    {
        _gate = gate;
        _handlers = new RequestHandler?[handlers.Max(static h => (int)h.Key) + 1];
        foreach (var handler in handlers) _handlers[(int)handler.Key] = handler;
    }

    /// <summary>Reads the header and finds the handler; the reader stands at the rest of the header then.</summary>
    /// <exception cref="WireFormatException">The header does not follow the format.</exception>
    /// <exception cref="CloseConnectionException">Key or version is not served.</exception>
    public RequestHandler Route(ref WireReader reader, out RequestHeader header)
    {
        header = Frame.ReadRequestHeader(ref reader);
        reader.ThrowIfBad("request header");
        var key = (int)header.ApiKey;
        if (key < 0 || key >= _handlers.Length || _handlers[key] is not { } handler)
            throw new CloseConnectionException($"API key {key} is not served");
        if (header.ApiVersion >= handler.Min && header.ApiVersion <= handler.Max) return handler;

        // An ApiVersions of the future must be answered: it is how a newer client learns what to speak.
        if (handler.Key == ApiKey.ApiVersions) return handler;
        throw new CloseConnectionException(
            $"{handler.Key} version {header.ApiVersion} is not served, only {handler.Min} to {handler.Max}");
    }

    /// <summary>Gives a routed request to its handler.</summary>
    /// <param name="handler">What <see cref="Route"/> found.</param>
    /// <param name="body">The request's body.</param>
    /// <param name="context">The rest of the request.</param>
    /// <param name="gate">Null, or completes when the gate has let the request pass or has ended it: requests behind it
    /// on the same connection begin after that, so that a delay does not change their order.</param>
    public ValueTask<IMessage?> HandleAsync(
        RequestHandler handler, ReadOnlyMemory<byte> body, RequestContext context, out Task? gate)
    {
        gate = null;
        if (_gate is null) return HandlePassedAsync(handler, body, context);
        var passed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        gate = passed.Task;
        return Gated();

        async ValueTask<IMessage?> Gated()
        {
            ValueTask<IMessage?> answer;
            try
            {
                if (await _gate.OnRequestAsync(context).ConfigureAwait(false) == GateDecision.Disconnect)
                    throw new CloseConnectionException("a gate asked for it");
                answer = HandlePassedAsync(handler, body, context);
            }
            finally
            {
                passed.SetResult();
            }

            return await answer.ConfigureAwait(false);
        }
    }

    static ValueTask<IMessage?> HandlePassedAsync(
        RequestHandler handler, ReadOnlyMemory<byte> body, RequestContext context) =>
        IsKnown(handler, context.Version)
            ? handler.HandleAsync(body, context)
            : new ValueTask<IMessage?>(UnsupportedVersion(handler));

    /// <summary>The version that the answer is written in: that of the request, but 0 for an ApiVersions that is not
    /// known.</summary>
    public static short AnswerVersion(RequestHandler handler, short version) => IsKnown(handler, version)
        ? version : (short)0;

    static bool IsKnown(RequestHandler handler, short version) => version >= handler.Min && version <= handler.Max;

    // KIP-511: error 35 and the versions of ApiVersions itself, so that the client comes back with one of them.
    static ApiVersionsResponse UnsupportedVersion(RequestHandler handler)
    {
        var response = new ApiVersionsResponse { ErrorCode = ErrorCode.UnsupportedVersion };
        response.ApiKeys.Add(new ApiVersionsResponse.ApiVersion
        {
            ApiKey = (short)handler.Key,
            MinVersion = handler.Min,
            MaxVersion = handler.Max,
        });
        return response;
    }
}
