using System.Text;
using Millrace.MessageGenerator;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol.Messages;

// The checked-in bytes: one file per definition, one line per message, version and variant:
//   FetchRequest 12 empty 0000…     a new instance
//   FetchRequest 12 filled 0a1b…    one with values in every field
static class Golden
{
    public static string Folder { get; } = Path.Combine(Repository.Root, "tests/Unit/Protocol/Golden");

    // Under UPDATE=1 makes the folder hold exactly what is made now.
    public static void RewriteIfAsked()
    {
        if (!Repository.Update)
            return;
        Directory.CreateDirectory(Folder);
        foreach (var old in Directory.EnumerateFiles(Folder))
            File.Delete(old);
        foreach (var (file, content) in Make())
            File.WriteAllText(Path.Combine(Folder, file), content);
    }

    public static IEnumerable<(string File, string Content)> Make()
    {
        foreach (var definition in Catalog.Definitions)
            yield return ($"{definition.Name}.txt", string.Concat(definition.Messages.SelectMany(Lines)));
        yield return ("Frame.txt", string.Concat(HeaderLines()));
    }

    static IEnumerable<string> Lines(Message message)
    {
        foreach (var version in Catalog.VersionsOf(message))
        {
            yield return Line(message.Name, version, "empty", Catalog.Encode(Catalog.New(message), version));
            var filled = Filler.Fill(message, version, Filler.SeedOf(message, version), longBytes: 30);
            yield return Line(message.Name, version, "filled", Catalog.Encode(filled, version));
        }
    }

    // Headers as they stand before every request and response, with the version that Kafka gives such a header.
    static IEnumerable<string> HeaderLines()
    {
        foreach (var definition in Catalog.Definitions.Where(d => d.ApiKey is not null))
        {
            var key = (ApiKey)definition.ApiKey!.Value;
            foreach (var version in Catalog.VersionsOf(definition.Messages[0]))
            {
                var flexible = definition.Messages[0].Flexible.Contains(version);
                var api = $"{(short)key}:{version}";
                var header = new RequestHeader(key, version, 0x01020304, "golden");
                var request = Bytes(w => Frame.WriteRequestHeader(w, header, flexible));
                var response = Bytes(w => Frame.WriteResponseHeader(w, key, 0x01020304, flexible));
                yield return Line("RequestHeader", Frame.RequestHeaderVersion(flexible), api, request);
                yield return Line("ResponseHeader", Frame.ResponseHeaderVersion(key, flexible), api, response);
            }
        }
    }

    static byte[] Bytes(Action<WireWriter> write)
    {
        using var writer = new WireWriter(BufferPool.Default);
        write(writer);
        return writer.ToArray();
    }

    static string Line(string name, short version, string variant, byte[] bytes) =>
        new StringBuilder().Append(name).Append(' ').Append(version).Append(' ').Append(variant).Append(' ')
            .Append(bytes.Length == 0 ? "-" : Convert.ToHexStringLower(bytes)).Append('\n').ToString();
}
