// A page of dead letters holds no more bytes than it may, however large the letters are, and the pages together hold
// each letter once.
using System.Text;
using Millrace.Client.Produce;
using Millrace.Ops.DeadLetters;
using Xunit;

namespace Millrace.Scenarios.DeadLetters;

public sealed class PagesAreBounded
{
    const int Letters = 7;
    const int BytesOfALetter = 500_000;

    [Fact]
    public async Task Large_letters_make_short_pages()
    {
        await using var box = await OpenAsync();
        var reader = new DeadLetterReader(box.Client);
        var query = new DeadLetterQuery { Topic = LetterBox.Source, MaxBytes = 1_200_000 };
        var seen = new List<(int, long)>();
        DeadLetterPage page;
        do
        {
            page = await reader.ReadPageAsync(query, TestContext.Current.CancellationToken);
            Assert.InRange(page.Letters.Count, 1, 2);
            Assert.Equal(page.Letters.Count, page.Scanned);
            seen.AddRange(page.Letters.Select(l => (l.Partition.Partition, l.Offset)));
            query = query with { From = page.Next };
        }
        while (page.Next is not null);

        Assert.Equal(Letters, seen.Count);
        Assert.Equal(Letters, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_letter_larger_than_a_page_is_a_page()
    {
        await using var box = await OpenAsync();
        var page = await new DeadLetterReader(box.Client).ReadPageAsync(
            new DeadLetterQuery { Topic = LetterBox.Source, MaxBytes = 1 }, TestContext.Current.CancellationToken);
        Assert.Single(page.Letters);
        Assert.NotNull(page.Next);
    }

    [Fact]
    public async Task The_example_of_a_group_is_the_beginning_of_its_message()
    {
        await using var box = await OpenAsync();
        var groups = await new DeadLetterReader(box.Client).GroupAsync(
            LetterBox.Source, TestContext.Current.CancellationToken);
        Assert.Equal((Letters, 1001), (groups.Single().Count, groups.Single().Example.Length));
    }

    static async Task<LetterBox> OpenAsync()
    {
        var box = await LetterBox.OpenAsync();
        var message = Encoding.UTF8.GetString(Enumerable.Repeat((byte)'m', BytesOfALetter).ToArray());
        await box.SendAsync([.. Enumerable.Range(0, Letters).Select(i =>
            new ProducerRecord(LetterBox.Source, null, [(byte)i])
            {
                Partition = i % LetterBox.Partitions,
                Headers =
                [
                    LetterBox.Header("millrace-original-topic", LetterBox.Target),
                    LetterBox.Header("millrace-exception-message", message),
                ],
            })]);
        return box;
    }
}
