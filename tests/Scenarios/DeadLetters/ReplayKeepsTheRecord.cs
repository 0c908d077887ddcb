// A replayed record has the key, the value and the headers that it had, null where they were null, and says which
// letter it is.
using System.Text;
using Millrace.Client.Produce;
using Millrace.Ops.Replay;
using Xunit;

namespace Millrace.Scenarios.DeadLetters;

public sealed class ReplayKeepsTheRecord
{
    [Fact]
    public async Task Key_value_and_headers_are_kept()
    {
        await using var box = await LetterBox.OpenAsync();
        await box.SendAsync(
            new ProducerRecord(LetterBox.Source, Encoding.UTF8.GetBytes("k"), Encoding.UTF8.GetBytes("v"))
            {
                Partition = 2,
                Headers =
                [
                    LetterBox.Header("tenant", "eu"),
                    LetterBox.Header("millrace-exception-type", "X"),
                    LetterBox.Header("tenant", null),
                ],
            },
            new ProducerRecord(LetterBox.Source, (byte[]?)null, (byte[]?)null) { Partition = 0 },
            new ProducerRecord(LetterBox.Source, [], []) { Partition = 1 });

        var done = await new Replayer(box.Client).RunAsync(
            new ReplayOptions { From = LetterBox.Source, To = LetterBox.Target },
            TestContext.Current.CancellationToken);

        Assert.Equal(new ReplayProgress(Sent: 3, AlreadySent: 0, PassedOver: 0, Remaining: 0), done);
        var copies = (await box.ReadAsync(LetterBox.Target)).ToDictionary(c => c.Id!);
        Assert.Equal(("k", "v"), (copies["orders.DLT/2/0"].Key, copies["orders.DLT/2/0"].Value));
        Assert.Equal(
            [
                ("tenant", "eu"), ("millrace-prev-exception-type", "X"), ("tenant", null),
                ("millrace-replay-id", "orders.DLT/2/0"), ("millrace-replay-count", "1"),
            ],
            copies["orders.DLT/2/0"].Headers);
        Assert.Equal((null, null), (copies["orders.DLT/0/0"].Key, copies["orders.DLT/0/0"].Value));
        Assert.Equal(("", ""), (copies["orders.DLT/1/0"].Key, copies["orders.DLT/1/0"].Value));
    }
}
