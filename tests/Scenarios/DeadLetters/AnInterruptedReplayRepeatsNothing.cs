// A replay that dies after it sent records and before it saved its cursor, twice, repeats nothing and leaves nothing
// out.
using Millrace.Ops.Replay;
using Xunit;

namespace Millrace.Scenarios.DeadLetters;

public sealed class AnInterruptedReplayRepeatsNothing
{
    const int Letters = 60;

    [Fact]
    public async Task Each_letter_is_sent_once()
    {
        await using var box = await LetterBox.OpenAsync();
        await box.FillAsync(Letters);
        var seen = new HashSet<string?>();
        foreach (var crashAt in new[] { 25, 9 })
        {
            await CrashAsync(box, crashAt);
            var copies = await box.ReadAsync(LetterBox.Target);
            Assert.Equal(copies.Count, copies.Select(c => c.Id).Distinct().Count());
            Assert.True(copies.Count > seen.Count, "the run sent something before it died");
            seen = [.. copies.Select(c => c.Id)];
        }

        var last = await new Replayer(box.Client).RunAsync(
            new ReplayOptions { From = LetterBox.Source, To = LetterBox.Target },
            TestContext.Current.CancellationToken);
        Assert.Equal(Letters - seen.Count, last.Sent);
        Assert.Equal(0, last.Remaining);
        var all = await box.ReadAsync(LetterBox.Target);
        Assert.Equal(Letters, all.Count);
        Assert.Equal(Letters, all.Select(c => c.Id).Distinct().Count());
        Assert.Equal(Letters, all.Select(c => c.Value).Distinct().Count());
    }

    /// <summary>Dies at a letter, with a saved cursor behind it and sent records that no cursor knows of.</summary>
    static async Task CrashAsync(LetterBox box, int letter)
    {
        var looked = 0;
        var options = new ReplayOptions
        {
            From = LetterBox.Source,
            To = LetterBox.Target,
            BatchSize = 7,
            // The pace lets the producer send what was handed to it before the run dies.
            RatePerSecond = 200,
            Filter = _ => ++looked < letter ? true : throw new InvalidOperationException("died"),
        };
        await Assert.ThrowsAsync<InvalidOperationException>(() =>
            new Replayer(box.Client).RunAsync(options, TestContext.Current.CancellationToken));
    }
}
