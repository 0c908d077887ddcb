using Millrace.MessageGenerator;

// dotnet run --project eng/MessageGenerator [-- --check]
var root = FindRoot();
if (root is null)
{
    Console.Error.WriteLine("No Millrace.slnx here or above: run this inside the repository.");
    return 2;
}
try
{
    return args.Contains("--check") ? Check(root) : Write(root);
}
catch (DefinitionException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

static int Check(string root)
{
    var stale = Generator.FindStale(root);
    foreach (var file in stale)
        Console.Error.WriteLine($"{file} is stale: run `dotnet run --project eng/MessageGenerator`.");
    return stale.Count == 0 ? 0 : 1;
}

static int Write(string root)
{
    var wanted = Generator.GenerateAll(root);
    foreach (var orphan in Generator.FindOrphans(root, wanted))
        File.Delete(Path.Combine(root, orphan));
    Directory.CreateDirectory(Path.Combine(root, Generator.MessagesFolder));
    foreach (var (path, content) in wanted)
        File.WriteAllText(Path.Combine(root, path), content);
    Console.WriteLine($"{wanted.Count} files written to {Generator.MessagesFolder}.");
    return 0;
}

static string? FindRoot()
{
    var folder = new DirectoryInfo(Environment.CurrentDirectory);
    while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Millrace.slnx")))
        folder = folder.Parent;
    return folder?.FullName;
}
