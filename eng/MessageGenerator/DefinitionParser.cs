using System.Globalization;
using System.Text.RegularExpressions;

namespace Millrace.MessageGenerator;

// Reads the grammar that src/Protocol/Definitions/README.md explains. One line at a time; indentation nests.
sealed partial class DefinitionParser(string source, string text)
{
    static readonly HashSet<string> Primitives =
    [
        "bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64",
        "string", "bytes", "records", "uuid", "error",
    ];

    readonly List<Line> _lines = SplitLines(source, text);
    int _next;
    List<Struct> _structs = [];

    public Definition Parse()
    {
        var (apiKey, name) = ParseHead();
        var messages = new List<Message>();
        while (_next < _lines.Count)
            messages.Add(ParseMessage(apiKey, name));
        if (apiKey is not null && (messages.Count != 2 || messages[0].Kind != MessageKind.Request
            || messages[1].Kind != MessageKind.Response))
            throw new DefinitionException($"{source}: an api has one request and then one response");
        return new Definition(source, apiKey, name, messages);
    }

    (short? ApiKey, string Name) ParseHead()
    {
        var line = _lines.Count > 0 ? _lines[0] : throw new DefinitionException($"{source}: the file is empty");
        var match = ApiPattern().Match(line.Text);
        if (!match.Success)
            return (null, Path.GetFileNameWithoutExtension(source));
        _next++;
        return (short.Parse(match.Groups["key"].ValueSpan, CultureInfo.InvariantCulture), match.Groups["name"].Value);
    }

    Message ParseMessage(short? apiKey, string apiName)
    {
        var line = _lines[_next++];
        var match = MessagePattern().Match(line.Text);
        if (!match.Success || line.Indent != 0)
            throw Wrong(line, "expected `request VERSIONS`, `response VERSIONS` or `data NAME VERSIONS`");
        var kind = Enum.Parse<MessageKind>(match.Groups["kind"].Value, ignoreCase: true);
        var isData = kind == MessageKind.Data;
        if (isData != (apiKey is null) || isData != match.Groups["name"].Success)
            throw Wrong(line, "`request` and `response` stand under an `api` line without a name, `data` has a name");
        var name = isData ? match.Groups["name"].Value : apiName + kind;
        var versions = ParseVersions(line, match.Groups["versions"].Value);
        var flexible = match.Groups["flexible"].Success
            ? ParseVersions(line, match.Groups["flexible"].Value).Intersect(versions)
            : Versions.None;

        _structs = [];
        ParseStruct(name, line.Doc, versions, line);
        var message = new Message(kind, name, line.Doc, versions, flexible, _structs);
        CheckTags(message, line);
        CheckNames(message, line);
        return message;
    }

    Struct ParseStruct(string name, string doc, Versions scope, Line owner)
    {
        if (_structs.Any(s => s.Name == name))
            throw Wrong(owner, $"{name} is defined twice in this message");
        var fields = new List<Field>();
        var result = new Struct(name, doc, scope, fields);
        _structs.Add(result);
        var indent = _next < _lines.Count ? _lines[_next].Indent : 0;
        while (indent > owner.Indent && _next < _lines.Count && _lines[_next].Indent == indent)
        {
            var line = _lines[_next++];
            if (StructPattern().Match(line.Text) is { Success: true } shared && owner.Indent == 0)
            {
                ParseShared(line, shared, scope);
                continue;
            }
            var field = ParseField(line, scope, name);
            if (fields.Any(f => f.Name == field.Name))
                throw Wrong(line, $"{name}.{field.Name} is defined twice");
            fields.Add(field);
        }
        if (_next < _lines.Count && _lines[_next].Indent > owner.Indent)
            throw Wrong(_lines[_next], "the indentation fits no open structure");
        return result;
    }

    // A structure of several fields that are not in the same versions, so that no first use covers all of them.
    void ParseShared(Line line, Match match, Versions scope)
    {
        if (line.Doc.Length == 0)
            throw Wrong(line, "a structure needs a comment above it: it becomes its documentation");
        var versions = ParseVersions(line, match.Groups["versions"], scope);
        if (ParseStruct(match.Groups["name"].Value, CodeWriter.Escape(line.Doc), versions, line).Fields.Count == 0)
            throw Wrong(line, "a structure needs fields below it");
    }

