using Millrace.Simulation.Listeners;
using Xunit;

namespace Millrace.Simulation;

public sealed class ListenerSimulationTests
{
    [Fact]
    public void Two_hundred_seeds_keep_every_promise()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            new SimWorld(seed, isTraced: false).Run();
        }
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
