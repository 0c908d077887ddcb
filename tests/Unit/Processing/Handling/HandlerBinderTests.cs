using Microsoft.Extensions.DependencyInjection;
using Millrace.Processing;
using Millrace.Processing.Handling;
using Millrace.Processing.Listeners;
using Millrace.Processing.Serialization;
using Xunit;

namespace Millrace.Unit.Processing.Handling;

public sealed class HandlerBinderTests
{
    readonly ServiceCollection _services = new();
    readonly List<string> _problems = [];
    readonly List<string> _seen = [];

    [Fact]
    public async Task Parameters_come_from_the_record_the_token_and_services_in_any_order()
    {
        _services.AddSingleton(new Single("s"));
        _services.AddScoped<Scoped>();
        using var cancellation = new CancellationTokenSource();
        await Run<Order>(
            async (CancellationToken ct, Scoped scoped, RecordInfo record, Order order, Single single,
                ConsumeContext<Order> context) =>
            {
                await Task.Yield();
                _seen.Add(
                    $"{order.Id} {record.Topic}-{record.Partition}@{record.Offset} {record.KeyText} {single.Name} "
                    + $"{context.Value.Id} {ct == cancellation.Token} {context.Cancellation == ct} "
                    + $"{!scoped.IsDisposed}");
            },
            TestRecords.Record("""{"id":"o1"}"""), cancellation.Token);
        Assert.Equal("o1 orders-3@42 k s o1 True True True", Assert.Single(_seen));
    }

    [Fact]
    public async Task Each_record_has_its_own_scope_that_ends_with_it()
    {
        var scopes = new List<Scoped>();
        _services.AddScoped<Scoped>();
        var handler = Bind<string>((string _, Scoped scoped) => scopes.Add(scoped));
        await Invoke(handler, TestRecords.Record("a"));
        await Invoke(handler, TestRecords.Record("b"));
        Assert.Equal(2, scopes.Distinct().Count());
        Assert.All(scopes, scope => Assert.True(scope.IsDisposed));
    }

    [Fact]
    public async Task Without_scoped_services_there_is_no_scope()
    {
        var factory = new CountingScopes();
        _services.AddSingleton(new Single("s"));
        _services.AddScoped<Scoped>();
        await using var provider = _services.BuildServiceProvider();
        factory.Inner = provider;
        Assert.Equal(0, await Scopes((string _, Single _) => { }));
        Assert.Equal(1, await Scopes((string _, Single _, Scoped _) => { }));

        async Task<int> Scopes(Delegate handler)
        {
            factory.Count = 0;
            var context = new BindContext(
                factory, new ServiceLifetimes(_services, factory), new SerializationOptions(), []);
            await Invoke(new DelegateHandler<string>("orders", handler).Bind(context), TestRecords.Record("a"));
            return factory.Count;
        }
    }

    [Fact]
    public async Task Keyed_services_are_found()
    {
        _services.AddKeyedSingleton("a", new Single("of a"));
        _services.AddKeyedScoped<Scoped>("b");
        await Run<string>(
            (string _, [FromKeyedServices("a")] Single single, [FromKeyedServices("b")] Scoped scoped) =>
                _seen.Add($"{single.Name} {scoped.IsDisposed}"),
            TestRecords.Record("x"));
        Assert.Equal("of a False", Assert.Single(_seen));
    }

    [Fact]
    public async Task Every_task_like_return_is_awaited()
    {
        foreach (var handler in new Delegate[]
        {
            async Task (string value) => { await Task.Yield(); _seen.Add(value); },
            async ValueTask (string value) => { await Task.Yield(); _seen.Add(value); },
            void (string value) => _seen.Add(value),
        })
        {
            await Run<string>(handler, TestRecords.Record("x"));
        }

        Assert.Equal(3, _seen.Count);
    }

