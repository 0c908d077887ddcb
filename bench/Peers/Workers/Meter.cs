using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Millrace.Peers.Workers;

/// <summary>Wall time, CPU time and allocated bytes between a start and an end.</summary>
sealed class Meter
{
    readonly long _start = Stopwatch.GetTimestamp();
    readonly long _allocated = GC.GetTotalAllocatedBytes(precise: true);
    readonly TimeSpan _cpu = Environment.CpuUsage.TotalTime;

    /// <summary>Prints the figures of so many records, and what else is known.</summary>
    public void Print(long records, JsonObject? more = null)
    {
        var seconds = Stopwatch.GetElapsedTime(_start).TotalSeconds;
        var cpu = Environment.CpuUsage.TotalTime - _cpu;
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - _allocated;
        var figures = new JsonObject
        {
            ["client"] = "millrace",
            ["records"] = records,
            ["seconds"] = Math.Round(seconds, 4),
            ["recordsPerSecond"] = Math.Round(records / seconds),
            ["cpuMicrosPerRecord"] = Math.Round(cpu.TotalMicroseconds / records, 4),
            ["allocatedBytesPerRecord"] = Math.Round((double)allocated / records, 2),
            ["maxRssMB"] = Math.Round(Process.GetCurrentProcess().PeakWorkingSet64 / 1e6, 1),
        };
        foreach (var (name, value) in more ?? [])
        {
            figures[name] = value?.DeepClone();
        }

        Console.WriteLine(figures.ToJsonString());
    }
}
