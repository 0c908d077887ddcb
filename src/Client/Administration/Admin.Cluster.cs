using Millrace.Client.Net;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Administration;

/// <summary>The cluster and its brokers.</summary>
/// <param name="ClusterId">The cluster's id.</param>
/// <param name="ControllerId">Node id of the controller (in a KRaft cluster: of a broker that forwards to it), -1 if
/// unknown.</param>
/// <param name="Brokers">The brokers, by node id.</param>
public sealed record ClusterDescription(string? ClusterId, int ControllerId, IReadOnlyList<BrokerDescription> Brokers);

/// <summary>A broker.</summary>
/// <param name="NodeId">Its node id.</param>
/// <param name="Host">Where clients reach it.</param>
/// <param name="Port">Where clients reach it.</param>
/// <param name="Rack">Its rack, or null.</param>
public sealed record BrokerDescription(int NodeId, string Host, int Port, string? Rack);

/// <summary>What a configuration belongs to; the number is the wire's.</summary>
public enum ConfigResourceType : sbyte
{
    /// <summary>A topic; the name is the topic's.</summary>
    Topic = 2,

    /// <summary>A broker; the name is its node id, or empty for the cluster-wide default.</summary>
    Broker = 4,

    /// <summary>A consumer group; the name is its id.</summary>
    Group = 32,
}

/// <summary>Something that has a configuration.</summary>
/// <param name="Type">What it is.</param>
/// <param name="Name">Which one.</param>
public readonly record struct ConfigResource(ConfigResourceType Type, string Name);

/// <summary>The configuration of one thing.</summary>
/// <param name="Resource">What it belongs to.</param>
/// <param name="Entries">The values by name.</param>
/// <param name="Error">Why it could not be described, or null.</param>
public sealed record ConfigDescription(
    ConfigResource Resource, IReadOnlyDictionary<string, ConfigEntry> Entries, ItemError? Error);

/// <summary>One value of a configuration.</summary>
/// <param name="Value">The value; null if it is secret or unset.</param>
/// <param name="IsDefault">Nobody has set it for this resource, nor dynamically for the broker.</param>
/// <param name="IsReadOnly">It cannot be changed while the broker runs.</param>
/// <param name="IsSensitive">It is secret.</param>
public sealed record ConfigEntry(string? Value, bool IsDefault, bool IsReadOnly, bool IsSensitive);

/// <summary>The cluster, and configurations.</summary>
public sealed partial class Admin
{
    // Where a value comes from, as the wire numbers it: 4 the broker's file, 5 the built-in default. Lower ones are
    // set dynamically.
    const sbyte FirstStaticConfigSource = 4;

    /// <summary>The cluster and its brokers.</summary>
    public async ValueTask<ClusterDescription> DescribeClusterAsync(CancellationToken cancellation = default)
    {
        // Metadata tells all of it, and unlike DescribeCluster (2.8 and later) every broker has it.
        var view = await AskMetadataAsync([], cancellation).ConfigureAwait(false);
        return new ClusterDescription(view.ClusterId, view.ControllerId, [.. view.Brokers.Values
            .OrderBy(static b => b.NodeId)
            .Select(static b => new BrokerDescription(b.NodeId, b.Host, b.Port, b.Rack))]);
    }

    /// <summary>Reads configurations. A broker's is asked of that broker, everything else of any.</summary>
    /// <returns>One description per resource, in the order of the call.</returns>
    public async ValueTask<IReadOnlyList<ConfigDescription>> DescribeConfigsAsync(
        IEnumerable<ConfigResource> resources, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(resources);
        var asked = resources.ToList();
        var results = new Dictionary<ConfigResource, ConfigDescription>();
        foreach (var target in asked.GroupBy(
            static r => r.Type == ConfigResourceType.Broker && r.Name.Length > 0 ? r.Name : null))
        {
            var request = new DescribeConfigsRequest
            {
                Resources = [.. target.Select(static r => new DescribeConfigsRequest.DescribeConfigsResource
                {
                    ResourceType = (sbyte)r.Type,
                    ResourceName = r.Name,
                    ConfigurationKeys = null,
                })],
            };
            foreach (var answer in (
                await AskConfigsAsync(target.Key, request, cancellation).ConfigureAwait(false)).Results)
            {
                var resource = new ConfigResource((ConfigResourceType)answer.ResourceType, answer.ResourceName);
                results[resource] = new ConfigDescription(
                    resource, answer.Configs.ToDictionary(static c => c.Name, Describe),
                        ErrorOf(answer.ErrorCode, answer.ErrorMessage));
            }
        }
        return asked.ConvertAll(r => results.GetValueOrDefault(r)
            ?? new ConfigDescription(r, new Dictionary<string, ConfigEntry>(), LeftOut()));
    }

    ValueTask<DescribeConfigsResponse> AskConfigsAsync(
        string? broker, DescribeConfigsRequest request, CancellationToken cancellation)
    {
        if (broker is null)
        {
            return _core.SendToAnyAsync<DescribeConfigsRequest, DescribeConfigsResponse>(
                request, static _ => ErrorCode.None, cancellation: cancellation);
        }
        if (!int.TryParse(broker, out var node))
        {
            throw new ArgumentException($"'{broker}' is not a broker's node id.");
        }
        return _core.RetryAsync(
            ApiKey.DescribeConfigs,
            token => _core.SendToAsync<DescribeConfigsRequest, DescribeConfigsResponse>(
                node, ConnectionKind.General, request, cancellation: token),
            static _ => ErrorCode.None, () => _core.Metadata.RequestRefresh(), cancellation);
    }

    static ConfigEntry Describe(DescribeConfigsResponse.DescribeConfigsResourceResult config) =>
        new(config.Value, config.ConfigSource >= FirstStaticConfigSource, config.ReadOnly, config.IsSensitive);
}
