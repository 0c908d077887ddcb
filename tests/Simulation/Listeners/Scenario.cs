using Millrace.Processing.Listeners;

namespace Millrace.Simulation.Listeners;

/// <summary>The dice of one run: shapes, limits and shares of trouble.</summary>
sealed class Scenario
{
    public Scenario(Random random)
    {
        Partitions = random.Next(1, 6);
        Instances = random.Next(1, 4);
        Records = random.Next(200, 1500);
        Keys = random.Next(1, 40);
        HotShare = random.NextDouble() < 0.3 ? 0.5 : 0;
        NullKeyShare = random.NextDouble() < 0.5 ? random.NextDouble() * 0.3 : 0;
        GapShare = random.NextDouble() < 0.5 ? random.NextDouble() * 0.3 : 0;
        MaxGapMs = random.Next(10, 1500);
        ChaosGapMs = random.Next(1000, 10_000);
        IsCalm = random.NextDouble() < 0.15;
        CrashShare = IsCalm ? 0 : random.NextDouble() * 0.3;
        LostShare = IsCalm ? 0 : random.NextDouble() * 0.3;
        CorruptShare = IsCalm ? 0 : random.NextDouble() * 0.4;
        CommitFaultShare = IsCalm ? 0 : random.NextDouble() * 0.4;
        TransientShare = random.NextDouble() * 0.2;
        DeadLetterShare = random.NextDouble() * 0.05;
        DamageShare = IsCalm || random.NextDouble() < 0.6 ? 0 : 0.005;
        StaticShare = random.NextDouble() < 0.5 ? 0 : random.NextDouble();
        StopShare = IsCalm || random.NextDouble() < 0.6 ? 0 : 0.005;
        SlowShare = random.NextDouble() * 0.03;
        DeafShare = IsCalm ? 0 : random.NextDouble();
        var records = random.Next(8, 400);
        Plan = new ListenerPlan
        {
            Name = "simulated",
            Order = (RecordOrder)random.Next(0, 3),
            Concurrency = random.Next(1, Math.Min(17, records)),
            MaxOutstandingRecords = records,
            MaxOutstandingBytes = random.Next(200, 50_000),
            MaxOutstandingPerPartition = random.Next(4, 300),
            LowMark = 0.3 + random.NextDouble() * 0.6,
            RingCapacity = random.Next(0, 2) == 0 ? 64 : 256,
            MaxStragglers = random.Next(0, 5),
            DrainTimeout = TimeSpan.FromMilliseconds(IsCalm ? 60_000 : random.Next(0, 5000)),
            CancelGrace = TimeSpan.FromMilliseconds(random.Next(0, 1000)),
            FinalCommitTimeout = TimeSpan.FromMilliseconds(IsCalm ? 20_000 : random.Next(0, 5000)),
            CommitInterval = TimeSpan.FromMilliseconds(random.Next(20, 2000)),
            MaxMetadataChars = IsCalm ? 4096 : random.Next(0, 4) switch
            {
                0 => 0,
                1 => random.Next(64, 128),
                _ => 4096,
            },
            MaxReplayRange = random.Next(50, 2000),
        };
    }

    public int Partitions { get; }

    public int Instances { get; }

    public int Records { get; }

    public int Keys { get; }

    public double HotShare { get; }

    public double NullKeyShare { get; }

    public double GapShare { get; }

    public int MaxGapMs { get; }

    public int ChaosGapMs { get; }

    /// <summary>Only orderly rebalances, every drain has time: then nothing may run twice.</summary>
    public bool IsCalm { get; }

    public double CrashShare { get; }

    public double LostShare { get; }

    public double CorruptShare { get; }

    public double CommitFaultShare { get; }

    public double TransientShare { get; }

    public double DeadLetterShare { get; }

    /// <summary>How many records cannot be read until the log is repaired.</summary>
    public double DamageShare { get; }

    /// <summary>How many crashed members come back under their name before the group misses them.</summary>
    public double StaticShare { get; }

    public double StopShare { get; }

    public double SlowShare { get; }

    /// <summary>How many handlers ignore cancellation.</summary>
    public double DeafShare { get; }

    public ListenerPlan Plan { get; }

    public override string ToString() =>
        $"{Plan.Order} c={Plan.Concurrency} W={Plan.MaxOutstandingRecords}/{Plan.MaxOutstandingPerPartition} "
        + $"meta={Plan.MaxMetadataChars} p={Partitions} i={Instances} keys={Keys}{(IsCalm ? " calm" : "")}";
}
