using System.Diagnostics;
using Xunit;

namespace Millrace.Repo;

/// <summary>Checked-in generated code is what the generator makes of the definitions today.</summary>
public sealed class GeneratedCodeTests
{
    [Fact]
    public void Message_codecs_are_current()
    {
        var generator = typeof(MessageGenerator.Program).Assembly.Location;
        var arguments = Checkout.Update ? "" : "--check";
        using var process = Process.Start(new ProcessStartInfo("dotnet", $"exec \"{generator}\" {arguments}")
        {
            WorkingDirectory = Checkout.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"Run: dotnet run --project eng/MessageGenerator\n{output}{error.Result}");
    }
}
