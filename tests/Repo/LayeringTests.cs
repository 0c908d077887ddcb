using System.Text.RegularExpressions;
using System.Xml.Linq;
using Xunit;

namespace Millrace.Repo;

/// <summary>Who may know whom: the arrows of ARCHITECTURE.md.</summary>
public sealed partial class LayeringTests
{
    static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Protocol"] = [],
        ["Client"] = ["Protocol"],
        ["Broker"] = ["Protocol"],
        ["Processing"] = ["Client", "Protocol"],
        ["Ops"] = ["Processing", "Client", "Protocol"],
        ["Console"] = ["Ops", "Client", "Protocol"],
        ["Cli"] = ["Console", "Ops", "Processing", "Client", "Broker", "Protocol"],
        ["Testing"] = ["Processing", "Client", "Broker", "Protocol"],
    };

    /// <summary>Packages that only their project may use, beside Microsoft.Extensions abstractions.</summary>
    static readonly Dictionary<string, string[]> Packages = new()
    {
        ["Protocol"] = [],
        ["Client"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["Broker"] = ["Microsoft.Extensions.Logging.Abstractions"],
        ["Cli"] = ["System.CommandLine", "Spectre.Console", "Microsoft.Extensions.Logging.Abstractions"],
    };

    [Fact]
    public void Projects_reference_only_what_their_layer_may()
    {
        foreach (var (project, allowed) in Allowed)
        {
            var references = Project(project).Descendants("ProjectReference")
                .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
            Assert.All(references, reference =>
                Assert.True(allowed.Contains(reference), $"{project} references {reference}"));
        }
    }

    [Fact]
    public void Projects_use_only_packages_of_their_layer()
    {
        foreach (var project in Allowed.Keys)
        {
            var names = Project(project).Descendants("PackageReference").Select(r => r.Attribute("Include")!.Value);
            Assert.All(names, name => Assert.True(
                Packages.TryGetValue(project, out var allowed)
                    ? allowed.Contains(name)
                    : name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal),
                $"{project} uses the package {name}"));
        }
    }

    [Fact]
    public void Only_client_broker_and_testing_see_the_wire()
    {
        var offenders = Checkout.HandWritten("src/Processing", "src/Ops", "src/Console", "src/Cli", "samples")
            .SelectMany(file => Checkout.Lines(file)
                .Where(line => WireNamespace().IsMatch(line))
                .Select(line => $"{file}: {line.Trim()}"));
        Assert.Empty(offenders);
    }

    [Fact]
    public void Every_project_of_the_checkout_is_in_the_solution()
    {
        var solution = Checkout.Read("Millrace.slnx");
        Assert.All(Checkout.Files("*.csproj"), file => Assert.Contains(file, solution, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"Millrace\.Protocol\.(Messages|Wire|Records|Compression)\b")]
    private static partial Regex WireNamespace();

    static XDocument Project(string name) => XDocument.Parse(Checkout.Read($"src/{name}/{name}.csproj"));
}
