using FsCheck;
using FsCheck.Fluent;
using Millrace.Processing.Listeners;
using Xunit;

namespace Millrace.Unit.Processing.Listeners;

public sealed class TrackerTests
{
    [Fact]
    public void It_agrees_with_a_set_of_what_is_not_done()
    {
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), RunModel).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Nothing_known_commits_nothing()
    {
        Assert.Equal(-1, new Tracker(64, 4, -1).CommitOffset());
        Assert.Equal(17, new Tracker(64, 4, 17).CommitOffset());
    }

    [Fact]
    public void The_offset_after_the_batch_is_committed_and_not_the_last_record_plus_one()
    {
        var tracker = new Tracker(64, 4, 0);
        var record = new Delivery { Offset = 5 };
        Assert.True(tracker.TryReceive(record));
        tracker.SkipTo(20);
        Assert.Equal(5, tracker.CommitOffset());
        tracker.Complete(record);
        tracker.Retire(record);
        Assert.Equal(20, tracker.CommitOffset());
    }

    [Fact]
    public void A_full_ring_without_stragglers_refuses_until_the_head_is_done()
    {
        var tracker = new Tracker(64, 0, 0);
        var records = Enumerable.Range(0, 65).Select(i => new Delivery { Offset = i }).ToList();
        for (var i = 0; i < 64; i++)
        {
            Assert.True(tracker.TryReceive(records[i]));
        }

        tracker.Complete(records[5]);
        Assert.False(tracker.TryReceive(records[64]));
        tracker.Complete(records[0]);
        Assert.True(tracker.TryReceive(records[64]));
    }

    [Fact]
    public void A_stuck_head_leaves_the_ring_and_still_pins_the_commit()
    {
        var tracker = new Tracker(64, 1, 0);
        var stuck = new Delivery { Offset = 0 };
        Assert.True(tracker.TryReceive(stuck));
        for (var i = 1; i < 1000; i++)
        {
            var record = new Delivery { Offset = i };
            Assert.True(tracker.TryReceive(record), $"{i} was refused");
            tracker.Complete(record);
            tracker.Retire(record);
        }

        Assert.Equal(0, tracker.CommitOffset());
        Assert.Equal(1, tracker.StragglerCount);
        var incomplete = new List<long>();
        Assert.Equal(1000, tracker.CollectIncomplete(incomplete, all: false));
        Assert.Equal([0], incomplete);
        tracker.Complete(stuck);
        tracker.Retire(stuck);
        Assert.Equal(1000, tracker.CommitOffset());
    }

    [Fact]
    public void Completing_twice_is_a_broken_invariant()
    {
        var tracker = new Tracker(64, 1, 0);
        var record = new Delivery { Offset = 0 };
        tracker.TryReceive(record);
        tracker.Complete(record);
        Assert.Throws<InvariantException>(() => tracker.Complete(record));
    }

    [Fact]
    public async Task Eviction_and_completion_by_other_threads_lose_nothing()
    {
        const int Count = 200_000;
        var tracker = new Tracker(64, 8, 0);
        var returns = new Returns();
        var isDone = new bool[Count];
        using var toRun = new System.Collections.Concurrent.BlockingCollection<Delivery>();
        var workers = Enumerable.Range(0, 3).Select(worker => Task.Run(
            () => CompleteInAnyOrder(toRun, new Random(worker), tracker, returns, isDone),
            TestContext.Current.CancellationToken)).ToArray();

        var retired = 0;
        var checkedUpTo = 0L;
        for (var i = 0; i < Count; i++)
        {
            var record = new Delivery { Offset = i };
            while (!tracker.TryReceive(record))
            {
                retired += Retire(tracker, returns);
            }

            toRun.Add(record, TestContext.Current.CancellationToken);
            if (i % 16 == 0)
            {
                retired += Retire(tracker, returns);
                var commit = tracker.CommitOffset();
                Assert.True(commit >= checkedUpTo, "The commit went back.");
                for (; checkedUpTo < commit; checkedUpTo++)
                {
                    Assert.True(Volatile.Read(ref isDone[checkedUpTo]), $"{commit} covers {checkedUpTo}, which is not done");
                }
            }
        }

        toRun.CompleteAdding();
        await Task.WhenAll(workers);
        retired += Retire(tracker, returns);
        Assert.Equal(Count, retired);
        Assert.Equal(0, tracker.Unfinished);
        Assert.Equal(Count, tracker.CommitOffset());
    }

    static void CompleteInAnyOrder(
        System.Collections.Concurrent.BlockingCollection<Delivery> toRun, Random random, Tracker tracker, Returns returns,
        bool[] isDone)
    {
        var kept = new List<Delivery>();
        foreach (var record in toRun.GetConsumingEnumerable())
        {
            kept.Add(record);
            while (kept.Count > 3 || (kept.Count > 0 && random.Next(2) == 0))
            {
                Complete(random.Next(kept.Count));
            }
        }

        while (kept.Count > 0)
        {
            Complete(kept.Count - 1);
        }

        void Complete(int at)
        {
            var record = kept[at];
            kept.RemoveAt(at);
            Volatile.Write(ref isDone[record.Offset], true);
            tracker.Complete(record);
            returns.Push(record);
        }
    }

    static int Retire(Tracker tracker, Returns returns)
    {
        var count = 0;
        for (var record = returns.TakeAll(); record is not null; count++)
        {
            var next = record.NextReturned;
            tracker.Retire(record);
            record = next;
        }

        return count;
    }

    static void RunModel(int seed)
    {
        var random = new Random(seed);
        var maxStragglers = random.Next(0, 6);
        var start = random.Next(0, 2) == 0 ? -1 : random.Next(0, 1000);
        var tracker = new Tracker(64, maxStragglers, start);
        var open = new SortedDictionary<long, Delivery>();
        var done = new SortedSet<long>();
        var next = (long)start;
        for (var step = 0; step < 600; step++)
        {
            switch (random.Next(0, 10))
            {
                case < 5:
                    var offset = Math.Max(0, next) + random.Next(0, 4) / 3 * random.Next(0, 9);
                    var record = new Delivery { Offset = offset };
                    if (tracker.TryReceive(record))
                    {
                        open.Add(offset, record);
                        next = offset + 1;
                    }
                    else
                    {
                        Assert.True(open.Count > maxStragglers, "It refused though a straggler's place was free.");
                    }

                    break;
                case 5:
                    if (tracker.TryReceiveDone(Math.Max(0, next)))
                    {
                        done.Add(Math.Max(0, next));
                        next = Math.Max(0, next) + 1;
                    }

                    break;
                case 6 when next >= 0:
                    next += random.Next(0, 3);
                    tracker.SkipTo(next);
                    break;
                default:
                    if (open.Count > 0)
                    {
                        var (which, finished) = open.ElementAt(random.Next(Math.Min(open.Count, random.Next(1, 80))));
                        tracker.Complete(finished);
                        tracker.Retire(finished);
                        open.Remove(which);
                        done.Add(which);
                    }

                    break;
            }

            Compare(tracker, open.Keys, done, next);
        }
    }

    static void Compare(Tracker tracker, SortedDictionary<long, Delivery>.KeyCollection open, SortedSet<long> done, long next)
    {
        Assert.Equal(open.Count == 0 ? next : open.First(), tracker.CommitOffset());
        Assert.Equal(open.Count, tracker.Unfinished);
        Assert.Equal(next, tracker.Next);
        var incomplete = new List<long>();
        var end = tracker.CollectIncomplete(incomplete, all: false);
        Assert.Equal(done.Count == 0 ? 0 : done.Max + 1, end);
        Assert.Equal(open.Where(o => o < end), incomplete);
        incomplete.Clear();
        Assert.Equal(next, tracker.CollectIncomplete(incomplete, all: true));
        Assert.Equal(open, incomplete);
        Assert.Equal(open.Count == 0 ? null : open.First(), tracker.Oldest?.Offset);
    }
}
