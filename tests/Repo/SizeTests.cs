using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Millrace.Repo;

/// <summary>Files stop at 800 lines, methods at 70, lines at 120 columns. The exceptions are named and only become
/// fewer.</summary>
public sealed class SizeTests
{
    const int FileLines = 800;
    const int MethodLines = 70;
    const int Columns = 120;

    /// <summary>Files that may be longer. Take lines away, never add one.</summary>
    static readonly HashSet<string> LongFiles = [];

    /// <summary>Methods that may be longer, as <c>file:method</c>. Take lines away, never add one.</summary>
    static readonly HashSet<string> LongMethods = [];

    static IEnumerable<string> Code => Checkout.HandWritten("src", "tests", "eng", "samples", "bench");

    [Fact]
    public void Files_stop_at_800_lines() =>
        Assert.Empty(Code.Where(file => !LongFiles.Contains(file) && Checkout.Lines(file).Length > FileLines)
            .Select(file => $"{file}: {Checkout.Lines(file).Length} lines"));

    [Fact]
    public void Lines_stop_at_120_columns() =>
        Assert.Empty(Code.SelectMany(file => Checkout.Lines(file)
            .Select((line, index) => (line, number: index + 1))
            .Where(x => x.line.Length > Columns)
            .Select(x => $"{file}:{x.number}: {x.line.Length} columns")));

    [Fact]
    public void Methods_stop_at_70_lines()
    {
        var found = new List<string>();
        foreach (var file in Code)
        {
            var tree = CSharpSyntaxTree.ParseText(Checkout.Read(file));
            foreach (var node in tree.GetRoot().DescendantNodes())
            {
                var (name, body) = node switch
                {
                    BaseMethodDeclarationSyntax m => (NameOf(m), (SyntaxNode?)m.Body ?? m.ExpressionBody),
                    LocalFunctionStatementSyntax f => (f.Identifier.Text, (SyntaxNode?)f.Body ?? f.ExpressionBody),
                    AccessorDeclarationSyntax a => (a.Keyword.Text, (SyntaxNode?)a.Body ?? a.ExpressionBody),
                    _ => ("", null),
                };
                if (body is null || LongMethods.Contains($"{file}:{name}"))
                {
                    continue;
                }

                var span = body.GetLocation().GetLineSpan();
                var lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
                if (lines > MethodLines)
                {
                    found.Add($"{file}:{span.StartLinePosition.Line + 1}: {name} has {lines} lines");
                }
            }
        }

        Assert.Empty(found);
    }

    static string NameOf(BaseMethodDeclarationSyntax method) => method switch
    {
        MethodDeclarationSyntax m => m.Identifier.Text,
        ConstructorDeclarationSyntax c => c.Identifier.Text,
        _ => method.Kind().ToString(),
    };
}
