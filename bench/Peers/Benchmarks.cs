namespace Millrace.Peers;

/// <summary>Everything that is measured, in the order in which it runs. Runs of seconds, behind a warm-up of half as
/// many records: what the compiler of .NET spends on a process's first seconds would otherwise be half of the figure.
/// The C client needs one record, for its producer id.</summary>
static class Benchmarks
{
    const string Rate = "recordsPerSecond";

    public static IReadOnlyList<Benchmark> All { get; } =
    [
        Produce("produce-100", 6_000_000, 100, ""),
        Produce("produce-100-keyed", 4_000_000, 100, " --keys 10000"),
        Produce("produce-1k", 1_000_000, 1024, ""),
        Consume("consume-100", 8_000_000, 100),
        Consume("consume-1k", 2_000_000, 1024),
        new("latency-100", "one awaited send at a time, acks=all: median", "ackP50Us", HigherIsBetter: false,
            Ours("latency --count 15000 --size 100 --warmup 10000"),
            Rdperf("latency --count 15000 --size 100 --warmup 10000 --acks all")),
        Listen("listen-noop", "a handler that does nothing, ordered by key, 100 at once", 600_000, 0, 100),
        Listen("listen-10ms", "a handler of 10 ms, ordered by key, 100 at once (ideal 10,000/s)", 60_000, 10, 100),
        Listen("listen-20ms", "a handler of 20 ms, ordered by key, 128 at once (ideal 6,400/s)", 60_000, 20, 128),
        Broker("broker-produce-100", "librdkafka produces to the embedded broker and to Apache Kafka",
            "produce --count 4000000 --size 100 --acks all --idempotent --warmup 1", null),
        Broker("broker-consume-100", "librdkafka consumes from the embedded broker and from Apache Kafka",
            "consume --count 6000000 --batch-api", new Filling(6_000_000, 100)),
    ];

    static Benchmark Produce(string name, int count, int size, string keys) => new(
        name, $"{size} B values, acks=all, idempotent, no compression", Rate, HigherIsBetter: true,
        Ours($"produce --count {count} --size {size} --warmup {count / 2}{keys}"),
        Rdperf($"produce --count {count} --size {size} --acks all --idempotent --warmup 1{keys}"));

    static Benchmark Consume(string name, int count, int size) => new(
        name, $"{size} B values from the beginning, checksums verified, without a group", Rate, HigherIsBetter: true,
        Ours($"consume --count {count} --warmup {count / 2}"),
        Rdperf($"consume --count {count} --batch-api -X check.crcs=true"),
        new Filling(count, size));

    static Benchmark Listen(string name, string what, int count, int workMs, int concurrency) => new(
        name, what, Rate, HigherIsBetter: true,
        Ours($"listen --count {count} --work-ms {workMs} --concurrency {concurrency} --warmup {count / 2}"),
        new Side("Parallel Consumer", Engine.Kafka, Tool.PcPerf,
            $"--engine parallel --ordering KEY --count {count} --work-ms {workMs} --concurrency {concurrency}"
            + $" --warmup {count / 2} --check"),
        new Filling(count, 100, 10_000));

    static Benchmark Broker(string name, string what, string arguments, Filling? filled) => new(
        name, what, Rate, HigherIsBetter: true,
        new Side("embedded broker", Engine.Embedded, Tool.Rdperf, arguments),
        new Side("Apache Kafka", Engine.Kafka, Tool.Rdperf, arguments),
        filled);

    static Side Ours(string arguments) => new("Millrace", Engine.Kafka, Tool.Ours, arguments);

    static Side Rdperf(string arguments) => new("librdkafka", Engine.Kafka, Tool.Rdperf, arguments);
}
