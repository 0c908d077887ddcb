using Millrace.Broker.Coordination.Groups;
using Xunit;

namespace Millrace.Unit.Broker.Coordination;

/// <summary>Random sequences of joins, syncs, heartbeats, commits, leaves, lost clients and time, checked after every
/// step against what must always hold. See <see cref="GroupWorld"/>.</summary>
public sealed class GroupSequenceTests
{
    const int Steps = 250;

    static int Seeds => int.TryParse(Environment.GetEnvironmentVariable("FUZZ_ITERATIONS"), out var times)
        ? 100 * times
        : 100;

    [Fact]
    public void Groups_keep_their_promises_under_any_sequence_of_events()
    {
        for (var seed = 1; seed <= Seeds; seed++) Run(seed, new GroupOptions());
    }

    [Fact]
    public void Groups_keep_their_promises_with_an_initial_delay_and_a_small_limit()
    {
        for (var seed = 10_001; seed <= 10_000 + Seeds; seed++)
            Run(seed, new GroupOptions { InitialRebalanceDelayMs = 500, MaxSize = 4 });
    }

    static void Run(int seed, GroupOptions options)
    {
        var world = new GroupWorld(seed, options);
        var step = 0;
        try
        {
            for (; step < Steps; step++) world.Step();
            world.Settle();
        }
        catch (Exception e)
        {
            Assert.Fail($"Seed {seed}, step {step}: {e.Message}\n{world.Trace}\n{e.StackTrace}");
        }
    }
}
