using System.Diagnostics;
using Xunit;

namespace Millrace.Unit.Protocol.Messages;

public sealed class GoldenTests
{
    public GoldenTests() => Golden.RewriteIfAsked();

    [Fact]
    public void Messages_encode_to_the_checked_in_bytes()
    {
        foreach (var (file, content) in Golden.Make())
        {
            var path = Path.Combine(Golden.Folder, file);
            Assert.True(File.Exists(path), $"{file} is missing: run with UPDATE=1.");
            var wanted = File.ReadAllLines(path);
            var found = content.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            for (var i = 0; i < Math.Min(wanted.Length, found.Length); i++)
                Assert.True(wanted[i] == found[i], $"{file}({i + 1})\nis     {found[i]}\nwanted {wanted[i]}");
            Assert.True(wanted.Length == found.Length, $"{file} has {wanted.Length} lines, made were {found.Length}.");
        }
    }

    [Fact]
    public void No_golden_file_is_left_over()
    {
        var wanted = Golden.Make().Select(g => g.File).Order(StringComparer.Ordinal);
        var present = new DirectoryInfo(Golden.Folder).GetFiles().Select(f => f.Name).Order(StringComparer.Ordinal);
        Assert.Equal(wanted, present);
    }

    // Kafka's own classes read the golden bytes, are left with none over, and write the same bytes again.
    [Fact]
    public async Task Kafkas_own_classes_agree_with_the_checked_in_bytes()
    {
        Assert.SkipWhen(Repository.Kafka is null, "No Kafka distribution: set MILLRACE_KAFKA_DIR.");
        var start = new ProcessStartInfo("java") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-cp");
        start.ArgumentList.Add(Path.Combine(Repository.Kafka!, "lib", "*"));
        start.ArgumentList.Add(Path.Combine(Repository.Root, "tests/Unit/Protocol/Java/GoldenCheck.java"));
        foreach (var file in Directory.EnumerateFiles(Golden.Folder).Order(StringComparer.Ordinal))
            start.ArgumentList.Add(file);

        using var java = Process.Start(start)!;
        var errors = java.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await java.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await java.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(java.ExitCode == 0, $"{output}\n{await errors}");
        var lines = Golden.Make().Sum(g => g.Content.Count(c => c == '\n'));
        Assert.Equal($"{lines} lines agree", output.Trim());
    }
}
