using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Net;

/// <summary>Which versions the broker at the other end of one connection speaks. Negotiated per connection, because a
/// broker may have been upgraded since the last one.</summary>
sealed class ApiVersionTable
{
    // Keys above this are none that this client could send; the limit keeps a hostile answer from growing the table.
    const int MaxKey = 256;

    readonly (short Min, short Max)[] _ranges = new (short, short)[MaxKey];
    readonly Dictionary<string, short> _features = [];

    public ApiVersionTable(ApiVersionsResponse? response)
    {
        Array.Fill(_ranges, (Min: (short)0, Max: (short)-1));
        if (response is null)
        {
            return;
        }
        foreach (var api in response.ApiKeys)
        {
            int key = api.ApiKey;
            if (key is >= 0 and < MaxKey)
            {
                _ranges[key] = (api.MinVersion, api.MaxVersion);
            }
        }
        foreach (var feature in response.FinalizedFeatures)
        {
            _features[feature.Name] = feature.MaxVersionLevel;
        }
    }

    /// <summary>The broker offers the request type in some version.</summary>
    public bool Offers(ApiKey key) => _ranges[(int)key].Max >= 0;

    /// <summary>The level of a finalized feature (KIP-584), 0 if unknown.</summary>
    public short Feature(string name) => _features.GetValueOrDefault(name);

    /// <summary>The highest version that both ends speak, at most <paramref name="cap"/>; -1 if there is
    /// none.</summary>
    public short TryChoose(ApiKey key, short min, short max, short cap)
    {
        var (low, high) = _ranges[(int)key];
        var chosen = Math.Min(Math.Min(max, cap), high);
        return chosen >= Math.Max(min, low) ? chosen : (short)-1;
    }

    /// <summary>The highest version that both ends speak, at most <paramref name="cap"/>.</summary>
    /// <exception cref="KafkaServerException">There is none.</exception>
    public short Choose<TRequest, TResponse>(short cap, string broker)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var chosen = TryChoose(TRequest.ApiKey, TRequest.MinVersion, TRequest.MaxVersion, cap);
        if (chosen >= 0)
        {
            return chosen;
        }
        var (low, high) = _ranges[(int)TRequest.ApiKey];
        throw new KafkaServerException(ErrorCode.UnsupportedVersion, high < 0
            ? $"the broker {broker} does not offer {TRequest.ApiKey}; it is too old, or it is not a full Kafka broker."
            : $"the broker {broker} speaks {TRequest.ApiKey} versions {low} to {high}, this client "
              + $"{TRequest.MinVersion} to {Math.Min(TRequest.MaxVersion, cap)}.");
    }
}
