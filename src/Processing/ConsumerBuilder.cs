using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Millrace.Processing.DeadLetters;
using Millrace.Processing.Handling;
using Millrace.Processing.Hosting;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;

namespace Millrace.Processing;

/// <summary>
/// Describes one consumer: how parallel, how much at once, what on failure, which handlers. Every value is a default
/// that
/// the configuration may override.
/// </summary>
public sealed class ConsumerBuilder
{
    readonly ConsumerRegistration _registration;
    readonly IServiceCollection _services;

    internal ConsumerBuilder(ConsumerRegistration registration, IServiceCollection services)
    {
        _registration = registration;
        _services = services;
    }

    /// <summary>The consumer group's id.</summary>
    public string GroupId => _registration.GroupId;

    /// <summary>
    /// Different keys side by side, records of one key in offset order. Records without a key run side by side.
    /// </summary>
    /// <param name="concurrency">Handlers that run at once.</param>
    public ConsumerBuilder OrderedByKey(int concurrency) => Set(settings =>
    {
        settings.Order = RecordOrder.ByKey;
        settings.Concurrency = concurrency;
    });

    /// <summary>One record of a partition at a time, in offset order: the default.</summary>
    public ConsumerBuilder OrderedByPartition() => Set(settings => settings.Order = RecordOrder.ByPartition);

    /// <summary>Records side by side in any order.</summary>
    /// <param name="concurrency">Handlers that run at once.</param>
    public ConsumerBuilder Unordered(int concurrency) => Set(settings =>
    {
        settings.Order = RecordOrder.Unordered;
        settings.Concurrency = concurrency;
    });

    /// <summary>How many records may be received and not yet finished; beyond it partitions are paused.</summary>
    /// <param name="max">Records, all partitions together.</param>
    /// <param name="maxBytes">Bytes of those records; null keeps the default of 256 MiB.</param>
    public ConsumerBuilder InFlight(int max, long? maxBytes = null) => Set(settings =>
    {
        settings.MaxInFlight = max;
        settings.MaxInFlightBytes = maxBytes ?? settings.MaxInFlightBytes;
    });

    /// <summary>
    /// Says which exceptions may pass and how long to wait, and which never pass. Without it every exception is
    /// permanent.
    /// </summary>
    /// <param name="rules">Names the exceptions.</param>
    public ConsumerBuilder Retry(Action<RetryBuilder> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        return Set(settings => rules(new RetryBuilder(settings.Retry)));
    }

    /// <summary>
    /// Writes records that cannot be handled to a dead-letter topic: the same partition, key, value and headers, with
    /// headers
    /// that tell the origin and the failure. Without it such a record stops its partition; it is never skipped.
    /// </summary>
    /// <param name="topic">
    /// The topic; null takes <c>TOPIC.DLT</c>. <c>{topic}</c> in it stands for the source topic.
    /// </param>
    /// <param name="configure">The finer settings.</param>
    public ConsumerBuilder DeadLetter(string? topic = null, Action<DeadLetterBuilder>? configure = null) =>
        Set(settings =>
    {
        settings.DeadLetter.Enabled = true;
        settings.DeadLetter.Topic = topic ?? settings.DeadLetter.Topic;
        configure?.Invoke(new DeadLetterBuilder(settings.DeadLetter));
    });

    /// <summary>
    /// Drops records whose handler throws this exception, with a warning in the log. The only way in which a record
    /// is lost.
    /// </summary>
    /// <typeparam name="TException">The exception type; derived types are included.</typeparam>
    /// <param name="predicate">Which of them; null for all.</param>
    public ConsumerBuilder Skip<TException>(Func<TException, bool>? predicate = null)
        where TException : Exception => Set(settings => settings.Retry.Rules.Add(
            new RetryRule(typeof(TException), FailureKind.Skip, RetryBuilder.Untyped(predicate))));

    /// <summary>How often progress is committed. A crash repeats at most that much work.</summary>
    /// <param name="interval">The time between two commits.</param>
    public ConsumerBuilder CommitEvery(TimeSpan interval) => Set(settings => settings.CommitInterval = interval);

    /// <summary>How long a rebalance or a shutdown waits for running handlers before it cancels them.</summary>
    /// <param name="timeout">The wait.</param>
    public ConsumerBuilder DrainTimeout(TimeSpan timeout) => Set(settings => settings.DrainTimeout = timeout);

