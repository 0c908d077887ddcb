using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Millrace.Repo;

/// <summary>C# on a page compiles as a program of its own, with nothing but what a new project has and the types that
/// the page leaves to its reader.</summary>
public sealed partial class DocsTests
{
    // What the SDK for web applications adds to every file.
    const string GlobalUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Microsoft.AspNetCore.Builder;
        global using Microsoft.AspNetCore.Hosting;
        global using Microsoft.AspNetCore.Http;
        global using Microsoft.AspNetCore.Routing;
        global using Microsoft.Extensions.Configuration;
        global using Microsoft.Extensions.DependencyInjection;
        global using Microsoft.Extensions.Hosting;
        global using Microsoft.Extensions.Logging;
        """;

    static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    /// <summary>A page, what its reader has written before its code, and the types that are the reader's.</summary>
    static readonly (string Page, string Before, string Types)[] Pages =
    [
        ("README.md", "", """
            record OrderEvent(string Id);
            interface IOrders { Task SaveAsync(OrderEvent order, CancellationToken cancellation); }
            """),
        ("docs/processing.md", "", """
            record OrderPlaced(string Id);
            record Shipped(string Id);
            interface IInvoices { Task CreateAsync(OrderPlaced order, DateTimeOffset at, CancellationToken ct); }
            class Invoices : IInvoices
            {
                public Task CreateAsync(OrderPlaced order, DateTimeOffset at, CancellationToken ct) =>
                    Task.CompletedTask;
            }
            class ShipmentHandler : Millrace.Processing.IHandle<Shipped>
            {
                public ValueTask HandleAsync(
                    Shipped value, Millrace.Processing.RecordInfo record, CancellationToken cancellation) => default;
            }
            """),
        ("docs/broker.md", "", ""),
        ("docs/console.md", "var builder = WebApplication.CreateBuilder(args); var app = builder.Build();", ""),
    ];

    public static TheoryData<string> PageNames => [.. Pages.Select(page => page.Page)];

    [Theory]
    [MemberData(nameof(PageNames))]
    public void The_code_of_a_page_compiles(string page)
    {
        var (_, before, types) = Pages.Single(p => p.Page == page);
        var blocks = Blocks(page);
        Assert.NotEmpty(blocks);
        foreach (var block in blocks)
        {
            Assert.Empty(Errors(block, before, types));
        }
    }

    [Fact]
    public void Every_page_with_code_is_compiled() =>
        Assert.DoesNotContain(
            Checkout.Files("*.md"),
            // Architecture shows shapes, with gaps.
            file => file != "ARCHITECTURE.md" && Blocks(file).Count > 0 && Pages.All(page => page.Page != file));

    [Fact]
    public void A_page_whose_code_is_wrong_is_found()
    {
        Assert.NotEmpty(Errors("Missing.Call();", "", ""));
        Assert.Empty(Errors("using Millrace.Protocol;\nvar p = new TopicPartition(\"a\", 1);", "", ""));
    }

    [Fact]
    public void The_example_of_the_processing_page_is_the_one_that_is_run()
    {
        var run = RunExample().Match(Checkout.Read("tests/Unit/Processing/Docs/ProcessingPageTests.cs"));
        Assert.True(run.Success);
        Assert.Contains(
            Bare(run.Groups[1].Value), Bare(Checkout.Read("docs/processing.md")), StringComparison.Ordinal);
    }

    static List<string> Blocks(string page) =>
        [.. Block().Matches(Checkout.Read(page).ReplaceLineEndings("\n")).Select(m => m.Groups[1].Value)];

    static IEnumerable<string> Errors(string block, string before, string types)
    {
        var options = new CSharpParseOptions(LanguageVersion.CSharp14);
        var lines = block.Split('\n');
        var usings = lines.TakeWhile(line => line.StartsWith("using Millrace.", StringComparison.Ordinal)).Count();
        var program = string.Join('\n', [.. lines[..usings], before, .. lines[usings..], types]);
        return CSharpCompilation.Create(
                "page",
                [CSharpSyntaxTree.ParseText(program, options), CSharpSyntaxTree.ParseText(GlobalUsings, options)],
                References,
                new CSharpCompilationOptions(
                    OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable))
            .GetDiagnostics()
            .Where(d => d.Severity == DiagnosticSeverity.Error)
            .Select(d => d.ToString());
    }

    static string Bare(string code) => Whitespace().Replace(code, "");

    [GeneratedRegex(@"^```csharp\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(
        @"static void Register\(HostApplicationBuilder builder\)\s*\{(.*?)\n    \}", RegexOptions.Singleline)]
    private static partial Regex RunExample();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();
}
