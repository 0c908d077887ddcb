using System.Globalization;
using Millrace.Simulation.Listeners;

namespace Millrace.Simulation;

/// <summary><c>--seed N</c> replays one run with its trace, <c>--seeds A..B</c> runs a range, <c>--bench</c> measures
/// the engine alone; anything else is the test runner's.</summary>
static class Program
{
    static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["--seed", var seed]:
                return Run(Number(seed), Number(seed), isTraced: true);
            case ["--seeds", var range] when range.Split("..") is [var first, var last]:
                return Run(Number(first), Number(last), isTraced: false);
            case ["--bench", .. var rest]:
                await EngineBench.RunAsync(rest);
                return 0;
        }

        return args.Contains("-automated") || args.Contains("@@")
            ? await Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args)
            : await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(
                args, SelfRegisteredExtensions.AddSelfRegisteredExtensions);
    }

    static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    static int Run(int first, int last, bool isTraced)
    {
        var failed = 0;
        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = first; seed <= last; seed++)
        {
            var world = new SimWorld(seed, isTraced);
            try
            {
                world.Run();
                foreach (var (what, count) in world.Oracle.Seen)
                {
                    seen[what] = seen.GetValueOrDefault(what) + count;
                }

                if (isTraced)
                {
                    world.Trace.ForEach(Console.WriteLine);
                }

                Console.WriteLine($"seed {seed}: {world.Summary}");
            }
            catch (SimulationException e)
            {
                failed++;
                Console.WriteLine(e.Message);
            }
        }

        foreach (var (what, count) in seen)
        {
            Console.WriteLine($"{count,9} × {what}");
        }

        Console.WriteLine($"{last - first + 1 - failed} passed, {failed} failed");
        return failed == 0 ? 0 : 1;
    }
}
