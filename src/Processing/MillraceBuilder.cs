using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Millrace.Processing.Configuration;
using Millrace.Processing.Hosting;
using Millrace.Processing.Serialization;

namespace Millrace.Processing;

/// <summary>One connection to a Kafka cluster, on which consumers are registered.</summary>
public sealed class MillraceBuilder
{
    readonly IHostApplicationBuilder _host;
    readonly MillraceRegistration _connection;

    internal MillraceBuilder(IHostApplicationBuilder host, MillraceRegistration connection)
    {
        _host = host;
        _connection = connection;
    }

    /// <summary>The connection's name.</summary>
    public string Name => _connection.Name;

    /// <summary>The application's services.</summary>
    public IServiceCollection Services => _host.Services;

    /// <summary>
    /// Reads JSON with a source-generated context, as trimmed and ahead-of-time compiled applications must. The
    /// context's own
    /// options apply.
    /// </summary>
    /// <param name="context">The context that knows every value type, for example <c>ShopJson.Default</c>.</param>
    public MillraceBuilder UseJson(JsonSerializerContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return UseJson(context.Options);
    }

    /// <summary>
    /// Reads JSON with these options. Without this, the web defaults apply: camel case, case-insensitive.
    /// </summary>
    /// <param name="options">The options. They need a <see cref="JsonSerializerOptions.TypeInfoResolver"/>.</param>
    public MillraceBuilder UseJson(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _connection.Serialization.Json = options;
        return this;
    }

    /// <summary>
    /// Reads values of one type with this deserializer. A deserializer registered as a singleton service
    /// <see cref="IValueDeserializer{T}"/> is found as well.
    /// </summary>
    /// <typeparam name="T">The type that handlers take.</typeparam>
    /// <param name="deserializer">Reads the values; used from many threads.</param>
    public MillraceBuilder Deserialize<T>(IValueDeserializer<T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(deserializer);
        _connection.Serialization.Add(deserializer);
        return this;
    }

    /// <summary>Changes the connection's options; has the last word, also over the configuration.</summary>
    /// <param name="configure">Changes them.</param>
    public MillraceBuilder Configure(Action<MillraceOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        _host.Services.Configure(_connection.Name, configure);
        return this;
    }

    /// <summary>
    /// Registers a consumer: one member of a consumer group in this process, with its own order, concurrency and
    /// failure
    /// policy. The section <c>Millrace:Consumers:GROUP</c> overrides what the code says.
    /// </summary>
    /// <param name="groupId">The consumer group's id.</param>
    public ConsumerBuilder Consumer(string groupId)
    {
        ArgumentNullException.ThrowIfNull(groupId);
        if (_connection.Consumers.Exists(existing => existing.GroupId == groupId))
        {
            _connection.Problems.Add(
                $"The consumer '{groupId}' is registered twice; put all its handlers on one registration.");
        }

        var consumer = new ConsumerRegistration(_connection, groupId);
        _connection.Consumers.Add(consumer);
        var configuration = _host.Configuration;
        Services.AddOptionsWithValidateOnStart<ConsumerSettings>(consumer.OptionsName)
            .Configure(settings => consumer.Configure(settings, configuration));
        Services.AddSingleton<IValidateOptions<ConsumerSettings>>(
            provider => new ConsumerSettingsValidator(consumer, provider));
        Services.AddSingleton(provider => new ListenerService(consumer, provider));
        // Not AddHostedService: it takes one service of a type.
        Services.AddSingleton<IHostedService>(
            provider => provider.GetServices<ListenerService>().First(service => service.Registration == consumer));
        return new ConsumerBuilder(consumer, Services);
    }
}
