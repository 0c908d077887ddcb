using Microsoft.Extensions.DependencyInjection;

namespace Millrace.Processing.Handling;

/// <summary>
/// Tells which services live as long as the process, so that a handler that asks for nothing else needs no scope.
/// Reads the
/// registrations, because a built provider no longer says.
/// </summary>
sealed class ServiceLifetimes(IServiceCollection services, IServiceProvider root)
{
    /// <summary>Whether the provider can make the service.</summary>
    public bool IsKnown(ServiceParameter parameter) =>
        parameter.IsKeyed
            ? root.GetService<IServiceProviderIsKeyedService>()?.IsKeyedService(parameter.Type, parameter.Key) ?? true
            : root.GetService<IServiceProviderIsService>()?.IsService(parameter.Type) ?? true;

    /// <summary>
    /// Whether the service is a singleton. What is not plainly one counts as scoped: that is always right.
    /// </summary>
    public bool IsSingleton(ServiceParameter parameter) => Find(parameter)?.Lifetime == ServiceLifetime.Singleton;

    /// <summary>The instance of a singleton; null for every other service.</summary>
    public object? Singleton(ServiceParameter parameter) =>
        !IsSingleton(parameter) ? null
        : parameter.IsKeyed ? root.GetRequiredKeyedService(parameter.Type, parameter.Key)
        : root.GetRequiredService(parameter.Type);

    // The last registration wins, and a closed one before an open one, as in the provider.
    ServiceDescriptor? Find(ServiceParameter parameter)
    {
        var open = parameter.Type.IsConstructedGenericType ? parameter.Type.GetGenericTypeDefinition() : null;
        return Last(parameter.Type, parameter) ?? (open is null ? null : Last(open, parameter));
    }

    ServiceDescriptor? Last(Type type, ServiceParameter parameter)
    {
        for (var i = services.Count - 1; i >= 0; i--)
        {
            var descriptor = services[i];
            if (descriptor.ServiceType == type && descriptor.IsKeyedService == parameter.IsKeyed
                && (!parameter.IsKeyed || Equals(descriptor.ServiceKey, parameter.Key)))
            {
                return descriptor;
            }
        }

        return null;
    }
}
