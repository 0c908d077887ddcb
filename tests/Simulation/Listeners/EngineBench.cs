using System.Diagnostics;
using System.Globalization;
using Millrace.Processing.Listeners;

namespace Millrace.Simulation.Listeners;

/// <summary>The engine alone: generated records, a handler that does nothing, real threads. Prints nanoseconds and
/// allocated bytes for each record; the port's batches (one for 500 records) are included.</summary>
static class EngineBench
{
    static int BatchSize { get; set; } = 500;

    public static async Task RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2_000_000;
        BatchSize = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : BatchSize;
        await MeasureAsync("warm-up", RecordOrder.ByKey, 4, 1000, Math.Min(records, 200_000), handlerYields: false);
        foreach (var order in new[] { RecordOrder.ByPartition, RecordOrder.ByKey, RecordOrder.Unordered })
        {
            await MeasureAsync("no-op", order, 12, 10_000, records, handlerYields: false);
        }

        await MeasureAsync("no-op, 1 key", RecordOrder.ByKey, 12, 1, records, handlerYields: false);
        await MeasureAsync("no-op, 1 partition", RecordOrder.ByPartition, 1, 1000, records, handlerYields: false);
        await MeasureAsync("handler yields", RecordOrder.ByKey, 12, 10_000, records / 4, handlerYields: true);
    }

    static async Task MeasureAsync(
        string name, RecordOrder order, int partitions, int keys, int records, bool handlerYields)
    {
        using var port = new MemoryPort(partitions, records / partitions, keys, 100, BatchSize);
        var counter = new Counter(records / partitions * (long)partitions, handlerYields);
        var plan = new ListenerPlan { Name = "bench", Order = order };
        var loop = new ListenerLoop(plan, port, counter, new Silent(), TimeProvider.System, new Random(1));
        GC.Collect();
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var watch = Stopwatch.StartNew();
        port.Assign(port.Partitions);
        var run = loop.RunAsync(CancellationToken.None);
        await counter.AllDone.WaitAsync(TimeSpan.FromMinutes(5));
        watch.Stop();
        var spent = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        var bytes = GC.GetTotalAllocatedBytes(precise: true) - before;
        loop.Stop();
        await run;
        var each = watch.Elapsed.TotalNanoseconds / records;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-20} {order,-12} {each,8:F0} ns/record {spent.TotalNanoseconds / records,8:F0} cpu-ns/record "
            + $"{(double)bytes / records,7:F2} B/record {1e9 / each,12:N0} records/s"));
    }

    sealed class Counter(long expected, bool yields) : IRecordPipeline
    {
        readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long _count;

        public Task AllDone => _done.Task;

        public ValueTask<Outcome> InvokeAsync(Delivery delivery, CancellationToken cancellation)
        {
            if (yields)
            {
                return YieldAsync();
            }

            Count();
            return new(Outcome.Done);
        }

        async ValueTask<Outcome> YieldAsync()
        {
            await Task.Yield();
            Count();
            return Outcome.Done;
        }

        void Count()
        {
            if (Interlocked.Increment(ref _count) == expected)
            {
                _done.SetResult();
            }
        }
    }

    sealed class Silent : IListenerEvents;
}
