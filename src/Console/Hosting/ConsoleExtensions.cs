using Millrace.Console.Api;

namespace Millrace.Console.Hosting;

/// <summary>Puts the web console into an ASP.NET Core application.</summary>
/// <example><code>
/// builder.Services.AddMillraceConsole(o => o.BootstrapServers = "127.0.0.1:9092");
/// app.MapMillraceConsole("/kafka");
/// </code></example>
public static class ConsoleExtensions
{
    /// <summary>Registers what the console needs.</summary>
    /// <param name="services">The application's services.</param>
    /// <param name="configure">Sets the options; at least where the cluster is.</param>
    /// <exception cref="ArgumentException">An option is not valid; the message names it.</exception>
    public static IServiceCollection AddMillraceConsole(
        this IServiceCollection services, Action<ConsoleOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new ConsoleOptions();
        configure(options);
        options.Validate();
        services.AddSingleton(provider => new ConsoleService(
            options, provider.GetService<TimeProvider>() ?? TimeProvider.System,
            provider.GetService<ILoggerFactory>()));
        return services;
    }

    /// <summary>Serves the console below a path.</summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="prefix">The path, for example <c>/kafka</c>; <c>/</c> for all of the application.</param>
    /// <returns>All its endpoints, for authorization: <c>.RequireAuthorization("operators")</c>.</returns>
    /// <exception cref="InvalidOperationException"><see cref="AddMillraceConsole"/> was not called.</exception>
    public static IEndpointConventionBuilder MapMillraceConsole(
        this IEndpointRouteBuilder endpoints, string prefix = "/")
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(prefix);
        var service = endpoints.ServiceProvider.GetService<ConsoleService>() ?? throw new InvalidOperationException(
            "The console is not registered: call services.AddMillraceConsole(...) first.");
        var group = endpoints.MapGroup(prefix.TrimEnd('/'));
        ConsoleApi.Map(group, service);
        return group;
    }
}
