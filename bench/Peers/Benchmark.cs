namespace Millrace.Peers;

/// <summary>Where the programs of a benchmark connect to.</summary>
enum Engine
{
    /// <summary>One node of Apache Kafka.</summary>
    Kafka,

    /// <summary>The embedded broker, in a process of its own.</summary>
    Embedded,
}

/// <summary>A program that is run to its end and prints its figures as one JSON line.</summary>
enum Tool
{
    /// <summary>This program's <c>worker</c> command.</summary>
    Ours,

    /// <summary>librdkafka's.</summary>
    Rdperf,

    /// <summary>The Java engines'.</summary>
    PcPerf,
}

/// <summary>One side of a comparison.</summary>
/// <param name="Name">As printed.</param>
/// <param name="Engine">What it talks to.</param>
/// <param name="Tool">The program.</param>
/// <param name="Arguments">Its arguments; brokers, topic and group are added.</param>
sealed record Side(string Name, Engine Engine, Tool Tool, string Arguments);

/// <summary>How a topic is filled before a benchmark reads it.</summary>
/// <param name="Records">How many records.</param>
/// <param name="Size">Bytes a value.</param>
/// <param name="Keys">Distinct keys; 0 = none.</param>
sealed record Filling(int Records, int Size, int Keys = 0);

/// <summary>A comparison: ours and the peer take turns, the better median wins.</summary>
/// <param name="Name">Which the filter looks at.</param>
/// <param name="What">One line for the reader.</param>
/// <param name="Figure">The JSON field that is compared.</param>
/// <param name="HigherIsBetter">Rates are, latencies are not.</param>
/// <param name="Ours">Our side.</param>
/// <param name="Peer">The other one.</param>
/// <param name="Filled">Set if both sides read the same topic, which is filled once.</param>
sealed record Benchmark(
    string Name, string What, string Figure, bool HigherIsBetter, Side Ours, Side Peer, Filling? Filled = null);
