using System.Diagnostics;
using System.Reflection;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Millrace.Scenarios;

/// <summary>Runs <c>samples/Orders</c> (or the <c>millrace</c> command) as a user would: a process, its output, its
/// exit code.</summary>
sealed class OrdersProcess : IDisposable
{
    static readonly TimeSpan Deadline = TimeSpan.FromMinutes(4);

    readonly Process _process;
    readonly StringBuilder _output = new();
    readonly StringBuilder _error = new();

    OrdersProcess(string project, IEnumerable<string> arguments)
    {
        var configuration = Path.GetFileName(Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location))!;
        var binary = Path.Combine(Root, "artifacts", "bin", project, configuration, $"Millrace.{project}.dll");
        var start = new ProcessStartInfo("dotnet", ["exec", binary, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Append(_output, e.Data);
        _process.ErrorDataReceived += (_, e) => Append(_error, e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static string Root { get; } = FindRoot();

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public string Error
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    public bool HasExited => _process.HasExited;

    public static OrdersProcess Start(params string[] arguments) => new("Orders", arguments);

    public static OrdersProcess StartCli(params string[] arguments) => new("Cli", arguments);

    /// <summary>Runs the sample to its end and returns its exit code.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var process = Start(arguments);
        var code = await process.WaitAsync();
        return (code, process.Output, process.Error);
    }

    /// <summary>Reads a file that <c>--summary</c> wrote.</summary>
    public static JsonElement Summary(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>SIGTERM, which a process handles as it does Ctrl+C. (A test run in the background of a shell inherits
    /// that SIGINT is ignored, and so would this process.)</summary>
    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public async Task<int> WaitAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"The process did not end within {Deadline}.\n{Output}\n{Error}");
        }

        return _process.ExitCode;
    }

    /// <summary>Waits until the output contains a text; fails when the process ends without it.</summary>
    public async Task WaitForOutputAsync(string text)
    {
        await Until.TrueAsync(
            () => Output.Contains(text, StringComparison.Ordinal) || HasExited, $"the output contains \"{text}\"");
        if (HasExited)
        {
            // The last lines may still be on their way.
            await WaitAsync();
            Assert.True(
                Output.Contains(text, StringComparison.Ordinal), $"It ended without \"{text}\".\n{Output}\n{Error}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    static string FindRoot()
    {
        var folder = Path.GetDirectoryName(Assembly.GetExecutingAssembly().Location);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Millrace.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("Millrace.slnx was not found above the test assembly.");
    }
}
