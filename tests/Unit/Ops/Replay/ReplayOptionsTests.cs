using Millrace.Ops.Replay;
using Xunit;

namespace Millrace.Unit.Ops.Replay;

public sealed class ReplayOptionsTests
{
    static readonly ReplayOptions Good = new() { From = "orders.DLT", To = "orders" };

    [Fact]
    public void The_defaults_are_valid() => Good.Validate();

    public static TheoryData<string> Broken =>
        ["From", "To", "itself", "RatePerSecond", "years", "NaN", "Limit", "MaxReplays", "BatchSize"];

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_is_out_of_range_is_refused_by_name(string what)
    {
        var options = what switch
        {
            "From" => Good with { From = "" },
            "To" => Good with { To = "" },
            "itself" => Good with { To = Good.From },
            "RatePerSecond" => Good with { RatePerSecond = 0 },
            "years" => Good with { RatePerSecond = 1e-9 },
            "NaN" => Good with { RatePerSecond = double.NaN },
            "Limit" => Good with { Limit = 0 },
            "MaxReplays" => Good with { MaxReplays = 0 },
            _ => Good with { BatchSize = 100_001 },
        };
        var error = Assert.ThrowsAny<ArgumentException>(options.Validate);
        Assert.Contains(
            what is "NaN" or "years" ? "RatePerSecond" : what,
            error.Message + error.ParamName,
            StringComparison.Ordinal);
    }
}
