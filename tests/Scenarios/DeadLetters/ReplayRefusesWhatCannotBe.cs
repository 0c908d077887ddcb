// A replay to its own source, from a topic that is not there, or to one that is not there, is refused in one line.
using Millrace.Client;
using Millrace.Ops.Replay;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Scenarios.DeadLetters;

public sealed class ReplayRefusesWhatCannotBe
{
    [Fact]
    public async Task To_its_own_source()
    {
        await using var box = await LetterBox.OpenAsync();
        var error = await Assert.ThrowsAsync<ArgumentException>(
            () => RunAsync(box, LetterBox.Source, LetterBox.Source));
        Assert.Contains("name another target", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.DLT", LetterBox.Target)]
    [InlineData(LetterBox.Source, "missing")]
    public async Task A_topic_that_is_not_there(string from, string to)
    {
        await using var box = await LetterBox.OpenAsync();
        await box.FillAsync(3);
        var error = await Assert.ThrowsAsync<KafkaServerException>(() => RunAsync(box, from, to));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.Code);
        Assert.Contains("missing", error.Message, StringComparison.Ordinal);
    }

    static Task<ReplayProgress> RunAsync(LetterBox box, string from, string to) => new Replayer(box.Client).RunAsync(
        new ReplayOptions { From = from, To = to }, TestContext.Current.CancellationToken);
}
