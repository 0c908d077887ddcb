using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Millrace.Processing;
using Millrace.Processing.Configuration;
using Millrace.Processing.Listeners;
using Millrace.Processing.Retry;
using Xunit;

namespace Millrace.Unit.Processing.Configuration;

public sealed class ConfigurationTests
{
    static readonly Backoff Backoff3 = Backoff.Exponential(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(9), 3);

    static readonly Action<ConsumerBuilder> Typical = consumer => consumer
        .OrderedByKey(64)
        .InFlight(5000)
        .Retry(on => on.Transient<TimeoutException>(Backoff3).Transient<HttpRequestException>(Backoff3)
            .Permanent<ArgumentException>())
        .DeadLetter()
        .Handle<string>("orders", (_, _) => default);

    static ConsumerSettings Settings(
        Action<ConsumerBuilder> configure, params (string Key, string? Value)[] configuration)
    {
        using var host = Build(builder => configure(builder.AddMillrace().Consumer("order-service")), configuration);
        return host.Services.GetRequiredService<IOptionsMonitor<ConsumerSettings>>().Get("order-service");
    }

    static IHost Build(Action<HostApplicationBuilder> configure, params (string Key, string? Value)[] configuration)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(
            new Dictionary<string, string?> { ["ConnectionStrings:kafka"] = "127.0.0.1:9092" });
        builder.Configuration.AddInMemoryCollection(configuration.ToDictionary(pair => pair.Key, pair => pair.Value));
        configure(builder);
        return builder.Build();
    }

    // Every sentence that the start would fail with.
    static string[] Problems(
        Action<HostApplicationBuilder> configure, params (string Key, string? Value)[] configuration)
    {
        using var host = Build(configure, configuration);
        try
        {
            host.Services.GetRequiredService<IStartupValidator>().Validate();
            return [];
        }
        catch (OptionsValidationException exception)
        {
            return [.. exception.Failures];
        }
        catch (AggregateException exception)
        {
            return [.. exception.InnerExceptions.Cast<OptionsValidationException>().SelectMany(one => one.Failures)];
        }
    }

    static string Problem(Action<ConsumerBuilder> configure, params (string Key, string? Value)[] configuration) =>
        Assert.Single(Problems(builder => configure(builder.AddMillrace().Consumer("order-service")), configuration));

    [Fact]
    public void Code_sets_the_defaults()
    {
        var settings = Settings(Typical);
        Assert.Equal(RecordOrder.ByKey, settings.Order);
        Assert.Equal(64, settings.Concurrency);
        Assert.Equal(5000, settings.MaxInFlight);
        Assert.True(settings.DeadLetter.Enabled);
        Assert.Equal("orders.DLT", settings.DeadLetter.TopicFor("orders"));
        Assert.Equal(3, settings.Retry.Rules.Count);
        var plan = settings.ToPlan("order-service");
        plan.Validate();
        Assert.Equal((64, 5000), (plan.Concurrency, plan.MaxOutstandingRecords));
    }

    [Fact]
    public void Configuration_overrides_what_the_code_says()
    {
        var settings = Settings(
            Typical,
            ("Millrace:Consumers:order-service:Concurrency", "8"),
            ("Millrace:Consumers:order-service:order", "unordered"),
            ("Millrace:Consumers:order-service:MaxInFlight", "99"),
            ("Millrace:Consumers:order-service:CommitInterval", "250ms"),
            ("Millrace:Consumers:order-service:DrainTimeout", "00:00:07"),
            ("Millrace:Consumers:order-service:ReadFrom", "Latest"),
            ("Millrace:Consumers:order-service:Retry:Attempts", "7"),
            ("Millrace:Consumers:order-service:Retry:HttpRequestException:Attempts", "2"),
            ("Millrace:Consumers:order-service:Retry:HttpRequestException:First", "10s"),
            ("Millrace:Consumers:order-service:Retry:HttpRequestException:Max", "2m"),
            ("Millrace:Consumers:order-service:DeadLetter:Topic", "parked.{topic}"),
            ("Millrace:Consumers:order-service:DeadLetter:SpringHeaders", "true"));
        Assert.Empty(settings.Problems);
        Assert.Equal(8, settings.Concurrency);
        Assert.Equal(RecordOrder.Unordered, settings.Order);
        Assert.Equal(99, settings.MaxInFlight);
        Assert.Equal(TimeSpan.FromMilliseconds(250), settings.CommitInterval);
        Assert.Equal(TimeSpan.FromSeconds(7), settings.DrainTimeout);
        Assert.Equal(ReadFrom.Latest, settings.ReadFrom);
        Assert.Equal(7, settings.Retry.Rules[0].Backoff.Attempts);
        Assert.Equal(TimeSpan.FromSeconds(1), settings.Retry.Rules[0].Backoff.First);
        Assert.Equal(2, settings.Retry.Rules[1].Backoff.Attempts);
        Assert.Equal(TimeSpan.FromSeconds(10), settings.Retry.Rules[1].Backoff.First);
        Assert.Equal("parked.orders", settings.DeadLetter.TopicFor("orders"));
        Assert.True(settings.DeadLetter.SpringHeaders);
    }

    [Fact]
    public void Configuration_alone_can_switch_dead_letters_on_or_off()
    {
        static void Bare(ConsumerBuilder consumer) => consumer.Handle<string>("orders", (_, _) => default);
        Assert.False(Settings(Bare).DeadLetter.Enabled);
        Assert.True(Settings(Bare, ("Millrace:Consumers:order-service:DeadLetter:Topic", "d")).DeadLetter.Enabled);
        Assert.False(
            Settings(Typical, ("Millrace:Consumers:order-service:DeadLetter:Enabled", "false")).DeadLetter.Enabled);
    }

    [Fact]
    public void A_good_registration_has_no_problem() => Assert.Empty(Problems(builder =>
    {
        Typical(builder.AddMillrace().Consumer("order-service"));
        builder.AddMillrace().Consumer("other").Handle<byte[]>("clicks", (_, _) => default);
    }));

    [Theory]
    [InlineData("Concurency", "5", "order-service:Concurency is not a known key; did you mean Concurrency?")]
    [InlineData("Retry:Atempts", "5", "Retry:Atempts is not a known key; did you mean Attempts?")]
    [InlineData("Retry:TimeoutExcepton:Attempts", "5", "did you mean TimeoutException?")]
    [InlineData("Retry:ArgumentException:Attempts", "5", "names a rule without retries")]
    [InlineData("Zebra", "5", "Zebra is not a known key; known are CommitInterval, Concurrency,")]
    [InlineData("Concurrency", "many", "Concurrency is 'many'; it must be a whole number")]
    [InlineData("CommitInterval", "5", "CommitInterval is '5'; it must be a time with its unit")]
    [InlineData("Order", "1", "Order is '1'; it must be one of ByPartition, ByKey, Unordered")]
    [InlineData("DeadLetter:Create", "yes", "it must be true or false")]
    [InlineData("Concurrency", "0", "Concurrency is 0; it counts handlers that run at once, use 1 to 100000.")]
    [InlineData("Retry:Attempts", "0", "Attempts is 0; it counts the first call")]
    [InlineData("MaxInFlight", "10", "MaxInFlight is 10, below Concurrency (64)")]
    [InlineData("DeadLetter:Topic", "orders", "would come back for ever")]
    [InlineData("DeadLetter:Topic", "or ders", "has characters other than letters")]
    [InlineData("DrainTimeout", "-1s", "DrainTimeout is -00:00:01; use 0s or more")]
    public void A_bad_key_or_value_is_one_sentence_with_its_remedy(string key, string value, string expected)
    {
        using var host = Build(
            builder => Typical(builder.AddMillrace().Consumer("order-service")),
            ($"Millrace:Consumers:order-service:{key}", value));
        var exception = Assert.ThrowsAny<Exception>(
            () => host.Services.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains("Consumer 'order-service': ", exception.Message);
        Assert.Contains(expected, exception.Message);
    }

    [Fact]
    public void Limits_are_checked_against_the_defaults_that_apply()
    {
        static void Bare(ConsumerBuilder consumer) => consumer.Handle<string>("orders", (_, _) => default);
        Assert.Contains(
            "MaxInFlight is 8, below Concurrency (16)",
            Problem(Bare, ("Millrace:Consumers:order-service:MaxInFlight", "8")));
        Assert.Contains(
            "DrainTimeout is 2.00:00:00", Problem(Bare, ("Millrace:Consumers:order-service:DrainTimeout", "48h")));
        Assert.Contains(
            "SessionTimeout is 30.00:00:00",
            Problem(Bare, ("Millrace:Consumers:order-service:SessionTimeout", "720h")));
    }

    [Fact]
    public void Registrations_that_cannot_work_are_refused()
    {
        Assert.Contains("It has no handler", Problem(_ => { }));
        Assert.Contains("Topic 'orders' has 2 handlers (String@orders, Byte[]@orders)", Problem(consumer => consumer
            .Handle<string>("orders", (_, _) => default)
            .Handle<byte[]>("orders", (_, _) => default)));
        Assert.Contains("Concurrency is 0", Problem(consumer => consumer
            .Unordered(0).Handle<string>("orders", (_, _) => default)));
        Assert.Contains("The topic name 'a b' has characters", Problem(consumer => consumer
            .Handle<string>("a b", (_, _) => default)));
        Assert.Contains("shorter than the first", Problem(consumer => consumer
            .Retry(on => on.Otherwise(Backoff.Exponential(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(1), 3)))
            .Handle<string>("orders", (_, _) => default)));
        Assert.Contains("The group id ' ' is empty", Assert.Single(Problems(
            builder => builder.AddMillrace().Consumer(" ").Handle<string>("orders", (_, _) => default))));
        Assert.Contains("'order-service' is registered twice", Problems(builder =>
        {
            Typical(builder.AddMillrace().Consumer("order-service"));
            Typical(builder.AddMillrace().Consumer("order-service"));
        })[0]);
        Assert.Contains("not of the record and not a registered service", Problem(consumer => consumer
            .Handle<string>("orders", (string _, Uri _) => { })));
    }

    [Fact]
    public void A_missing_or_broken_broker_address_names_its_key()
    {
        Assert.Contains(
            "No broker is named; set ConnectionStrings:kafka to host:port",
            Assert.Single(Problems(
                builder => Typical(builder.AddMillrace().Consumer("order-service")), ("ConnectionStrings:kafka", ""))));
        Assert.Contains(
            "'localhost' in ConnectionStrings:kafka is not host:port",
            Assert.Single(Problems(
                builder => Typical(builder.AddMillrace().Consumer("order-service")),
                    ("ConnectionStrings:kafka", "localhost"))));
    }

    [Fact]
    public void The_connection_string_wins_over_the_section()
    {
        using var host = Build(
            builder =>
                builder.AddMillrace(), ("Millrace:BootstrapServers", "other:1"), ("Millrace:StartTimeout", "5s"));
        var options = host.Services.GetRequiredService<IOptionsMonitor<MillraceOptions>>().Get("kafka");
        Assert.Equal("127.0.0.1:9092", options.BootstrapServers);
        Assert.Equal(TimeSpan.FromSeconds(5), options.StartTimeout);
    }

    [Fact]
    public void An_unknown_consumer_or_key_of_the_connection_is_an_error()
    {
        Assert.Contains(
            "configures a consumer that is not registered; did you mean order-service?", Assert.Single(Problems(
            builder => Typical(builder.AddMillrace().Consumer("order-service")),
            ("Millrace:Consumers:order-servce:Concurrency", "5"))));
        Assert.Contains("Millrace:StartTimout is not a known key; did you mean StartTimeout?", Assert.Single(Problems(
            builder => Typical(builder.AddMillrace().Consumer("order-service")), ("Millrace:StartTimout", "5s"))));
    }

    [Fact]
    public void Another_connection_has_its_own_section_and_may_use_the_same_group()
    {
        void Two(HostApplicationBuilder builder)
        {
            Typical(builder.AddMillrace().Consumer("order-service"));
            Typical(builder.AddMillrace("backup", "Backup").Consumer("order-service"));
        }

        (string, string?)[] configuration =
            [("ConnectionStrings:backup", "b:1"), ("Backup:Consumers:order-service:Concurrency", "3")];
        Assert.Empty(Problems(Two, configuration));
        using var host = Build(Two, configuration);
        var settings = host.Services.GetRequiredService<IOptionsMonitor<ConsumerSettings>>();
        Assert.Equal(64, settings.Get("order-service").Concurrency);
        Assert.Equal(3, settings.Get("backup/order-service").Concurrency);
    }

    [Theory]
    [InlineData("250ms", 250)]
    [InlineData("1.5s", 1500)]
    [InlineData("2 m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("00:00:05", 5000)]
    public void Times_are_read_with_their_unit(string text, int milliseconds)
    {
        Assert.True(ConfigurationValue.TryParseTime(text, out var time));
        Assert.Equal(milliseconds, time.TotalMilliseconds);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("5 days")]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("1e99h")]
    [InlineData("99999999999999999h")]
    public void Times_without_a_unit_or_out_of_range_are_not_read(string text) =>
        Assert.False(ConfigurationValue.TryParseTime(text, out _));

    [Fact]
    public void A_skip_rule_comes_from_code_alone()
    {
        var settings = Settings(
            consumer => consumer.Skip<FormatException>().Handle<string>("orders", (_, _) => default));
        Assert.Equal(FailureKind.Skip, Assert.Single(settings.Retry.Rules).Kind);
    }
}
