// A replay that is started again sends nothing, and later only what was dead-lettered since.
using Millrace.Ops.Replay;
using Xunit;

namespace Millrace.Scenarios.DeadLetters;

public sealed class ASecondReplaySendsNothing
{
    static readonly ReplayOptions Options = new() { From = LetterBox.Source, To = LetterBox.Target };

    [Fact]
    public async Task Only_new_letters_are_sent()
    {
        await using var box = await LetterBox.OpenAsync();
        var replayer = new Replayer(box.Client);
        await box.FillAsync(10);
        Assert.Equal(10, (await replayer.RunAsync(Options, TestContext.Current.CancellationToken)).Sent);
        Assert.Equal(default, await replayer.RunAsync(Options, TestContext.Current.CancellationToken));
        await box.FillAsync(4);
        Assert.Equal(4, (await replayer.RunAsync(Options, TestContext.Current.CancellationToken)).Sent);
        Assert.Equal(14, (await box.ReadAsync(LetterBox.Target)).Select(c => c.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_limited_replay_is_gone_on_with()
    {
        await using var box = await LetterBox.OpenAsync();
        var replayer = new Replayer(box.Client);
        await box.FillAsync(10);
        var first = await replayer.RunAsync(Options with { Limit = 4 }, TestContext.Current.CancellationToken);
        Assert.Equal((4, 6), (first.Sent, first.Remaining));
        Assert.Equal(6, (await replayer.RunAsync(Options, TestContext.Current.CancellationToken)).Sent);
        Assert.Equal(10, (await box.ReadAsync(LetterBox.Target)).Select(c => c.Id).Distinct().Count());
    }

    [Fact]
    public async Task A_record_that_was_replayed_often_enough_is_passed_over()
    {
        await using var box = await LetterBox.OpenAsync();
        await box.SendAsync(new Client.Produce.ProducerRecord(LetterBox.Source, [1], [2])
        {
            Headers = [LetterBox.Header("millrace-replay-count", "3")],
        });
        var done = await new Replayer(box.Client).RunAsync(Options, TestContext.Current.CancellationToken);
        Assert.Equal((0, 1), (done.Sent, done.PassedOver));
    }
}
