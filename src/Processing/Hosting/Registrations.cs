using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Processing.Configuration;
using Millrace.Processing.Handling;
using Millrace.Processing.Serialization;

namespace Millrace.Processing.Hosting;

/// <summary>
/// Everything that the code registered, before there is a service provider. One per service collection.
/// </summary>
sealed class MillraceRegistry(IServiceCollection services)
{
    public IServiceCollection Services { get; } = services;

    public List<MillraceRegistration> Connections { get; } = [];

    public IEnumerable<ConsumerRegistration> Consumers => Connections.SelectMany(connection => connection.Consumers);
}

/// <summary>One <c>AddMillrace</c>.</summary>
sealed class MillraceRegistration(MillraceRegistry registry, string name, string section)
{
    public MillraceRegistry Registry { get; } = registry;

    public string Name { get; } = name;

    /// <summary>The configuration section.</summary>
    public string Section { get; } = section;

    /// <summary>
    /// The first connection's consumers have their group id as options name; those of others are told apart.
    /// </summary>
    public bool IsFirst { get; } = registry.Connections.Count == 0;

    public SerializationOptions Serialization { get; } = new();

    public List<ConsumerRegistration> Consumers { get; } = [];

    /// <summary>What is wrong with the registration as a whole.</summary>
    public List<string> Problems { get; } = [];

    public void Configure(MillraceOptions options, IConfiguration configuration, string applicationName)
    {
        options.ClientId ??= applicationName;
        MillraceKeys.Apply(
            options, configuration.GetSection(Section), [.. Consumers.Select(consumer => consumer.GroupId)]);
        // The connection string is what an orchestrator sets, so it wins over the section.
        if (configuration.GetConnectionString(Name) is { Length: > 0 } servers)
        {
            options.BootstrapServers = servers;
        }
    }
}

/// <summary>One <c>Consumer</c> of a connection.</summary>
sealed class ConsumerRegistration(MillraceRegistration connection, string groupId)
{
    public MillraceRegistration Connection { get; } = connection;

    public string GroupId { get; } = groupId;

    /// <summary>The name of this consumer's <see cref="ConsumerSettings"/>.</summary>
    public string OptionsName { get; } = connection.IsFirst ? groupId : $"{connection.Name}/{groupId}";

    public List<HandlerDefinition> Handlers { get; } = [];

    /// <summary>What the code says, in the order it was said.</summary>
    public List<Action<ConsumerSettings>> Steps { get; } = [];

    public IReadOnlyList<string> Topics =>
        [.. Handlers.Select(handler => handler.Topic).Distinct(StringComparer.Ordinal)];

    public BindContext BindContext(IServiceProvider services, List<string> problems) => new(
        services, new ServiceLifetimes(Connection.Registry.Services, services), Connection.Serialization, problems);

    public void Configure(ConsumerSettings settings, IConfiguration configuration)
    {
        foreach (var step in Steps)
        {
            step(settings);
        }

        ConsumerKeys.Apply(
            settings,
            configuration.GetSection(Connection.Section).GetSection(MillraceKeys.Consumers).GetSection(GroupId));
    }
}
