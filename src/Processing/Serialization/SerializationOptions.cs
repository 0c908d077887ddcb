using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.DependencyInjection;

namespace Millrace.Processing.Serialization;

/// <summary>How values are read: by a deserializer registered for the type, else text, bytes, or JSON.</summary>
sealed class SerializationOptions
{
    readonly Dictionary<Type, object> _custom = [];
    JsonSerializerOptions? _json;

    /// <summary>
    /// The options that <c>UseJson</c> chose; null takes the web defaults with reflection, where that exists.
    /// </summary>
    public JsonSerializerOptions? Json
    {
        get => _json;
        set => _json = value;
    }

    public void Add<T>(IValueDeserializer<T> deserializer) => _custom[typeof(T)] = deserializer;

    /// <summary>The deserializer of a type, or the reason why there is none.</summary>
    public IValueDeserializer<T>? For<T>(IServiceProvider services, out string? problem)
    {
        problem = null;
        if (_custom.TryGetValue(typeof(T), out var custom))
        {
            return (IValueDeserializer<T>)custom;
        }

        if (services.GetService<IValueDeserializer<T>>() is { } registered)
        {
            return registered;
        }

        object? builtIn = typeof(T) == typeof(string) ? new StringDeserializer()
            : typeof(T) == typeof(byte[]) ? new BytesDeserializer()
            : typeof(T) == typeof(ReadOnlyMemory<byte>) ? new RawDeserializer()
            : null;
        if (builtIn is not null)
        {
            return (IValueDeserializer<T>)builtIn;
        }

        try
        {
            return new JsonDeserializer<T>((JsonTypeInfo<T>)(_json ??= Defaults()).GetTypeInfo(typeof(T)));
        }
        catch (Exception exception) when (exception is NotSupportedException or InvalidOperationException)
        {
            problem = $"there is no way to read a value as {typeof(T).Name}: {FirstLine(exception.Message)} "
                + "Name a JsonSerializerContext that knows it with UseJson, or add an IValueDeserializer for it";
            return null;
        }
    }

    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Only where reflection is enabled.")]
    [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "Only where reflection is enabled.")]
    static JsonSerializerOptions Defaults()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            TypeInfoResolver = JsonSerializer.IsReflectionEnabledByDefault
                ? new DefaultJsonTypeInfoResolver()
                : JsonTypeInfoResolver.Combine(),
        };
        options.MakeReadOnly();
        return options;
    }

    static string FirstLine(string text) => text.Split('\n')[0].Trim();
}
