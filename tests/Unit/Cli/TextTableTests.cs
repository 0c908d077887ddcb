using Millrace.Cli;
using Millrace.Cli.Commands;
using Xunit;

namespace Millrace.Unit.Cli;

public sealed class TextTableTests
{
    [Fact]
    public void Columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks()
    {
        var table = new TextTable("Topic", "Records", "Note").Right(1);
        table.Add("orders", "7", "");
        table.Add("x", "12345678", "a\nb");
        Assert.Equal("Topic    Records  Note\norders         7\nx       12345678  a b\n", table.ToString());
    }

    [Fact]
    public void A_record_cannot_write_to_the_terminal()
    {
        var table = new TextTable("Key");
        table.Add("\u001b[2J\ttext\u0007");
        Assert.Equal("Key\n·[2J·text·\n", table.ToString());
    }

    [Theory]
    [InlineData(null, "-")]
    [InlineData(0.0, "0 s")]
    [InlineData(0.4, "< 1 s")]
    [InlineData(119.4, "119 s")]
    [InlineData(600.0, "10 min")]
    [InlineData(36_000.0, "10 h")]
    [InlineData(864_000.0, "10 days")]
    public void Times_are_said_in_one_unit(double? seconds, string text) =>
        Assert.Equal(text, LagCommand.Seconds(seconds));

    [Fact]
    public void A_setting_may_hold_an_equals_sign() =>
        Assert.Equal("b=c", TopicsCommand.ParseConfig(["a=b=c"])["a"]);
}
