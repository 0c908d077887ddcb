using System.CommandLine;

namespace Millrace.Cli;

/// <summary>The options that name the cluster, the same in every command.</summary>
sealed class ClusterArguments
{
    public Option<string?> Bootstrap { get; } = new Option<string?>("--bootstrap")
    {
        Description = "Bootstrap servers; 127.0.0.1:9092 unless millrace.json says otherwise.",
    }.NotEmpty();

    public Option<string?> Data { get; } = new Option<string?>("--data")
    {
        Description = "Open this data directory of a broker that does not run.",
    }.NotEmpty();

    /// <summary>Adds the options to a command and lets it work on the cluster that they name.</summary>
    public void Run(Command command, Func<Cluster, ParseResult, CancellationToken, Task<int>> work)
    {
        command.Options.Add(Bootstrap);
        command.Options.Add(Data);
        command.Validators.Add(result =>
        {
            if (result.GetResult(Bootstrap) is not null && result.GetResult(Data) is not null)
            {
                result.AddError("--bootstrap and --data name a cluster each: give one of them.");
            }
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            var cluster = await Cluster.OpenAsync(parsed.GetValue(Bootstrap), parsed.GetValue(Data), cancellation)
                .ConfigureAwait(false);
            await using (cluster.ConfigureAwait(false))
            {
                return await work(cluster, parsed, cancellation).ConfigureAwait(false);
            }
        });
    }
}
