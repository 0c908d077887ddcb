using System.Globalization;
using Millrace.Broker.Server;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Broker.Handlers;

/// <summary>DescribeConfigs 1-4, for topics and the broker: every setting with value, type, default, source and
/// synonyms, because clients change settings by reading all of them first. 3: type and documentation.</summary>
sealed class DescribeConfigs(BrokerState state)
    : RequestHandler<DescribeConfigsRequest, DescribeConfigsResponse>(min: 1, max: 4)
{
    const sbyte Topic = 2;
    const sbyte Broker = 4;

    protected override ValueTask<DescribeConfigsResponse?> HandleAsync(
        DescribeConfigsRequest request, RequestContext context)
    {
        var response = new DescribeConfigsResponse();
        foreach (var resource in request.Resources)
        {
            var result = new DescribeConfigsResponse.DescribeConfigsResult
            {
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            };
            foreach (var value in Values(resource, context, result))
            {
                if (resource.ConfigurationKeys is { } keys && !keys.Contains(value.Name)) continue;
                result.Configs.Add(Describe(value, resource.ResourceType == Broker, request));
            }

            response.Results.Add(result);
        }

        return new ValueTask<DescribeConfigsResponse?>(response);
    }

    IEnumerable<ConfigValue> Values(
        DescribeConfigsRequest.DescribeConfigsResource resource,
        RequestContext context,
        DescribeConfigsResponse.DescribeConfigsResult result)
    {
        switch (resource.ResourceType)
        {
            case Topic:
                if (state.Topics.Find(resource.ResourceName) is { } topic)
                    return ConfigValues.OfTopic(state.Options, topic.Settings);
                result.ErrorCode = ErrorCode.UnknownTopicOrPartition;
                result.ErrorMessage = $"Topic '{resource.ResourceName}' does not exist.";
                return [];
            case Broker:
                // The empty name asks for what was changed at run time for all brokers: nothing can be.
                if (resource.ResourceName.Length == 0) return [];
                if (resource.ResourceName == state.NodeId.ToString(CultureInfo.InvariantCulture))
                    return ConfigValues.OfBroker(state, context.Advertised.ToString());
                result.ErrorCode = ErrorCode.InvalidRequest;
                result.ErrorMessage = $"This is broker {state.NodeId}, not '{resource.ResourceName}'.";
                return [];
            default:
                result.ErrorCode = ErrorCode.InvalidRequest;
                result.ErrorMessage = $"Settings of resource type {resource.ResourceType} are not served.";
                return [];
        }
    }

    static DescribeConfigsResponse.DescribeConfigsResourceResult Describe(
        in ConfigValue value, bool isBroker, DescribeConfigsRequest request)
    {
        var answer = new DescribeConfigsResponse.DescribeConfigsResourceResult
        {
            Name = value.Name,
            Value = value.Value,
            ReadOnly = isBroker,
            ConfigSource = (sbyte)value.Source,
            ConfigType = (sbyte)value.Type,
            Documentation = request.IncludeDocumentation ? value.Doc : null,
        };
        if (!request.IncludeSynonyms) return answer;
        foreach (var (name, text, source) in value.Synonyms)
        {
            answer.Synonyms.Add(new DescribeConfigsResponse.DescribeConfigsSynonym
            {
                Name = name,
                Value = text,
                Source = (sbyte)source,
            });
        }

        return answer;
    }
}
