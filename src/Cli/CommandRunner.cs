using System.CommandLine;
using System.Text.RegularExpressions;
using Millrace.Cli.Commands;
using Millrace.Client;

namespace Millrace.Cli;

/// <summary>Runs a command line. Every failure is one line on standard error that names the remedy, and a non-zero exit
/// code: 1 the work failed, 2 the command line is wrong, 130 interrupted.</summary>
static partial class CommandRunner
{
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await WriteErrorAsync($"{Explain(parsed)} See: millrace --help").ConfigureAwait(false);
            return 2;
        }

        try
        {
            // Ctrl+C starts a drain; how long that may take is the broker's or the replay's to say, not the parser's,
            // which by default kills the process after 2 s.
            var configuration = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = TimeSpan.FromSeconds(60),
            };
            return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
        catch (Exception e) when (
            e is CommandException or KafkaServerException or KafkaConnectionException or IOException
            or UnauthorizedAccessException or ArgumentException or InvalidOperationException
            or System.Net.Sockets.SocketException)
        {
            await WriteErrorAsync(e.Message).ConfigureAwait(false);
            return 1;
        }
    }

    public static RootCommand CreateRoot() => new("Millrace: operations on Kafka from the command line.")
    {
        BrokerCommand.Create(),
        ConsoleCommand.Create(),
        LagCommand.Create(),
        TopicsCommand.Create(),
        DeadLetterCommand.Create(),
    };

    /// <summary>What is wrong with a command line, for somebody who knows no types.</summary>
    internal static string Explain(ParseResult parsed)
    {
        // "Required command was not provided" comes first, although the word that is none says more.
        var errors = parsed.Errors.Select(static e => e.Message).ToArray();
        var text = errors.FirstOrDefault(static e => e.StartsWith("Unrecognized", StringComparison.Ordinal))
            ?? errors[0];
        return OneLine(ExpectedType().Replace(
            text, static m => m.Value.Contains("'System.", StringComparison.Ordinal) ? ": it takes a number." : "."));
    }

    static async Task WriteErrorAsync(string message) =>
        await System.Console.Error.WriteLineAsync($"millrace: {OneLine(message)}").ConfigureAwait(false);

    static string OneLine(string text) => ParameterName().Replace(text, "").ReplaceLineEndings(" ");

    [GeneratedRegex(@" as expected type '[^']*'\.")]
    private static partial Regex ExpectedType();

    /// <summary>What an ArgumentException adds for programmers.</summary>
    [GeneratedRegex(@" \(Parameter '[^']*'\)$")]
    private static partial Regex ParameterName();
}

/// <summary>A failure that is explained in full by its message.</summary>
/// <param name="message">What is wrong and what to do.</param>
sealed class CommandException(string message) : Exception(message);
