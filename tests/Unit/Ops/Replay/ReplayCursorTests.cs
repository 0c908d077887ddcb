using FsCheck;
using FsCheck.Fluent;
using Millrace.Ops.Replay;
using Xunit;

namespace Millrace.Unit.Ops.Replay;

public sealed class ReplayCursorTests
{
    [Fact]
    public void Ends_come_back_as_they_were() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<long[]>(),
            values =>
            {
                var ends = values.Select(static v => v & long.MaxValue).ToArray();
                return ReplayCursor.Decode(ReplayCursor.Encode(ends))!.SequenceEqual(ends);
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_largest_offset_fits()
    {
        long[] ends = [0, long.MaxValue, 127, 128];
        Assert.Equal(ends, ReplayCursor.Decode(ReplayCursor.Encode(ends)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("not base64!")]
    [InlineData("AAAA")]
    [InlineData("UgI=")]
    public void What_is_not_ours_reads_as_nothing(string? text) => Assert.Null(ReplayCursor.Decode(text));

    [Fact]
    public void A_cut_number_reads_as_nothing()
    {
        var bytes = Convert.FromBase64String(ReplayCursor.Encode([300]));
        Assert.Null(ReplayCursor.Decode(Convert.ToBase64String(bytes.AsSpan(0, bytes.Length - 1))));
    }

    [Fact]
    public void A_number_beyond_64_bits_reads_as_nothing() =>
        Assert.Null(ReplayCursor.Decode(Convert.ToBase64String(
            [(byte)'R', 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01])));

    [Fact]
    public void Damaged_text_is_never_an_exception() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<byte[]>(),
            bytes =>
            {
                _ = ReplayCursor.Decode(Convert.ToBase64String([(byte)'R', 1, .. bytes ?? []]));
                return true;
            }).QuickCheckThrowOnFailure();

    [Fact]
    public void Text_beyond_what_brokers_keep_reads_as_nothing() =>
        Assert.Null(ReplayCursor.Decode(new string('A', ReplayCursor.MaxChars + 4)));
}
