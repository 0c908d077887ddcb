using Millrace.MessageGenerator;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Messages;

// Every message that there is, found through its definition.
static class Catalog
{
    public static IReadOnlyList<Definition> Definitions { get; } = Load();

    public static IReadOnlyList<Message> Messages { get; } = [.. Definitions.SelectMany(d => d.Messages)];

    public static TheoryData<string> Names { get; } = new(Messages.Select(m => m.Name));

    public static Message Find(string name) => Messages.Single(m => m.Name == name);

    public static Type TypeOf(Message message) =>
        typeof(IMessage).Assembly.GetType($"Millrace.Protocol.Messages.{message.Name}", throwOnError: true)!;

    public static IMessage New(Message message) => (IMessage)Activator.CreateInstance(TypeOf(message))!;

    public static IEnumerable<short> VersionsOf(Message message)
    {
        for (var version = message.Versions.Low; version <= message.Versions.High; version++)
            yield return version;
    }

    public static byte[] Encode(IMessage message, short version)
    {
        using var writer = new WireWriter(BufferPool.Default);
        message.Write(writer, version);
        return writer.ToArray();
    }

    static List<Definition> Load()
    {
        var folder = Path.Combine(Repository.Root, Generator.DefinitionsFolder);
        var files = Directory.EnumerateFiles(folder, "*.msg").Order(StringComparer.Ordinal);
        return [.. files.Select(f => Generator.Parse(Path.GetFileName(f), File.ReadAllText(f)))];
    }
}
