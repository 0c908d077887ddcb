using System.Text;
using Millrace.Processing.Listeners;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Processing.Listeners;

public sealed class LaneTests
{
    static readonly Lease Lease = new(new AssignedPartition(new TopicPartition("t", 0), 0, null), 1, new Tracker(64, 0, 0));

    [Fact]
    public void A_table_finds_exactly_the_key_also_among_equal_hashes()
    {
        var table = new LaneTable();
        var random = new Random(5);
        var lanes = new Dictionary<string, Lane>();
        for (var step = 0; step < 5000; step++)
        {
            var key = $"key-{random.Next(200)}";
            var bytes = Encoding.UTF8.GetBytes(key);
            var hash = (ulong)(key.Length + key[^1] % 3);      // few hashes: buckets have chains
            var found = table.Find(bytes, hash);
            Assert.Same(lanes.GetValueOrDefault(key), found);
            if (found is null)
            {
                var lane = new Lane();
                lane.Open(Lease, bytes, hash);
                table.Add(lane);
                lanes.Add(key, lane);
            }
            else if (random.Next(2) == 0)
            {
                table.Remove(found);
                lanes.Remove(key);
            }

            Assert.Equal(lanes.Count, table.Count);
        }

        var all = new List<Lane>();
        table.CopyTo(all);
        Assert.Equal(lanes.Values.ToHashSet(), all.ToHashSet());
    }

    [Fact]
    public void An_empty_key_is_a_key_of_its_own()
    {
        var table = new LaneTable();
        Assert.Null(table.Find([], 0));
        var lane = new Lane();
        lane.Open(Lease, [], 0);
        table.Add(lane);
        Assert.Same(lane, table.Find([], 0));
        Assert.Null(table.Find([0], 0));
    }

    [Fact]
    public void Numeric_keys_spread_over_all_buckets()
    {
        var buckets = new int[64];
        for (var i = 0; i < 10_000; i++)
        {
            buckets[KeyHash.Of(Encoding.UTF8.GetBytes($"{i:D4}"), 99) & 63]++;
        }

        Assert.All(buckets, count => Assert.InRange(count, 80, 260));
        Assert.NotEqual(KeyHash.Of([1, 2], 1), KeyHash.Of([1, 2], 2));
        Assert.NotEqual(KeyHash.Of([0], 1), KeyHash.Of([0, 0], 1));
    }

    [Fact]
    public void A_lane_is_first_in_first_out_and_has_one_holder()
    {
        var lane = new Lane();
        lane.Open(Lease, [], 0);
        var records = Enumerable.Range(0, 4).Select(i => new Delivery { Offset = i }).ToList();
        Assert.True(lane.Add(records[0]));
        Assert.False(lane.Add(records[1]));
        Assert.Same(records[0], lane.Head);
        Assert.True(lane.RemoveHead());
        Assert.Same(records[1], lane.Head);
        Assert.False(lane.Add(records[2]));
        Assert.True(lane.RemoveHead());
        Assert.False(lane.RemoveHead());
        Assert.Equal(0, lane.Count);
        Assert.True(lane.Add(records[3]));
        Assert.Same(records[3], lane.Head);
    }

    [Fact]
    public void Parked_lanes_come_out_when_due_and_earliest_first()
    {
        var random = new Random(6);
        var parked = new ParkedLanes();
        var model = new List<Lane>();
        var now = 0L;
        for (var step = 0; step < 20_000; step++)
        {
            var dice = random.Next(0, 10);
            if (dice < 5)
            {
                var lane = new Lane();
                parked.Add(lane, now + random.Next(0, 1000));
                model.Add(lane);
            }
            else if (dice < 7 && model.Count > 0)
            {
                var lane = model[random.Next(model.Count)];
                parked.Remove(lane);
                model.Remove(lane);
                Assert.Equal(-1, lane.ParkedIndex);
            }
            else
            {
                now += random.Next(0, 50);
                while (parked.TryTakeDue(now, out var due))
                {
                    Assert.Equal(model.Min(l => l.DueAtMs), due.DueAtMs);
                    Assert.True(model.Remove(due));
                }

                Assert.DoesNotContain(model, l => l.DueAtMs <= now);
            }

            Assert.Equal(model.Count, parked.Count);
            Assert.Equal(model.Count == 0 ? long.MaxValue : model.Min(l => l.DueAtMs), parked.NextDueMs);
        }
    }

    [Fact]
    public async Task A_signal_is_never_lost()
    {
        var signal = new WakeSignal();
        var produced = 0;
        var seen = 0;
        var producers = Enumerable.Range(0, 3).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                Interlocked.Increment(ref produced);
                signal.Signal();
            }
        })).ToArray();
        while (seen < 60_000)
        {
            await signal.WaitAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            seen = Volatile.Read(ref produced);
        }

        await Task.WhenAll(producers);
    }

    [Fact]
    public async Task Every_ready_lane_finds_a_pump()
    {
        var ready = new ReadyQueue();
        var taken = 0;
        var pumps = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var slot = new PumpSlot();
            while (true)
            {
                if (ready.TryTake(out var _))
                {
                    Interlocked.Increment(ref taken);
                }
                else if (ready.IsClosed)
                {
                    return;
                }
                else
                {
                    await ready.WaitAsync(slot);
                }
            }
        })).ToArray();
        var deadline = TimeProvider.System.GetTimestamp();
        for (var i = 1; i <= 30_000; i++)
        {
            ready.Add(new Lane());
            while (i % 7 == 0 && Volatile.Read(ref taken) < i)
            {
                Assert.True(TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(60), $"lane {i} waits");
                await Task.Yield();
            }
        }

        ready.Close();
        await Task.WhenAll(pumps).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal(30_000, taken);
    }
}
