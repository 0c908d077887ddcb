using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Millrace.Repo;

/// <summary>Finds choices that mean a null memory and get an empty one. In <c>c ? null : memory</c> the type is that of
/// <c>memory</c>, and null converts to it by way of <c>byte[]</c>; a null array that converts to a nullable memory
/// becomes an empty one too. The compiler accepts all of it without a warning.</summary>
static class NullMemory
{
    // What the SDK adds to every file.
    const string GlobalUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    static readonly MetadataReference[] References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
            .Split(Path.PathSeparator)
            .Where(path => !Path.GetFileName(path).StartsWith("Millrace.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ];

    public static IEnumerable<string> Find(IEnumerable<(string File, string Text)> sources)
    {
        // One compilation of everything: types of packages that this project does not reference stay unknown, which
        // leaves the types of memory known.
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        var trees = sources.Select(s => CSharpSyntaxTree.ParseText(s.Text, options, s.File)).ToList();
        var compilation = CSharpCompilation.Create(
            "everything",
            [.. trees, CSharpSyntaxTree.ParseText(GlobalUsings, options)],
            References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
        return trees.SelectMany(tree => In(tree, compilation));
    }

    static IEnumerable<string> In(SyntaxTree tree, CSharpCompilation compilation)
    {
        var model = new Lazy<SemanticModel>(() => compilation.GetSemanticModel(tree));
        foreach (var node in tree.GetRoot().DescendantNodes().OfType<ExpressionSyntax>())
        {
            var empty = Arms(node).FirstOrDefault(arm =>
                arm.Kind() is SyntaxKind.NullLiteralExpression or SyntaxKind.DefaultLiteralExpression);
            if (empty is not null && IsEmptyMemory(model.Value, node, empty))
            {
                var line = node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
                yield return $"{tree.FilePath}:{line}: {node}";
            }
        }
    }

    static IEnumerable<ExpressionSyntax> Arms(ExpressionSyntax node) => node switch
    {
        ConditionalExpressionSyntax c => [c.WhenTrue, c.WhenFalse],
        SwitchExpressionSyntax s => s.Arms.Select(arm => arm.Expression),
        _ => [],
    };

    static bool IsEmptyMemory(SemanticModel model, ExpressionSyntax choice, ExpressionSyntax arm)
    {
        if (arm.IsKind(SyntaxKind.NullLiteralExpression) && IsMemory(model.GetTypeInfo(arm).ConvertedType))
        {
            return true;
        }

        var info = model.GetTypeInfo(choice);
        return (info.Type is IArrayTypeSymbol || IsMemory(info.Type))
            && info.ConvertedType is INamedTypeSymbol
            {
                OriginalDefinition.SpecialType: SpecialType.System_Nullable_T,
                TypeArguments: [var target],
            }
            && IsMemory(target);
    }

    static bool IsMemory(ITypeSymbol? type) =>
        type is INamedTypeSymbol { Name: "Memory" or "ReadOnlyMemory", Arity: 1, ContainingNamespace.Name: "System" };
}
