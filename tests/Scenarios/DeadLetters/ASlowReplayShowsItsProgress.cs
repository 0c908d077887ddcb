// A replay that is held to a low rate saves its cursor and tells how far it is before it waits, and not only after a
// full batch.
using Millrace.Ops.Replay;
using Xunit;

namespace Millrace.Scenarios.DeadLetters;

public sealed class ASlowReplayShowsItsProgress
{
    [Fact]
    public async Task A_stop_finds_what_was_sent_before_the_wait()
    {
        await using var box = await LetterBox.OpenAsync();
        await box.FillAsync(5);
        var options = new ReplayOptions { From = LetterBox.Source, To = LetterBox.Target, RatePerSecond = 0.001 };
        var jobs = new ReplayJobs(box.Client);
        await using (jobs)
        {
            jobs.Start(options);
            await Until.TrueAsync(
                () => jobs.List()[0].Progress is { Sent: 1, Remaining: 4 }, "the first record is told as sent");
        }

        Assert.Equal(ReplayState.Stopped, jobs.List()[0].State);
        var rest = await new Replayer(box.Client).RunAsync(
            options with { RatePerSecond = null }, TestContext.Current.CancellationToken);
        Assert.Equal(new ReplayProgress(Sent: 4, AlreadySent: 0, PassedOver: 0, Remaining: 0), rest);
    }
}
