using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;

namespace Millrace.Processing.Handling;

/// <summary>
/// Turns a delegate with parameters of the user's choice into an <see cref="Invoker{T}"/>: its parameters are matched
/// once,
/// and the call is compiled once. Parameters are the value, the record, its context, the cancellation token, or
/// services.
/// </summary>
static class HandlerBinder
{
    static readonly MethodInfo GetService = ((Func<IServiceProvider, Type, object>)
        ServiceProviderServiceExtensions.GetRequiredService).Method;

    static readonly MethodInfo GetKeyedService = ((Func<IServiceProvider, Type, object?, object>)
        ServiceProviderKeyedServiceExtensions.GetRequiredKeyedService).Method;

    static readonly ConstructorInfo FromTask = typeof(ValueTask).GetConstructor([typeof(Task)])!;

    /// <summary>
    /// What is wrong with the shape of a handler, as the end of a sentence that begins with its name; or null.
    /// </summary>
    public static string? Problem<T>(Delegate handler)
    {
        var method = handler.Method;
        if (method.ReturnType == typeof(void) && method.IsDefined(typeof(AsyncStateMachineAttribute), false))
        {
            return "is async void: its end and its failure could not be seen. Return Task or ValueTask";
        }

        if (!IsTask(method.ReturnType))
        {
            return $"returns {NameOf(method.ReturnType)}; return Task, ValueTask or nothing";
        }

        var values = 0;
        foreach (var parameter in Parameters(handler))
        {
            var type = parameter.ParameterType;
            if (type.IsByRef || type.IsByRefLike || type.IsPointer)
            {
                return $"takes '{parameter.Name}' by reference; take it by value";
            }

            values += type == typeof(T) || type == typeof(ConsumeContext<T>) || type == typeof(RecordInfo) ? 1 : 0;
            if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ConsumeContext<>)
                && type != typeof(ConsumeContext<T>))
            {
                return $"takes ConsumeContext<{type.GenericTypeArguments[0].Name}> but is registered for "
                    + $"{typeof(T).Name}; use ConsumeContext<{typeof(T).Name}>";
            }
        }

        return values == 0
            ? $"takes neither {typeof(T).Name} nor ConsumeContext<{typeof(T).Name}> nor RecordInfo; "
                + "add one as a parameter"
            : null;
    }

    /// <summary>The services among the parameters.</summary>
    public static IEnumerable<ServiceParameter> Services<T>(Delegate handler) =>
        Parameters(handler).Where(parameter => !IsOfRecord<T>(parameter.ParameterType)).Select(ServiceParameter.Of);

    /// <summary>Whether the value's parameter is declared to take null.</summary>
    public static bool TakesNull<T>(Delegate handler)
    {
        var parameter = Parameters(handler).FirstOrDefault(parameter => parameter.ParameterType == typeof(T));
        return parameter is null ? NullableByType<T>() : TakesNull(parameter);
    }

    /// <summary>Whether a parameter is declared to take null.</summary>
    public static bool TakesNull(ParameterInfo parameter) =>
        parameter.ParameterType.IsValueType
            ? Nullable.GetUnderlyingType(parameter.ParameterType) is not null
                || parameter.ParameterType == typeof(ReadOnlyMemory<byte>)
            : new NullabilityInfoContext().Create(parameter).WriteState == NullabilityState.Nullable;

    /// <summary>
    /// Raw bytes show a tombstone as empty, and <see cref="RecordInfo.IsTombstone"/> tells the two apart.
    /// </summary>
    public static bool NullableByType<T>() =>
        typeof(T) == typeof(ReadOnlyMemory<byte>) || Nullable.GetUnderlyingType(typeof(T)) is not null;

    /// <summary>Compiles the call. <paramref name="singleton"/> gives the instance of services that live as long as the
    /// process; they become constants. Others are taken from the record's scope.</summary>
    public static Invoker<T> Compile<T>(Delegate handler, Func<ServiceParameter, object?> singleton)
    {
        var value = Expression.Parameter(typeof(T), "value");
        var record = Expression.Parameter(typeof(RecordInfo), "record");
        var services = Expression.Parameter(typeof(IServiceProvider), "services");
        var cancellation = Expression.Parameter(typeof(CancellationToken), "cancellation");
        var arguments = new List<Expression>();
        foreach (var parameter in Parameters(handler))
        {
            var type = parameter.ParameterType;
            arguments.Add(
                type == typeof(T) ? value
                : type == typeof(RecordInfo) ? record
                : type == typeof(CancellationToken) ? cancellation
                : type == typeof(ConsumeContext<T>)
                    ? Expression.New(ContextConstructor<T>(), value, record, cancellation)
                : Service(ServiceParameter.Of(parameter), services, singleton));
        }

        var call = Expression.Invoke(Expression.Constant(handler, handler.GetType()), arguments);
        return Expression.Lambda<Invoker<T>>(AsValueTask(call), value, record, services, cancellation).Compile();
    }

    static Expression Service(
        ServiceParameter parameter, ParameterExpression services, Func<ServiceParameter, object?> singleton)
    {
        if (singleton(parameter) is { } instance)
        {
            return Expression.Constant(instance, parameter.Type);
        }

        var found = parameter.IsKeyed
            ? Expression.Call(
                GetKeyedService, services, Expression.Constant(parameter.Type),
                Expression.Constant(parameter.Key, typeof(object)))
            : Expression.Call(GetService, services, Expression.Constant(parameter.Type));
        return Expression.Convert(found, parameter.Type);
    }

    static Expression AsValueTask(Expression call) =>
        call.Type == typeof(void) ? Expression.Block(call, Expression.Default(typeof(ValueTask)))
        : call.Type == typeof(ValueTask) ? call
        : Expression.New(FromTask, Expression.Convert(call, typeof(Task)));

    static ConstructorInfo ContextConstructor<T>() => typeof(ConsumeContext<T>).GetConstructor(
        BindingFlags.Instance | BindingFlags.NonPublic, [typeof(T), typeof(RecordInfo), typeof(CancellationToken)])!;

    // Task<T> would throw its result away without a word, so only the plain one is taken.
    static bool IsTask(Type type) => type == typeof(void) || type == typeof(Task) || type == typeof(ValueTask);

    static string NameOf(Type type) =>
        type.IsConstructedGenericType
            ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<"
                + $"{string.Join(", ", type.GenericTypeArguments.Select(NameOf))}>"
            : type.Name;

    static bool IsOfRecord<T>(Type type) =>
        type == typeof(T) || type == typeof(RecordInfo) || type == typeof(ConsumeContext<T>)
            || type == typeof(CancellationToken);

    // The method of a compiled expression or of a closed static delegate has a hidden first parameter; Invoke has not.
    // Names, attributes and nullability are on the method, so it is preferred when the two agree.
    static ParameterInfo[] Parameters(Delegate handler)
    {
        var own = handler.Method.GetParameters();
        var hidden = handler.Method.IsStatic && handler.Target is not null ? 1 : 0;
        return hidden == 0 ? own : own[hidden..];
    }
}

/// <summary>A parameter that comes from dependency injection.</summary>
/// <param name="Name">The parameter's name.</param>
/// <param name="Type">The service's type.</param>
/// <param name="IsKeyed">Whether it is a keyed service.</param>
/// <param name="Key">The key of a keyed service.</param>
readonly record struct ServiceParameter(string Name, Type Type, bool IsKeyed, object? Key)
{
    public static ServiceParameter Of(ParameterInfo parameter)
    {
        var keyed = parameter.GetCustomAttribute<FromKeyedServicesAttribute>();
        return new ServiceParameter(parameter.Name ?? "?", parameter.ParameterType, keyed is not null, keyed?.Key);
    }
}
