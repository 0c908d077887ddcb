using System.CommandLine;

namespace Millrace.Peers.Workers;

/// <summary>What a worker is told. The names are those of the peers' programs.</summary>
sealed record WorkerOptions(
    string Brokers, string Topic, string Group, int Count, int Size, int Keys, int Warmup, int WorkMs, int Concurrency);

/// <summary><c>worker MODE</c>: our side, in a process of its own, as the peers' programs are.</summary>
static class WorkerCommand
{
    static readonly Option<string> Brokers = new("--brokers");
    static readonly Option<string> Topic = new("--topic");
    static readonly Option<string> Group = new("--group");
    static readonly Option<int> Count = new("--count");
    static readonly Option<int> Size = new("--size");
    static readonly Option<int> Keys = new("--keys");
    static readonly Option<int> Warmup = new("--warmup");
    static readonly Option<int> WorkMs = new("--work-ms");
    static readonly Option<int> Concurrency = new("--concurrency");

    public static Command Create()
    {
        var data = new Option<string>("--data");
        var broker = new Command("broker", "The embedded broker, until the input ends.") { data };
        broker.SetAction((parsed, cancellation) => BrokerWorker.RunAsync(parsed.GetValue(data)!, cancellation));
        return new Command("worker", "One side of one measurement; prints its figures as JSON.")
        {
            Mode("produce", ProduceWorker.RunAsync),
            Mode("consume", ConsumeWorker.RunAsync),
            Mode("latency", LatencyWorker.RunAsync),
            Mode("listen", ListenWorker.RunAsync),
            broker,
        };
    }

    static Command Mode(string name, Func<WorkerOptions, CancellationToken, Task<int>> run)
    {
        var command = new Command(name) { Brokers, Topic, Group, Count, Size, Keys, Warmup, WorkMs, Concurrency };
        command.SetAction((parsed, cancellation) => run(
            new WorkerOptions(
                parsed.GetValue(Brokers)!,
                parsed.GetValue(Topic)!,
                parsed.GetValue(Group) ?? "",
                parsed.GetValue(Count),
                parsed.GetValue(Size),
                parsed.GetValue(Keys),
                parsed.GetValue(Warmup),
                parsed.GetValue(WorkMs),
                parsed.GetValue(Concurrency)),
            cancellation));
        return command;
    }
}
