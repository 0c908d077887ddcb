using System.Globalization;
using System.Text.Json;
using Millrace.MessageGenerator;
using Xunit;

namespace Millrace.Unit.Protocol.Messages;

// Our definitions say the same as Kafka's schemas: versions, fields in their order, types, tags, nulls, defaults.
public sealed class DefinitionsAgainstKafkaTests
{
    [Fact]
    public void Every_definition_has_the_facts_of_Kafkas_schema()
    {
        Assert.SkipWhen(Repository.Kafka is null, "No Kafka distribution: set MILLRACE_KAFKA_DIR.");
        var schemas = KafkaSchemas.Load(Repository.Kafka!);
        var differences = new List<string>();
        foreach (var message in Catalog.Messages)
        {
            // Only the request's schema says that the newest version is not released yet.
            var request = message.Name.Replace("Response", "Request", StringComparison.Ordinal);
            var isUnstable = schemas[request].TryGetProperty("latestVersionUnstable", out var f) && f.GetBoolean();
            new Comparison(message, schemas[message.Name], isUnstable, differences).Run();
        }
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    sealed class Comparison(Message message, JsonElement schema, bool isUnstable, List<string> differences)
    {
        // Keys of log records have one layout whatever the number in front of them is.
        readonly bool _isKey = message.Name.EndsWith("Key", StringComparison.Ordinal);

        public void Run()
        {
            if (!_isKey)
            {
                var theirs = Parse(schema.GetProperty("validVersions").GetString()!);
                if (isUnstable)
                    theirs = theirs with { High = (short)(theirs.High - 1) };
                Check(message.Name, "versions", theirs, message.Versions);
                var flexible = Parse(schema.GetProperty("flexibleVersions").GetString()!).Intersect(message.Versions);
                Check(message.Name, "flexible versions", flexible, message.Flexible);
            }
            Fields(message.Root, schema.GetProperty("fields"), message.Versions);
        }

        void Fields(Struct ours, JsonElement theirs, Versions scope)
        {
            var expected = theirs.EnumerateArray().Where(f => !Within(f, "versions", scope).IsEmpty).ToList();
            Check(ours.Name, "fields", Names(expected.Select(Name)), Names(ours.Fields.Select(f => f.Name)));
            foreach (var (field, fact) in ours.Fields.Zip(expected))
                Compare($"{message.Name}.{ours.Name}.{field.Name}", field, fact, scope);
        }

        void Compare(string path, Field ours, JsonElement theirs, Versions scope)
        {
            var type = theirs.GetProperty("type").GetString()!;
            var versions = Within(theirs, "versions", scope);
            Check(path, "versions", versions, ours.Versions);
            Check(path, "array", type.StartsWith("[]", StringComparison.Ordinal), ours.IsArray);
            Check(path, "nullable versions", Within(theirs, "nullableVersions", versions), ours.Nullable);
            Check(path, "ignorable", theirs.TryGetProperty("ignorable", out var i) && i.GetBoolean(), ours.IsIgnorable);
            Check(path, "tag", theirs.TryGetProperty("tag", out var tag) ? tag.GetUInt32() : null, ours.Tag);
            Check(path, "default", Default(theirs), ours.Default ?? "");
            if (ours.Struct is null)
            {
                var plain = type.Replace("[]", "", StringComparison.Ordinal);
                var isError = plain == "int16" && Name(theirs).EndsWith("ErrorCode", StringComparison.Ordinal);
                Check(path, "type", isError ? "error" : plain, ours.Type);
                return;
            }
            // Structures used twice are described once, at their first use or among the common ones.
            if (theirs.TryGetProperty("fields", out var fields))
                Fields(ours.Struct, fields, ours.Struct.Scope);
            else
                Fields(ours.Struct, Common(type.Replace("[]", "", StringComparison.Ordinal)), ours.Struct.Scope);
        }

        JsonElement Common(string name) =>
            schema.GetProperty("commonStructs").EnumerateArray().Single(s => s.GetProperty("name").GetString() == name)
                .GetProperty("fields");

        Versions Within(JsonElement field, string property, Versions scope)
        {
            if (!field.TryGetProperty(property, out var text))
                return Versions.None;
            return _isKey ? scope : Normal(Parse(text.GetString()!).Intersect(scope));
        }

        static Versions Normal(Versions versions) => versions.IsEmpty ? Versions.None : versions;

        static Versions Parse(string text) => Versions.TryParse(text, out var versions) ? versions : Versions.None;

        static string Name(JsonElement field)
        {
            var name = field.GetProperty("name").GetString()!;
            return char.ToUpperInvariant(name[0]) + name[1..];
        }

        static string Names(IEnumerable<string> names) => string.Join(' ', names);

        // As our definitions would write it.
        static string Default(JsonElement field)
        {
            if (!field.TryGetProperty("default", out var value))
                return "";
            var text = value.ToString().ToLowerInvariant();
            if (text.StartsWith("0x", StringComparison.Ordinal))
                text = long.Parse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                    .ToString(CultureInfo.InvariantCulture);
            return text is "0" or "false" ? "" : text;
        }

        void Check<T>(string path, string what, T theirs, T ours)
        {
            if (!EqualityComparer<T>.Default.Equals(theirs, ours))
                differences.Add($"{path}: {what}: Kafka has {theirs}, ours {ours}");
        }
    }
}
