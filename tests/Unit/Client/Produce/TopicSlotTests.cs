using Millrace.Client;
using Millrace.Client.Metadata;
using Millrace.Client.Produce;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Client.Produce;

public sealed class TopicSlotTests
{
    const int Partitions = 50;

    /// <summary>Two would number their batches alike, and the broker would call the second one's a duplicate.</summary>
    [Fact]
    public void Whoever_updates_a_topic_at_the_same_time_a_partition_has_one_buffer()
    {
        var rules = new ProducerRules(new ProducerOptions(), new ClientRuntime());
        var admission = new Admission(1, static _ => { });
        var view = new TopicView("t", Guid.Empty, false, ErrorCode.None, [.. Enumerable.Range(0, Partitions)
            .Select(static p => new PartitionView(p, -1, 0, [], [], ErrorCode.None))]);
        for (var round = 0; round < 500; round++)
        {
            var slot = new TopicSlot("t", rules);
            using var start = new Barrier(2);
            var seen = new PartitionBuffer[2][];
            Parallel.For(0, 2, new ParallelOptions { MaxDegreeOfParallelism = 2 }, i =>
            {
                start.SignalAndWait(TestContext.Current.CancellationToken);
                slot.Update(view, static _ => null, admission);
                seen[i] = slot.Partitions;
            });

            Assert.Same(slot.Partitions[^1], seen[0][^1]);
            Assert.Same(slot.Partitions[^1], seen[1][^1]);
        }
    }
}
