using System.Reflection;

namespace Millrace.Repo;

/// <summary>The checkout under test: where its root is and which files it has.</summary>
static class Checkout
{
    static readonly string[] SkippedFolders = ["artifacts", "bin", "obj", ".git", "node_modules", "data"];

    public static string Root { get; } = FindRoot();

    public static bool Update => Environment.GetEnvironmentVariable("UPDATE") == "1";

    /// <summary>Files below the named top folders, as paths relative to the root with forward slashes,
    /// sorted.</summary>
    public static IEnumerable<string> Files(string pattern, params string[] folders) =>
        (folders.Length == 0 ? [Root] : folders.Select(f => Path.Combine(Root, f)).Where(Directory.Exists))
        .SelectMany(folder => Walk(folder, pattern))
        .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
        .Order(StringComparer.Ordinal);

    /// <summary>C# files that people wrote.</summary>
    public static IEnumerable<string> HandWritten(params string[] folders) =>
        Files("*.cs", folders).Where(file => !file.EndsWith(".g.cs", StringComparison.Ordinal));

    public static string Read(string relative) => File.ReadAllText(Path.Combine(Root, relative));

    public static string[] Lines(string relative) => File.ReadAllLines(Path.Combine(Root, relative));

    public static void Write(string relative, string text) => File.WriteAllText(Path.Combine(Root, relative), text);

    static IEnumerable<string> Walk(string folder, string pattern)
    {
        foreach (var file in Directory.EnumerateFiles(folder, pattern))
        {
            yield return file;
        }

        foreach (var child in Directory.EnumerateDirectories(folder))
        {
            if (SkippedFolders.Contains(Path.GetFileName(child)))
            {
                continue;
            }

            foreach (var file in Walk(child, pattern))
            {
                yield return file;
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
