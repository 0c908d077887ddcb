using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Millrace.Processing;

namespace Millrace.Peers.Workers;

/// <summary>A listener ordered by key. The clock starts after the warm-up and stops with the last record handled.
/// Values carry the sequence within their key at byte 8, so that order is checked.</summary>
static class ListenWorker
{
    public static async Task<int> RunAsync(WorkerOptions options, CancellationToken cancellation)
    {
        var run = new Run(options);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning)
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.AddMillrace("kafka")
            .Configure(kafka => kafka.BootstrapServers = options.Brokers)
            .Consumer(options.Group)
            .OrderedByKey(options.Concurrency)
            .StartFrom(ReadFrom.Earliest)
            .Handle<ReadOnlyMemory<byte>>(options.Topic, run.HandleAsync);
        using var host = builder.Build();
        await host.StartAsync(cancellation);
        var meter = await run.Warm.WaitAsync(TimeSpan.FromMinutes(5), cancellation);
        await run.Done.WaitAsync(TimeSpan.FromMinutes(5), cancellation);
        meter.Print(
            options.Count - options.Warmup,
            new JsonObject
            {
                ["concurrency"] = options.Concurrency,
                ["orderViolations"] = run.Violations,
                ["meanWorkMs"] = Math.Round(run.MeanWorkMs, 2),
            });
        await host.StopAsync(CancellationToken.None);
        return 0;
    }

    sealed class Run(WorkerOptions options)
    {
        readonly TaskCompletionSource<Meter> _warm = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly ConcurrentDictionary<long, long> _finished = new();
        int _count;
        int _violations;
        long _workTicks;

        public Task<Meter> Warm => _warm.Task;

        public Task Done => _done.Task;

        public int Violations => _violations;

        /// <summary>What the work really took: a delay of the base class library takes a millisecond or so longer
        /// than asked for, and that is not the engine's doing.</summary>
        public double MeanWorkMs => TimeSpan.FromTicks(_workTicks / _count).TotalMilliseconds;

        public async ValueTask HandleAsync(
            ReadOnlyMemory<byte> value, RecordInfo record, CancellationToken cancellation)
        {
            var key = KeyOf(record.Key!.Value.Span);
            var sequence = BinaryPrimitives.ReadInt64BigEndian(value.Span[8..]);
            if (_finished.GetValueOrDefault(key, -1) + 1 != sequence)
            {
                Interlocked.Increment(ref _violations);
            }

            if (options.WorkMs > 0)
            {
                var start = Stopwatch.GetTimestamp();
                await Task.Delay(options.WorkMs, cancellation);
                Interlocked.Add(ref _workTicks, Stopwatch.GetElapsedTime(start).Ticks);
            }

            _finished[key] = sequence;
            var count = Interlocked.Increment(ref _count);
            if (count == options.Warmup)
            {
                _warm.TrySetResult(new Meter());
            }

            if (count == options.Count)
            {
                _done.TrySetResult();
            }
        }

        // A key's last 8 bytes, which tell the keys apart.
        static long KeyOf(ReadOnlySpan<byte> key)
        {
            var number = 0L;
            foreach (var b in key)
            {
                number = (number << 8) | b;
            }

            return number;
        }
    }
}
