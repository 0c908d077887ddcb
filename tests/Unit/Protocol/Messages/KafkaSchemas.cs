using System.IO.Compression;
using System.Text.Json;

namespace Millrace.Unit.Protocol.Messages;

// The message schemas that lie in the jars of a Kafka distribution, by name.
static class KafkaSchemas
{
    static readonly JsonDocumentOptions WithComments = new() { CommentHandling = JsonCommentHandling.Skip };

    public static Dictionary<string, JsonElement> Load(string kafka)
    {
        var schemas = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var jar in Directory.EnumerateFiles(Path.Combine(kafka, "lib"), "kafka-*.jar").Where(IsWanted))
        {
            using var zip = ZipFile.OpenRead(jar);
            foreach (var entry in zip.Entries.Where(IsSchema))
            {
                using var stream = entry.Open();
                using var document = JsonDocument.Parse(stream, WithComments);
                schemas[document.RootElement.GetProperty("name").GetString()!] = document.RootElement.Clone();
            }
        }
        return schemas;
    }

    static bool IsSchema(ZipArchiveEntry entry) =>
        entry.FullName.Contains("common/message/", StringComparison.Ordinal)
        && entry.Name.EndsWith(".json", StringComparison.Ordinal);

    static bool IsWanted(string jar) =>
        Path.GetFileName(jar).StartsWith("kafka-clients-", StringComparison.Ordinal)
        || Path.GetFileName(jar).StartsWith("kafka-group-coordinator-4", StringComparison.Ordinal);
}
