using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Millrace.Processing.Listeners;
using Millrace.Processing.Serialization;

namespace Millrace.Processing.Handling;

/// <summary>One handler of one topic, ready to run: reads the value and calls the user's code.</summary>
abstract class TopicHandler(string topic, string name)
{
    /// <summary>The topic whose records it takes.</summary>
    public string Topic { get; } = topic;

    /// <summary>The handler's name in headers, logs and metrics.</summary>
    public string Name { get; } = name;

    /// <summary>
    /// Runs the handler once. What the user's code throws comes out as it is; a value that cannot be read is handed
    /// over in
    /// <paramref name="unreadable"/> without a throw.
    /// </summary>
    public abstract ValueTask InvokeAsync(
        Delivery delivery, CancellationToken cancellation, out DeserializationException? unreadable);
}

/// <summary>Calls the user's code with a value.</summary>
/// <param name="value">The deserialized value.</param>
/// <param name="record">The record.</param>
/// <param name="services">The record's scope, or the root when the handler asks for singletons alone.</param>
/// <param name="cancellation">Ends the handler.</param>
delegate ValueTask Invoker<in T>(T value, RecordInfo record, IServiceProvider services, CancellationToken cancellation);

/// <summary>A handler of values of one type.</summary>
sealed class TopicHandler<T>(
    string topic,
    string name,
    IValueDeserializer<T> deserializer,
    Invoker<T> invoker,
    IServiceProvider root,
    bool needsScope,
    bool takesTombstones) : TopicHandler(topic, name)
{
    readonly IServiceScopeFactory? _scopes = needsScope ? root.GetRequiredService<IServiceScopeFactory>() : null;

    public override ValueTask InvokeAsync(
        Delivery delivery, CancellationToken cancellation, out DeserializationException? unreadable)
    {
        var record = new RecordInfo(delivery);
        if (!TryRead(delivery, record, out var value, out unreadable))
        {
            return default;
        }

        return _scopes is null
            ? invoker(value, record, root, cancellation)
            : InvokeInScopeAsync(_scopes, value, record, cancellation);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    async ValueTask InvokeInScopeAsync(
        IServiceScopeFactory scopes, T value, RecordInfo record, CancellationToken cancellation)
    {
        var scope = scopes.CreateAsyncScope();
        await using (scope.ConfigureAwait(false))
        {
            await invoker(value, record, scope.ServiceProvider, cancellation).ConfigureAwait(false);
        }
    }

    bool TryRead(Delivery delivery, RecordInfo record, out T value, out DeserializationException? unreadable)
    {
        unreadable = null;
        if (delivery.IsValueNull)
        {
            value = default!;
            unreadable = takesTombstones ? null : Tombstone(delivery);
            return takesTombstones;
        }

        try
        {
            value = deserializer.Deserialize(delivery.Value, record);
            return true;
        }
#pragma warning disable CA1031 // The edge to user code: whatever a deserializer throws means unreadable.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            value = default!;
            unreadable = new DeserializationException(
                $"{delivery.Topic}-{delivery.Partition}@{delivery.Offset}: the value ({delivery.Value.Length} bytes) "
                + $"is not a {typeof(T).Name}: {exception.Message}",
                exception);
            return false;
        }
    }

    static DeserializationException Tombstone(Delivery delivery) => new(
        $"{delivery.Topic}-{delivery.Partition}@{delivery.Offset}: the value is null (a tombstone), "
        + $"and the handler does not take null: declare its parameter as {typeof(T).Name}? to receive tombstones.");
}
