using System.Globalization;

namespace Millrace.MessageGenerator;

// One .g.cs from one definition.
static class Emitter
{
    public static string Emit(Definition definition)
    {
        var code = new CodeWriter();
        code.Line($"// Made from {definition.Source} by eng/MessageGenerator. Change that file and run the generator.");
        code.Line("#nullable enable");
        code.Line();
        code.Line("using Millrace.Protocol.Wire;");
        code.Line();
        code.Line("namespace Millrace.Protocol.Messages;");
        foreach (var message in definition.Messages)
        {
            code.Line();
            EmitMessage(code, definition, message);
        }
        return code.ToString();
    }

    static void EmitMessage(CodeWriter code, Definition definition, Message message)
    {
        code.Doc(CodeWriter.Escape(message.Doc));
        code.Open($"public sealed class {message.Name} : {Interface(definition, message)}");
        if (message.Kind != MessageKind.Response)
            EmitFacts(code, definition, message);
        EmitProperties(code, message.Root);
        EmitWrite(code, message, message.Root);
        code.Line();
        EmitRead(code, message, message.Root);
        foreach (var s in message.Structs.Skip(1))
        {
            code.Line();
            code.Doc(s.Doc);
            code.Open($"public sealed class {s.Name}");
            EmitProperties(code, s);
            EmitWrite(code, message, s);
            code.Line();
            EmitRead(code, message, s);
            if (s.IsUsedAlone)
            {
                code.Line();
                code.Line($"internal bool IsDefault() => !({string.Join(" || ", s.Fields.Select(Types.IsSet))});");
            }
            code.Close();
        }
        code.Close();
    }

    static string Interface(Definition definition, Message message) => message.Kind switch
    {
        MessageKind.Request => $"IRequest<{definition.Name}Response>",
        MessageKind.Data => "IVersionedData",
        _ => "IMessage",
    };

    static void EmitFacts(CodeWriter code, Definition definition, Message message)
    {
        if (definition.ApiKey is not null)
        {
            code.Line("/// <inheritdoc/>");
            code.Line($"public static ApiKey ApiKey => ApiKey.{definition.Name};");
            code.Line();
        }
        var flexible = message.Flexible.IsEmpty
            ? "short.MaxValue"
            : message.Flexible.Low.ToString(CultureInfo.InvariantCulture);
        code.Line("/// <inheritdoc/>");
        code.Line($"public static short MinVersion => {message.Versions.Low};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public static short MaxVersion => {message.Versions.High};");
        code.Line();
        code.Line("/// <inheritdoc/>");
        code.Line($"public static short FirstFlexibleVersion => {flexible};");
        code.Line();
    }

    static void EmitProperties(CodeWriter code, Struct s)
    {
        var lazy = s.Fields.Where(Types.IsLazy).ToList();
        foreach (var field in lazy)
            code.Line($"{field.Type}? {Types.Backing(field)};");
        if (lazy.Count > 0)
            code.Line();
        foreach (var field in s.Fields)
        {
            code.Doc(CodeWriter.Escape(field.Doc));
            if (Remarks(field, s.Scope) is { } remarks)
                code.Doc(remarks, "remarks");
            var property = $"public {Types.Declared(field)} {field.Name}";
            if (Types.IsLazy(field))
                EmitLazy(code, property, Types.Backing(field));
            else
                code.Line($"{property} {{ get; set; }}{Types.Initializer(field)}");
            code.Line();
        }
    }

    static void EmitLazy(CodeWriter code, string property, string backing)
    {
        code.Open(property);
        code.Line($"get => {backing} ??= new();");
        code.Line($"set => {backing} = value;");
        code.Close();
    }

    static string? Remarks(Field field, Versions scope)
    {
        var parts = new List<string>();
        if (!field.Versions.Contains(scope))
            parts.Add(field.Versions.Describe(scope));
        if (field.CanBeNull && !field.Nullable.Contains(field.Versions))
            parts.Add("null allowed " + field.Nullable.Describe(field.Versions));
        if (field.IsIgnorable && !field.Versions.Contains(scope))
            parts.Add("left out without an error in the others");
        if (parts.Count == 0)
            return null;
        var text = string.Join("; ", parts);
        return char.ToUpperInvariant(text[0]) + text[1..] + ".";
    }

    static void EmitWrite(CodeWriter code, Message message, Struct s)
    {
        var isRoot = s == message.Root;
        if (isRoot)
            code.Line("/// <inheritdoc/>");
        code.Open($"{(isRoot ? "public" : "internal")} void Write(WireWriter writer, short version)");
        if (isRoot)
        {
            var range = $"{message.Versions.Low}, {message.Versions.High}";
            code.Line($"MessageChecks.CanWrite(nameof({s.Name}), version, {range});");
        }
        var flexible = new Flexible(message, s.Scope);
        flexible.Declare(code);
        var path = isRoot ? s.Name : $"{message.Name}.{s.Name}";
        foreach (var field in s.Fields)
            WriteEmitter.Field(code, field, s.Scope, flexible, path);
        WriteEmitter.Tags(code, s, flexible, path);
        code.Close();
    }

    static void EmitRead(CodeWriter code, Message message, Struct s)
    {
        var isRoot = s == message.Root;
        if (isRoot)
            code.Line("/// <inheritdoc/>");
        code.Open($"{(isRoot ? "public" : "internal")} void Read(ref WireReader reader, short version)");
        if (isRoot)
        {
            var range = $"{message.Versions.Low}, {message.Versions.High}";
            code.Line($"if (!MessageChecks.CanRead(ref reader, nameof({s.Name}), version, {range}))");
            code.Line("    return;");
        }
        var flexible = new Flexible(message, s.Scope);
        flexible.Declare(code);
        foreach (var field in s.Fields.Where(f => f.Tag is null))
        {
            var condition = field.Versions.ConditionWithin(s.Scope);
            code.If(condition, c => ReadEmitter.Field(c, field, field.Versions, flexible));
        }
        ReadEmitter.Tags(code, s, flexible);
        code.Close();
    }
}
