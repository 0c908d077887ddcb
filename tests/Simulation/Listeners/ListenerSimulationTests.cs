using Millrace.Simulation.Listeners;
using Xunit;

namespace Millrace.Simulation;

public sealed class ListenerSimulationTests
{
    [Fact]
    public void Two_hundred_seeds_keep_every_promise()
    {
        var seen = new HashSet<string>();
        for (var seed = 1; seed <= 200; seed++)
        {
            var world = new SimWorld(seed, isTraced: false);
            world.Run();
            seen.UnionWith(world.Oracle.Seen.Keys);
        }

        // A promise counts only if what threatens it happened.
        Assert.Empty(Oracle.Trouble.Except(seen));
    }

    [Fact]
    public void A_seed_is_a_run()
    {
        var first = new SimWorld(7, isTraced: true);
        var second = new SimWorld(7, isTraced: true);
        first.Run();
        second.Run();
        Assert.Equal(first.Trace, second.Trace);
    }
}