    /// <summary>
    /// Names this process within the group (static membership, KIP-345): when it comes back under the same name, also
    /// after a crash, it takes its partitions over at once. Each process of the group needs its own name.
    /// </summary>
    /// <param name="instanceId">The name, for example the pod's of a stateful set.</param>
    public ConsumerBuilder Instance(string instanceId)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(instanceId);
        return Set(settings => settings.InstanceId = instanceId);
    }

    /// <summary>How long the group waits for a silent member before others get its partitions.</summary>
    /// <param name="timeout">The wait; brokers accept 6 seconds to 30 minutes by default.</param>
    public ConsumerBuilder SessionTimeout(TimeSpan timeout) => Set(settings => settings.SessionTimeout = timeout);

    /// <summary>Where the group starts when it has no committed offset.</summary>
    /// <param name="from">The oldest record (the default) or the newest.</param>
    public ConsumerBuilder StartFrom(ReadFrom from) => Set(settings => settings.ReadFrom = from);

    /// <summary>Changes any setting; the configuration still overrides it.</summary>
    /// <param name="configure">Changes them.</param>
    public ConsumerBuilder Configure(Action<ConsumerSettings> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return Set(configure);
    }

    /// <summary>
    /// Handles a topic with a lambda or method whose parameters are any of: the value, <see cref="RecordInfo"/>,
    /// <see cref="ConsumeContext{T}"/>, <see cref="CancellationToken"/>, services. It returns <see cref="Task"/>,
    /// <see cref="ValueTask"/> or nothing. Scoped services come from a scope of the record's own.
    /// </summary>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="topic">The topic.</param>
    /// <param name="handler">The handler; compiled to a direct call once, at start.</param>
    public ConsumerBuilder Handle<T>(string topic, Delegate handler)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(handler);
        return Add(new DelegateHandler<T>(topic, handler));
    }

    /// <summary>Handles a topic with a function of the value alone.</summary>
    /// <typeparam name="T">
    /// The value's type; <see cref="ReadOnlyMemory{T}"/> of bytes takes the raw value, borrowed until the handler
    /// returns.
    /// </typeparam>
    /// <param name="topic">The topic.</param>
    /// <param name="handler">The handler.</param>
    public ConsumerBuilder Handle<T>(string topic, Func<T, CancellationToken, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(handler);
        return Add(new DirectHandler<T>(topic, handler, (value, _, _, cancellation) => handler(value, cancellation)));
    }

    /// <summary>Handles a topic with a function of the value and its record.</summary>
    /// <typeparam name="T">
    /// The value's type; <see cref="ReadOnlyMemory{T}"/> of bytes takes the raw value, borrowed until the handler
    /// returns.
    /// </typeparam>
    /// <param name="topic">The topic.</param>
    /// <param name="handler">The handler.</param>
    public ConsumerBuilder Handle<T>(string topic, Func<T, RecordInfo, CancellationToken, ValueTask> handler)
    {
        ArgumentNullException.ThrowIfNull(topic);
        ArgumentNullException.ThrowIfNull(handler);
        return Add(new DirectHandler<T>(
            topic, handler, (value, record, _, cancellation) => handler(value, record, cancellation)));
    }

    /// <summary>
    /// Handles a topic with a class that implements <see cref="IHandle{T}"/>; scoped unless registered otherwise.
    /// </summary>
    /// <typeparam name="THandler">The class.</typeparam>
    /// <typeparam name="T">The value's type.</typeparam>
    /// <param name="topic">The topic.</param>
    public ConsumerBuilder HandleWith<
        [DynamicallyAccessedMembers(
            DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods)] THandler,
        T>(string topic)
        where THandler : class, IHandle<T>
    {
        ArgumentNullException.ThrowIfNull(topic);
        _services.TryAddScoped<THandler>();
        var method = typeof(THandler).GetMethod(
            nameof(IHandle<T>.HandleAsync), [typeof(T), typeof(RecordInfo), typeof(CancellationToken)]);
        var takesNull = method is null ? HandlerBinder.NullableByType<T>()
            : HandlerBinder.TakesNull(method.GetParameters()[0]);
        return Add(new ClassHandler<THandler, T>(topic, takesNull));
    }

    /// <summary>
    /// Handles a topic with a class that implements <see cref="IHandle{T}"/> once; scoped unless registered
    /// otherwise.
    /// </summary>
    /// <typeparam name="THandler">The class.</typeparam>
    /// <param name="topic">The topic.</param>
    /// <exception cref="ArgumentException">The class implements <see cref="IHandle{T}"/> not at all or more than
    /// once.</exception>
    [RequiresDynamicCode("Finds the value's type at run time; HandleWith<THandler, T> names it.")]
    [RequiresUnreferencedCode("Finds the value's type at run time; HandleWith<THandler, T> names it.")]
    public ConsumerBuilder HandleWith<THandler>(string topic)
        where THandler : class
    {
        var types = typeof(THandler).GetInterfaces()
            .Where(type => type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IHandle<>))
            .Select(type => type.GenericTypeArguments[0])
            .ToList();
        if (types.Count != 1)
        {
            var names = string.Join(", ", types.Select(type => type.Name));
            throw new ArgumentException(types.Count == 0
                ? $"{typeof(THandler).Name} does not implement IHandle<T>; implement it for the value "
                    + $"type of '{topic}'."
                : $"{typeof(THandler).Name} implements IHandle<T> for {names}; "
                    + $"say which with HandleWith<{typeof(THandler).Name}, T>(\"{topic}\").");
        }

        var open = typeof(ConsumerBuilder).GetMethods()
            .Single(method => method.Name == nameof(HandleWith) && method.GetGenericArguments().Length == 2);
        return (ConsumerBuilder)open.MakeGenericMethod(typeof(THandler), types[0]).Invoke(
            this, BindingFlags.DoNotWrapExceptions, null, [topic], null)!;
    }

    ConsumerBuilder Add(HandlerDefinition handler)
    {
        _registration.Handlers.Add(handler);
        return this;
    }

    ConsumerBuilder Set(Action<ConsumerSettings> step)
    {
        _registration.Steps.Add(step);
        return this;
    }
}
