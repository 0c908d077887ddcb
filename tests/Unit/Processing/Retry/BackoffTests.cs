using FsCheck;
using FsCheck.Fluent;
using Millrace.Processing;
using Xunit;

namespace Millrace.Unit.Processing.Retry;

public sealed class BackoffTests
{
    static readonly Backoff Plain = Backoff.Exponential(
        TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), 5, jitter: 0);

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 200)]
    [InlineData(3, 400)]
    [InlineData(4, 800)]
    [InlineData(5, 1000)]
    [InlineData(60, 1000)]
    [InlineData(int.MaxValue, 1000)]
    public void Waits_double_up_to_the_longest(int attempt, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Plain.DelayAfter(attempt, 0.5));

    [Fact]
    public void Attempts_count_the_first_call()
    {
        Assert.True(Plain.AllowsAnother(4));
        Assert.False(Plain.AllowsAnother(5));
        Assert.False(Backoff.None.AllowsAnother(1));
        Assert.True((Plain with { Attempts = Backoff.Forever }).AllowsAnother(int.MaxValue));
    }

    [Fact]
    public void A_fixed_backoff_waits_the_same_each_time() => Assert.All(
        Enumerable.Range(1, 20),
        attempt => Assert.Equal(
            TimeSpan.FromSeconds(3), Backoff.Fixed(TimeSpan.FromSeconds(3), 9).DelayAfter(attempt, 0.9)));

    [Fact]
    public void Jitter_spans_its_share_on_both_sides_of_the_wait()
    {
        var backoff = Backoff.Exponential(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60), 9, jitter: 0.2);
        Assert.Equal(TimeSpan.FromSeconds(0.8), backoff.DelayAfter(1, 0));
        Assert.Equal(TimeSpan.FromSeconds(1), backoff.DelayAfter(1, 0.5));
        Assert.Equal(1.2, backoff.DelayAfter(1, 0.999999).TotalSeconds, 3);
    }

    [Fact]
    public void No_wait_is_negative_or_longer_than_the_longest() => Prop.ForAll(
        ArbMap.Default.ArbFor<(PositiveInt First, PositiveInt Extra, PositiveInt Attempt, NormalFloat Sample)>(),
        input =>
        {
            var first = TimeSpan.FromMilliseconds(input.First.Get);
            var max = first + TimeSpan.FromMilliseconds(input.Extra.Get);
            var sample = Math.Abs(input.Sample.Get % 1);
            var delay = new Backoff(first, max, 3, 3, 1).DelayAfter(input.Attempt.Get, sample);
            return delay >= TimeSpan.Zero && delay <= max;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Values_that_make_no_sense_are_named()
    {
        Assert.Contains("negative", new Backoff(TimeSpan.FromSeconds(-1), TimeSpan.Zero, 1).Problem());
        Assert.Contains(
            "shorter than the first", new Backoff(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(1), 1).Problem());
        Assert.Contains("Attempts is 0", (Plain with { Attempts = 0 }).Problem());
        Assert.Contains("Factor is 0.5", (Plain with { Factor = 0.5 }).Problem());
        Assert.Contains("Jitter is NaN", (Plain with { Jitter = double.NaN }).Problem());
        Assert.Null(Plain.Problem());
    }
}
