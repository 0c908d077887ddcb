namespace Millrace.Simulation.Listeners;

static class EngineBench
{
    public static Task RunAsync(string[] args)
    {
        Console.WriteLine(args.Length);
        return Task.CompletedTask;
    }
}
