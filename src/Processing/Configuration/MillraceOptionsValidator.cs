using System.Globalization;
using Microsoft.Extensions.Options;
using Millrace.Processing.Hosting;

namespace Millrace.Processing.Configuration;

/// <summary>Checks one connection at start.</summary>
sealed class MillraceOptionsValidator(MillraceRegistration registration) : IValidateOptions<MillraceOptions>
{
    public ValidateOptionsResult Validate(string? name, MillraceOptions options)
    {
        if (name != registration.Name)
        {
            return ValidateOptionsResult.Skip;
        }

        var problems = new List<string>(options.Problems);
        problems.AddRange(registration.Problems);
        CheckBootstrap(options.BootstrapServers, problems);
        if (options.StartTimeout <= TimeSpan.Zero)
        {
            problems.Add($"StartTimeout is {options.StartTimeout}; use a positive time, for example 30s.");
        }

        if (options.CreatePartitions < 1)
        {
            problems.Add($"CreatePartitions is {options.CreatePartitions}; use at least 1.");
        }

        if (options.CreateReplicationFactor is 0 or < -1)
        {
            problems.Add(
                $"CreateReplicationFactor is {options.CreateReplicationFactor}; use -1 for the broker's default, or "
                + "at least 1.");
        }

        return problems.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(problems.Select(problem => $"Millrace '{name}': {problem}"));
    }

    void CheckBootstrap(string servers, List<string> problems)
    {
        var entries = servers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (entries.Length == 0)
        {
            problems.Add($"No broker is named; set ConnectionStrings:{registration.Name} to host:port, for example "
                + "127.0.0.1:9092.");
        }

        foreach (var entry in entries)
        {
            var colon = entry.LastIndexOf(':');
            if (colon < 1 || !int.TryParse(
                    entry.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port)
                || port is 0 or > 65535)
            {
                problems.Add($"'{entry}' in ConnectionStrings:{registration.Name} is not host:port; write for example "
                    + "127.0.0.1:9092, several separated by commas.");
            }
        }
    }
}
