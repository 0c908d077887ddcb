using Microsoft.Extensions.DependencyInjection;
using Millrace.Processing.Serialization;

namespace Millrace.Processing.Handling;

/// <summary>A handler as it was registered: known before there is a service provider.</summary>
abstract class HandlerDefinition(string topic, string name)
{
    public string Topic { get; } = topic;

    public string Name { get; } = name;

    /// <summary>Reports what is wrong with it. Makes no service.</summary>
    public abstract void Check(BindContext context);

    /// <summary>
    /// Makes the handler ready to run, singletons included. Call after <see cref="Check"/> found nothing.
    /// </summary>
    public abstract TopicHandler Bind(BindContext context);
}

/// <summary>What binding needs, and where it reports.</summary>
sealed class BindContext(
    IServiceProvider root, ServiceLifetimes lifetimes, SerializationOptions serialization, List<string> problems)
{
    public IServiceProvider Root { get; } = root;

    public ServiceLifetimes Lifetimes { get; } = lifetimes;

    public SerializationOptions Serialization { get; } = serialization;

    public void Report(HandlerDefinition handler, string problem) =>
        problems.Add($"The handler {handler.Name} of topic '{handler.Topic}': {problem}.");

    public void CheckDeserializer<T>(HandlerDefinition handler)
    {
        if (Serialization.For<T>(Root, out var problem) is null)
        {
            Report(handler, problem!);
        }
    }

    public IValueDeserializer<T> Deserializer<T>() =>
        Serialization.For<T>(Root, out var problem) ?? throw new InvalidOperationException(problem);
}

/// <summary>A handler given as a delegate with parameters to bind.</summary>
sealed class DelegateHandler<T>(string topic, Delegate handler) : HandlerDefinition(topic, $"{typeof(T).Name}@{topic}")
{
    public override void Check(BindContext context)
    {
        if (HandlerBinder.Problem<T>(handler) is { } problem)
        {
            context.Report(this, "it " + problem);
            return;
        }

        foreach (var service in HandlerBinder.Services<T>(handler).Where(one => !context.Lifetimes.IsKnown(one)))
        {
            context.Report(
                this, $"its parameter '{service.Name}' of type {service.Type.Name} is not of the record and not a "
                + "registered service; register it, or take the value, RecordInfo or CancellationToken");
        }

        context.CheckDeserializer<T>(this);
    }

    public override TopicHandler Bind(BindContext context)
    {
        var needsScope = HandlerBinder.Services<T>(handler).Any(service => !context.Lifetimes.IsSingleton(service));
        var invoker = HandlerBinder.Compile<T>(handler, context.Lifetimes.Singleton);
        return new TopicHandler<T>(
            Topic, Name, context.Deserializer<T>(), invoker, context.Root, needsScope,
            HandlerBinder.TakesNull<T>(handler));
    }
}

/// <summary>A handler whose delegate has the parameters that the pipeline passes: nothing to bind.</summary>
sealed class DirectHandler<T>(string topic, Delegate original, Invoker<T> invoker)
    : HandlerDefinition(topic, $"{typeof(T).Name}@{topic}")
{
    public override void Check(BindContext context) => context.CheckDeserializer<T>(this);

    public override TopicHandler Bind(BindContext context) => new TopicHandler<T>(
        Topic, Name, context.Deserializer<T>(), invoker, context.Root, false, HandlerBinder.TakesNull<T>(original));
}

/// <summary>A handler that is a class.</summary>
sealed class ClassHandler<THandler, T>(string topic, bool takesNull) : HandlerDefinition(topic, typeof(THandler).Name)
    where THandler : class, IHandle<T>
{
    static readonly ServiceParameter Service = new("handler", typeof(THandler), false, null);

    public override void Check(BindContext context) => context.CheckDeserializer<T>(this);

    public override TopicHandler Bind(BindContext context)
    {
        var single = context.Lifetimes.Singleton(Service) as THandler;
        Invoker<T> invoker = single is null
            ? static (value, record, services, cancellation) =>
                services.GetRequiredService<THandler>().HandleAsync(value, record, cancellation)
            : (value, record, _, cancellation) => single.HandleAsync(value, record, cancellation);
        return new TopicHandler<T>(
            Topic, Name, context.Deserializer<T>(), invoker, context.Root, single is null, takesNull);
    }
}
