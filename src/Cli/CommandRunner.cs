using System.CommandLine;
using System.CommandLine.Parsing;
using Millrace.Client;

namespace Millrace.Cli;

/// <summary>Runs a command line. Every failure is one line on standard error that names the remedy, and a non-zero exit
/// code: 1 the work failed, 2 the command line is wrong, 130 interrupted.</summary>
static class CommandRunner
{
    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
        {
            await WriteErrorAsync(parsed.Errors[0]).ConfigureAwait(false);
            return 2;
        }

        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false };
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
            await System.Console.Error.WriteLineAsync("millrace: " + OneLine(e.Message)).ConfigureAwait(false);
            return 1;
        }
    }

    static async Task WriteErrorAsync(ParseError error) =>
        await System.Console.Error.WriteLineAsync($"millrace: {OneLine(error.Message)} See: millrace --help")
            .ConfigureAwait(false);

    static string OneLine(string text) => text.ReplaceLineEndings(" ");
}

/// <summary>A failure that is explained in full by its message.</summary>
/// <param name="message">What is wrong and what to do.</param>
sealed class CommandException(string message) : Exception(message);
