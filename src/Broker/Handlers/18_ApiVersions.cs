using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>ApiVersions 0-4, made from the table of handlers. 3: the client's software name and version, which must
/// follow Kafka's character rule (KIP-511). An unknown version never comes here: the router answers it in the layout of
/// version 0.</summary>
/// <param name="others">All handlers but this one.</param>
sealed class ApiVersions(IReadOnlyList<RequestHandler> others)
    : RequestHandler<ApiVersionsRequest, ApiVersionsResponse>(min: 0, max: 4)
{
    readonly List<ApiVersionsResponse.ApiVersion> _table = [];

    protected override ValueTask<ApiVersionsResponse?> HandleAsync(ApiVersionsRequest request, RequestContext context)
    {
        var isValid = context.Version < 3
            || (IsName(request.ClientSoftwareName) && IsName(request.ClientSoftwareVersion));
        var response = new ApiVersionsResponse { ErrorCode = isValid ? ErrorCode.None : ErrorCode.InvalidRequest };
        if (isValid) response.ApiKeys = Table();
        return new ValueTask<ApiVersionsResponse?>(response);
    }

    List<ApiVersionsResponse.ApiVersion> Table()
    {
        lock (_table)
        {
            if (_table.Count > 0) return _table;
            foreach (var handler in others.OrderBy(static h => h.Key))
            {
                _table.Add(new ApiVersionsResponse.ApiVersion
                {
                    ApiKey = (short)handler.Key,
                    MinVersion = handler.AdvertisedMin,
                    MaxVersion = handler.Max,
                });
            }

            return _table;
        }
    }

    // [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?
    static bool IsName(string name)
    {
        if (name.Length == 0 || !char.IsAsciiLetterOrDigit(name[0])
            || !char.IsAsciiLetterOrDigit(name[^1])) return false;
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.')) return false;
        }

        return true;
    }
}
