using System.Text.RegularExpressions;
using Xunit;

namespace Millrace.Repo;

/// <summary>The seams hold: banned calls are lifted only in named files, suppressions have reasons, tests never
/// sleep.</summary>
public sealed partial class SeamTests
{
    /// <summary>The files that may lift the ban on clocks, threads, files and shared pools: each is a seam.</summary>
    static readonly HashSet<string> SeamFiles =
    [
        "src/Protocol/Wire/BufferPool.cs",
        "src/Client/Loop.cs",
        "src/Broker/Loop.cs",
        "src/Broker/Storage/DiskFileSystem.cs",
        "src/Processing/Loop.cs",
        "src/Client/ClientRuntime.cs",
        "src/Broker/BrokerRuntime.cs",
    ];

    [Fact]
    public void Only_seam_files_lift_the_ban()
    {
        var offenders = Checkout.HandWritten("src")
            .Where(file => !SeamFiles.Contains(file))
            .Where(file => Checkout.Read(file).Contains("RS0030", StringComparison.Ordinal));
        Assert.Empty(offenders);
    }

    [Fact]
    public void The_ban_is_not_lifted_by_configuration()
    {
        Assert.Contains(
            "dotnet_diagnostic.RS0030.severity = error", Checkout.Read(".editorconfig"), StringComparison.Ordinal);
        Assert.All(Checkout.Files("*.csproj", "src"), file =>
            Assert.DoesNotContain("NoWarn", Checkout.Read(file), StringComparison.Ordinal));
    }

    [Fact]
    public void A_suppression_has_a_reason()
    {
        var offenders = new List<string>();
        foreach (var file in Checkout.HandWritten("src", "tests", "eng", "samples")
                     .Where(file => file != "tests/Repo/SeamTests.cs"))
        {
            var lines = Checkout.Lines(file);
            for (var i = 0; i < lines.Length; i++)
            {
                if (!Disable().IsMatch(lines[i]))
                {
                    continue;
                }

                var above = i > 0 && lines[i - 1].TrimStart().StartsWith("//", StringComparison.Ordinal);
                if (!above && !lines[i].Contains("//", StringComparison.Ordinal))
                {
                    offenders.Add($"{file}:{i + 1}");
                }
            }
        }

        Assert.Empty(offenders);
    }

    [Fact]
    public void Nothing_unfinished_hides_behind_a_name()
    {
        var offenders = Checkout.HandWritten("src", "samples", "eng")
            .SelectMany(file => Checkout.Lines(file)
                .Where(line => Unfinished().IsMatch(line))
                .Select(line => $"{file}: {line.Trim()}"));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Tests_wait_for_conditions_and_never_sleep()
    {
        var offenders = Checkout.HandWritten("tests")
            .Where(file => file != "tests/Repo/SeamTests.cs")
            .SelectMany(file => Checkout.Lines(file)
                .Where(line => Sleeping().IsMatch(line))
                .Select(line => $"{file}: {line.Trim()}"));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Null_memory_is_spelled_out()
    {
        // `c ? null : memory` is an empty memory (null converts by way of byte[]), and has cost us null keys and
        // values. `default(ReadOnlyMemory<byte>?)` says what is meant.
        var sources = Checkout.Files("*.cs", "src", "samples").Select(file => (file, Checkout.Read(file)));
        Assert.Empty(NullMemory.Find(sources));
    }

    [Theory]
    [InlineData("ReadOnlyMemory<byte>? F(bool c, ReadOnlyMemory<byte> m) => c ? null : m;", true)]
    [InlineData("ReadOnlyMemory<byte>? F(bool c, ReadOnlyMemory<byte> m) => c ? m[1..] : null;", true)]
    [InlineData("ReadOnlyMemory<byte>? F(bool c, ReadOnlyMemory<byte> m) => c ? default : m;", true)]
    [InlineData("ReadOnlyMemory<byte>? F(bool c, ReadOnlyMemory<byte> m) => c ? null : m.ToArray();", true)]
    [InlineData("ReadOnlyMemory<byte>? F(int c, ReadOnlyMemory<byte> m) => c switch { 0 => null, _ => m };", true)]
    [InlineData("void F(bool c, Memory<byte> m) { var x = c\n? null\n: m; }", true)]
    [InlineData("ReadOnlyMemory<byte>? F(bool c, ReadOnlyMemory<byte>? m) => c ? null : m;", false)]
    [InlineData("ReadOnlyMemory<byte>? F(bool c, Memory<byte> m) => c ? default(ReadOnlyMemory<byte>?) : m;", false)]
    [InlineData("byte[]? F(bool c, ReadOnlyMemory<byte> m) => c ? null : m.ToArray();", false)]
    [InlineData("string? F(ReadOnlyMemory<byte>? m) => m is { } b ? b.ToString() : null;", false)]
    [InlineData("TimeSpan? F(bool c, TimeSpan t) => c ? null : t;", false)]
    public void Null_memory_is_told_from_other_nulls(string method, bool isFound) =>
        Assert.Equal(isFound, NullMemory.Find([("x.cs", $"class C {{ {method} }}")]).Any());

    [GeneratedRegex(@"#pragma warning disable")]
    private static partial Regex Disable();

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"Thread\.Sleep\(|Task\.Delay\((?!.*(timeProvider|clock|Clock|TimeProvider))")]
    private static partial Regex Sleeping();
}
