using Millrace.Broker.Log;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class LogConfigTests
{
    [Fact]
    public void Every_default_in_the_table_is_allowed_and_is_the_default_of_the_record()
    {
        var error = LogConfig.TryParse(
            LogConfigKeys.All.Select(static k => new KeyValuePair<string, string?>(k.Name, k.DefaultText)),
                LogConfig.Default, out var config);
        Assert.Null(error);
        Assert.Equal(LogConfig.Default, config);
        Assert.Equal(LogConfigKeys.All.Select(static k => k.Name).Order(StringComparer.Ordinal),
            LogConfigKeys.All.Select(static k => k.Name));
    }

    [Theory]
    [InlineData("retention.ms", "x", "Invalid value 'x' for 'retention.ms': must be a whole number, at least -1.")]
    [InlineData("retention.ms", "-2", "Invalid value '-2' for 'retention.ms': must be a whole number, at least -1.")]
    [InlineData("retention.ms", "9223372036854775808",
        "Invalid value '9223372036854775808' for 'retention.ms': must be a whole number, at least -1.")]
    [InlineData("segment.bytes", "2147483648",
        "Invalid value '2147483648' for 'segment.bytes': must be a whole number, at least 14.")]
    [InlineData("cleanup.policy", "keep",
        "Invalid value 'keep' for 'cleanup.policy': must be 'delete', 'compact' or 'compact,delete'.")]
    [InlineData("cleanup.policy", "",
        "Invalid value '' for 'cleanup.policy': must be 'delete', 'compact' or 'compact,delete'.")]
    [InlineData("message.timestamp.type", "logappendtime",
        "Invalid value 'logappendtime' for 'message.timestamp.type': must be one of CreateTime, LogAppendTime.")]
    [InlineData("min.cleanable.dirty.ratio", "1.5",
        "Invalid value '1.5' for 'min.cleanable.dirty.ratio': must be a number from 0 to 1.")]
    [InlineData("preallocate", "yes", "Invalid value 'yes' for 'preallocate': must be true or false.")]
    [InlineData("nonsense", "1", "Unknown topic config 'nonsense'.")]
    public void A_wrong_value_is_named_with_what_is_allowed(string name, string value, string expected)
    {
        Assert.Equal(expected, LogConfig.TryParse([new(name, value)], LogConfig.Default, out var config));
        Assert.Same(LogConfig.Default, config);
    }

    [Fact]
    public void Values_are_read_over_the_defaults()
    {
        var defaults = LogConfig.Default with { RetentionBytes = 77, RetentionMs = 5 };
        Assert.Null(LogConfig.TryParse(
            [new("cleanup.policy", " compact , delete "), new("retention.ms", "-1"), new("segment.bytes", null)],
                defaults, out var config));
        Assert.True(config.IsCompacting && config.IsDeleting);
        Assert.Equal((77L, -1L), (config.RetentionBytes, config.RetentionMs));
        Assert.Null(LogConfig.TryParse([new("cleanup.policy", "compact")], defaults, out config));
        Assert.True(config.IsCompacting && !config.IsDeleting);
    }
}