    [Fact]
    public async Task What_the_handler_throws_comes_out_as_it_is()
    {
        void Throw(string _) => throw new FormatException("mine");
        var handler = Bind<string>(Throw);
        Assert.Equal("mine",
            (await Assert.ThrowsAsync<FormatException>(() => Invoke(handler, TestRecords.Record("x")))).Message);
    }

    [Fact]
    public void Shapes_that_cannot_work_are_refused_with_a_remedy()
    {
        Check<string>(async void (string _) => await Task.Yield(), "async void");
        Check<string>((string _) => 5, "returns Int32; return Task, ValueTask or nothing");
        Check<string>((string _) => Task.FromResult(5), "returns Task<Int32>; return Task");
        Check<Order>((CancellationToken _) => { }, "takes neither Order nor ConsumeContext<Order> nor RecordInfo");
        Check<Order>((ConsumeContext<string> _) => { }, "takes ConsumeContext<String> but is registered for Order");
        Check<Order>((Order _, ref int _) => { }, "by reference");
        Check<Order>(
            (Order _, Scoped _) => { }, "its parameter '_' of type Scoped is not of the record and not a registered");

        void Check<T>(Delegate handler, string expected)
        {
            _problems.Clear();
            Definition<T>(handler).Check(Context());
            Assert.Contains(expected, Assert.Single(_problems));
            Assert.Contains("topic 'orders'", _problems[0]);
        }
    }

    [Fact]
    public async Task A_tombstone_reaches_a_handler_that_declares_null_and_no_other()
    {
        var willing = Bind<Order>((Order? order) => _seen.Add(order is null ? "null" : order.Id));
        await Invoke(willing, TestRecords.Record(null));
        Assert.Equal("null", Assert.Single(_seen));

        var unwilling = Bind<Order>((Order order) => _seen.Add(order.Id));
        await unwilling.InvokeAsync(TestRecords.Record(null), CancellationToken.None, out var unreadable);
        Assert.Contains("declare its parameter as Order? to receive tombstones", unreadable!.Message);
    }

    [Fact]
    public async Task A_broken_value_is_handed_over_without_a_throw()
    {
        var handler = Bind<Order>((Order order) => _seen.Add(order.Id));
        await handler.InvokeAsync(TestRecords.Record("{oops"), CancellationToken.None, out var unreadable);
        Assert.StartsWith(
            "orders-3@42: the value (5 bytes) is not a Order:", unreadable!.Message, StringComparison.Ordinal);
        Assert.Empty(_seen);
    }

    Task Run<T>(Delegate handler, Delivery record, CancellationToken cancellation = default) =>
        Invoke(Bind<T>(handler), record, cancellation);

    TopicHandler Bind<T>(Delegate handler)
    {
        var context = Context();
        var definition = Definition<T>(handler);
        definition.Check(context);
        Assert.Empty(_problems);
        return definition.Bind(context);
    }

    static DelegateHandler<T> Definition<T>(Delegate handler) => new("orders", handler);

    BindContext Context()
    {
        var provider = _services.BuildServiceProvider(validateScopes: true);
        return new BindContext(
            provider, new ServiceLifetimes(_services, provider), new SerializationOptions(), _problems);
    }

    static async Task Invoke(TopicHandler handler, Delivery record, CancellationToken cancellation = default)
    {
        await handler.InvokeAsync(record, cancellation, out var unreadable);
        Assert.Null(unreadable);
    }

    sealed record Order(string Id);

    sealed record Single(string Name);

    sealed class Scoped : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    sealed class CountingScopes : IServiceProvider, IServiceScopeFactory
    {
        public ServiceProvider Inner { get; set; } = null!;

        public int Count { get; set; }

        public object? GetService(Type serviceType) =>
            serviceType == typeof(IServiceScopeFactory) ? this : Inner.GetService(serviceType);

        public IServiceScope CreateScope()
        {
            Count++;
            return Inner.CreateScope();
        }
    }
}
