namespace Millrace.MessageGenerator;

/// <summary>Turns message definitions into the codecs of <c>src/Protocol/Messages</c>. The same input gives the same
/// bytes on every machine.</summary>
public static class Generator
{
    /// <summary>Where the definitions are, from the root of the repository.</summary>
    public const string DefinitionsFolder = "src/Protocol/Definitions";

    /// <summary>Where the generated files go, from the root of the repository.</summary>
    public const string MessagesFolder = "src/Protocol/Messages";

    /// <summary>Generates one file from one definition.</summary>
    /// <param name="fileName">The definition's file name, for messages and the head of the result.</param>
    /// <param name="definition">Its text.</param>
    /// <exception cref="DefinitionException">The text does not follow the grammar.</exception>
    public static string Generate(string fileName, string definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return Emitter.Emit(Parse(fileName, definition));
    }

    /// <summary>Generates every file, by its path from the root of the repository.</summary>
    /// <param name="root">The root of the repository.</param>
    /// <exception cref="DefinitionException">A definition does not follow the grammar.</exception>
    public static SortedDictionary<string, string> GenerateAll(string root)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in Directory.EnumerateFiles(Path.Combine(root, DefinitionsFolder), "*.msg"))
        {
            var name = Path.GetFileName(path);
            var definition = Parse(name, File.ReadAllText(path));
            files.Add($"{MessagesFolder}/{definition.Name}.g.cs", Emitter.Emit(definition));
        }
        return files;
    }

    /// <summary>The generated files that differ from their definitions, are missing, or have none any more.</summary>
    /// <param name="root">The root of the repository.</param>
    public static IReadOnlyList<string> FindStale(string root)
    {
        var wanted = GenerateAll(root);
        var stale = wanted.Where(file => !IsOnDisk(Path.Combine(root, file.Key), file.Value)).Select(file => file.Key);
        return [.. stale, .. FindOrphans(root, wanted)];
    }

    internal static Definition Parse(string fileName, string text) => new DefinitionParser(fileName, text).Parse();

    internal static IEnumerable<string> FindOrphans(string root, SortedDictionary<string, string> wanted)
    {
        var folder = Path.Combine(root, MessagesFolder);
        var present = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.g.cs") : [];
        return present.Select(path => $"{MessagesFolder}/{Path.GetFileName(path)}")
            .Where(path => !wanted.ContainsKey(path)).Order(StringComparer.Ordinal);
    }

    static bool IsOnDisk(string path, string content) => File.Exists(path) && File.ReadAllText(path) == content;
}
