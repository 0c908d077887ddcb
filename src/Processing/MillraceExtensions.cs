using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Millrace.Processing.Configuration;
using Millrace.Processing.Hosting;

namespace Millrace.Processing;

/// <summary>Where everything begins: adds consumers to an application.</summary>
public static class MillraceExtensions
{
    /// <summary>
    /// Adds a connection to a Kafka cluster. The brokers come from <c>ConnectionStrings:NAME</c>, everything else
    /// from the
    /// configuration section; both are checked when the host starts. Calling it again with the same name goes on with
    /// the
    /// same connection.
    /// </summary>
    /// <param name="builder">The application's builder.</param>
    /// <param name="name">The connection's name.</param>
    /// <param name="section">The configuration section; a second connection needs its own.</param>
    public static MillraceBuilder AddMillrace(
        this IHostApplicationBuilder builder, string name = "kafka", string section = "Millrace")
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(section);
        var registry = RegistryOf(builder.Services);
        var connection = registry.Connections.Find(existing => existing.Name == name);
        if (connection is null)
        {
            connection = new MillraceRegistration(registry, name, section);
            if (registry.Connections.Find(other => other.Section == section) is { } other)
            {
                connection.Problems.Add(
                    $"The configuration section '{section}' belongs to the connection '{other.Name}'; "
                    + "give AddMillrace a section of its own.");
            }

            registry.Connections.Add(connection);
            var application = builder.Environment.ApplicationName;
            var configuration = builder.Configuration;
            builder.Services.AddOptionsWithValidateOnStart<MillraceOptions>(name)
                .Configure(options => connection.Configure(options, configuration, application));
            builder.Services.AddSingleton<IValidateOptions<MillraceOptions>>(new MillraceOptionsValidator(connection));
        }

        return new MillraceBuilder(builder, connection);
    }

    /// <summary>
    /// Adds two health checks: <c>millrace-live</c> (tag <c>live</c>: the consumers' loops run) and
    /// <c>millrace-ready</c> (tag
    /// <c>ready</c>: every consumer has started and no partition is stopped).
    /// </summary>
    /// <param name="builder">The health checks' builder.</param>
    /// <param name="maxLag">Records of lag above which a consumer is degraded; null never is.</param>
    /// <param name="tags">More tags for both checks.</param>
    public static IHealthChecksBuilder AddMillrace(
        this IHealthChecksBuilder builder, long? maxLag = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        string[] more = [.. tags ?? []];
        builder.Add(new HealthCheckRegistration(
            "millrace-live",
            services => new MillraceHealthCheck(services.GetRequiredService<IListeners>(), HealthQuestion.Live, maxLag),
            null,
            ["live", .. more]));
        return builder.Add(new HealthCheckRegistration(
            "millrace-ready",
            services =>
                new MillraceHealthCheck(services.GetRequiredService<IListeners>(), HealthQuestion.Ready, maxLag),
            null,
            ["ready", .. more]));
    }

    static MillraceRegistry RegistryOf(IServiceCollection services)
    {
        foreach (var descriptor in services)
        {
            if (descriptor.ServiceType == typeof(MillraceRegistry))
            {
                return (MillraceRegistry)descriptor.ImplementationInstance!;
            }
        }

        var registry = new MillraceRegistry(services);
        services.AddSingleton(registry);
        services.AddSingleton(provider => new Metrics(provider.GetService<IMeterFactory>()));
        services.AddSingleton<IListeners, ListenerDirectory>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IClusterFactory, KafkaClusterFactory>();
        services.TryAddSingleton<Clusters>();
        return registry;
    }
}
