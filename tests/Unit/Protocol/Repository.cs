namespace Millrace.Unit.Protocol;

// Where the checked-in files are that tests compare with.
static class Repository
{
    public static string Root { get; } = FindRoot();

    // True when golden files are to be rewritten: UPDATE=1.
    public static bool Update { get; } = Environment.GetEnvironmentVariable("UPDATE") == "1";

    // How many times more input fuzz tests make than in a quick run.
    public static int FuzzFactor { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("FUZZ_ITERATIONS"), out var factor) ? Math.Max(1, factor) : 1;

    // A Kafka distribution to compare with (a folder with lib/kafka-clients-*.jar), or null.
    public static string? Kafka { get; } = FindKafka();

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Millrace.slnx")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }

    static string? FindKafka()
    {
        var folder = Environment.GetEnvironmentVariable("MILLRACE_KAFKA_DIR") ?? Path.Combine(Root, "../shared/kafka");
        return Directory.Exists(Path.Combine(folder, "lib")) ? folder : null;
    }
}