    Field ParseField(Line line, Versions scope, string structName)
    {
        var match = FieldPattern().Match(line.Text);
        if (!match.Success)
            throw Wrong(line, "expected `Name: type [VERSIONS] [= DEFAULT] [tag N] [ignorable]`");
        if (line.Doc.Length == 0)
            throw Wrong(line, "a field needs a comment above it: it becomes its documentation");
        var name = match.Groups["name"].Value;
        var type = match.Groups["type"].Value;
        var isArray = match.Groups["array"].Success;
        var versions = ParseVersions(line, match.Groups["versions"], scope);
        if (versions.IsEmpty)
            throw Wrong(line, $"no version of {structName} has this field");
        var nullable = match.Groups["nullable"].Success
            ? ParseVersions(line, match.Groups["since"], versions)
            : Versions.None;
        var initial = match.Groups["default"] is { Success: true } d ? d.Value : null;
        if (initial == "null" && nullable.IsEmpty)
            throw Wrong(line, "the default is null but the type is not nullable");
        if (!isArray && !nullable.IsEmpty && initial != "null" && !Primitives.Contains(type))
            throw Wrong(line, "a structure that may be null starts at null: add `= null`");
        var tag = match.Groups["tag"] is { Success: true } t ? ParseNumber(t) : (uint?)null;
        var nested = Primitives.Contains(type)
            ? null
            : FindOrParseStruct(type, StructDoc(structName, name, isArray), versions, line);
        if (nested is not null)
            nested.IsUsedAlone |= !isArray;
        return new Field(name, line.Doc, type, isArray, versions, nullable, match.Groups["ignorable"].Success, tag,
            initial, nested);
    }

    // The fields follow where the structure is used first; later uses name it only.
    Struct FindOrParseStruct(string name, string doc, Versions versions, Line line)
    {
        var found = _structs.FirstOrDefault(s => s.Name == name) ?? ParseStruct(name, doc, versions, line);
        if (found.Fields.Count == 0)
            throw Wrong(line, $"{name} is neither a primitive nor followed by its fields");
        if (!found.Scope.Contains(versions))
            throw Wrong(line, $"{name} is not defined for all these versions: put a `struct {name}` before the fields");
        return found;
    }

    static string StructDoc(string owner, string field, bool isArray) =>
        (isArray ? "One of " : "The type of ") + $"<see cref=\"{owner}.{field}\"/>.";

    void CheckTags(Message message, Line line)
    {
        foreach (var s in message.Structs)
        {
            var tags = s.Fields.Where(f => f.Tag is not null).ToList();
            if (tags.Any(f => !message.Flexible.Contains(f.Versions)))
                throw Wrong(line, $"{s.Name} has a tagged field in a version that is not flexible");
            if (tags.Select(f => f.Tag!.Value).Distinct().Count() != tags.Count)
                throw Wrong(line, $"{s.Name} uses a tag twice");
        }
    }

    // C# allows neither a member named like its class nor one named like a class beside it.
    void CheckNames(Message message, Line line)
    {
        var taken = message.Structs.Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var s in message.Structs)
        {
            var clash = s.Fields.FirstOrDefault(f => f.Name == s.Name || (s == message.Root && taken.Contains(f.Name)));
            if (clash is not null)
                throw Wrong(line, $"{s.Name}.{clash.Name} is named like a structure: give the structure another name");
        }
    }

    Versions ParseVersions(Line line, Group written, Versions scope) =>
        written.Success ? ParseVersions(line, written.Value).Intersect(scope) : scope;

    Versions ParseVersions(Line line, string written) =>
        Versions.TryParse(written, out var versions)
            ? versions
            : throw Wrong(line, $"`{written}` is not a range of versions");

    static uint ParseNumber(Group group) => uint.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    DefinitionException Wrong(Line line, string what) => new($"{source}({line.Number}): {what}: {line.Text}");

    static List<Line> SplitLines(string source, string text)
    {
        var lines = new List<Line>();
        var doc = new List<string>();
        var number = 0;
        foreach (var raw in text.Split('\n'))
        {
            number++;
            var trimmed = raw.Trim();
            if (raw.Contains('\t', StringComparison.Ordinal))
                throw new DefinitionException($"{source}({number}): a tab; indent with spaces");
            if (trimmed.Length == 0)
            {
                doc.Clear();   // a comment that stands alone is a note to the reader of the file
            }
            else if (trimmed[0] == '#')
            {
                doc.Add(trimmed[1..].Trim());
            }
            else
            {
                lines.Add(new Line(number, raw.Length - raw.TrimStart().Length, trimmed, string.Join('\n', doc)));
                doc.Clear();
            }
        }
        return lines;
    }

    [GeneratedRegex(@"^api (?<key>\d+) (?<name>[A-Z]\w*)$")]
    private static partial Regex ApiPattern();

    [GeneratedRegex("^(?<kind>request|response|data)( (?<name>[A-Z]\\w*))? (?<versions>[\\d+-]+)"
        + "(, flexible (?<flexible>[\\d+-]+))?$")]
    private static partial Regex MessagePattern();

    [GeneratedRegex("^struct (?<name>[A-Z]\\w*)( (?<versions>\\d[\\d+-]*))?$")]
    private static partial Regex StructPattern();

    [GeneratedRegex("^(?<name>[A-Z]\\w*): (?<array>\\[)?(?<type>\\w+)(?(array)\\])"
        + "(?<nullable>\\?(?<since>\\d[\\d+-]*)?)?( (?<versions>\\d[\\d+-]*))?"
        + "( = (?<default>\\S+))?( tag (?<tag>\\d+))?(?<ignorable> ignorable)?$")]
    private static partial Regex FieldPattern();

    sealed record Line(int Number, int Indent, string Text, string Doc);
}
