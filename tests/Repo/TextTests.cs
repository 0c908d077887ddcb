using System.Text.RegularExpressions;
using Xunit;

namespace Millrace.Repo;

/// <summary>Texts: titles, links that lead somewhere, scenario files that state their promise.</summary>
public sealed partial class TextTests
{
    [Fact]
    public void Every_page_has_a_title()
    {
        Assert.All(Checkout.Files("*.md"), file =>
        {
            var first = Checkout.Lines(file).FirstOrDefault(l => l.Length > 0);
            Assert.True(first?.StartsWith("# ", StringComparison.Ordinal) == true, file);
        });
    }

    [Fact]
    public void Links_between_files_lead_somewhere()
    {
        var broken = new List<string>();
        foreach (var file in Checkout.Files("*.md"))
        {
            foreach (Match link in Link().Matches(Checkout.Read(file)))
            {
                var target = link.Groups[1].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains("://", StringComparison.Ordinal))
                {
                    continue;
                }

                var path = Path.Combine(Checkout.Root, Path.GetDirectoryName(file)!, target);
                if (!File.Exists(path) && !Directory.Exists(path))
                {
                    broken.Add($"{file}: {target}");
                }
            }
        }

        Assert.Empty(broken);
    }

    [Fact]
    public void A_scenario_states_its_promise_on_its_first_line_and_fits_on_two_screens()
    {
        foreach (var file in Checkout.HandWritten("tests/Scenarios").Where(f => f.Count(c => c == '/') > 2))
        {
            var lines = Checkout.Lines(file);
            Assert.True(
                lines[0].StartsWith("// ", StringComparison.Ordinal), $"{file}: the first line is not a promise");
            Assert.True(lines.Length <= 130, $"{file}: {lines.Length} lines");
        }
    }

    [Fact]
    public void Nothing_names_a_path_of_somebodys_machine()
    {
        Assert.All(Checkout.Files("*.*").Where(f => f != "tests/Repo/TextTests.cs" && Texts().IsMatch(f)), file =>
            Assert.DoesNotMatch(@"/work/|/home/\w+/|/root/", Checkout.Read(file)));
    }

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\.(cs|md|sh|msg|csproj|props|slnx|json|mjs|js|html|css|py|txt)$|(^|/)[^./]+$")]
    private static partial Regex Texts();
}
