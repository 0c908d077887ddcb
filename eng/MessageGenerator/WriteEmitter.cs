namespace Millrace.MessageGenerator;

// The statements of a Write method.
static class WriteEmitter
{
    public static void Field(CodeWriter code, Field field, Versions scope, Flexible flexible, string path)
    {
        var condition = field.Versions.ConditionWithin(scope);
        var refusal = condition is null || field.IsIgnorable
            ? null
            : $"throw MessageChecks.NotInVersion(\"{path}.{field.Name}\", version);";
        if (field.Tag is not null)
        {
            // Its content comes at the end of the structure.
            if (refusal is not null)
                code.If($"{Not(field, scope)} && {Types.IsSet(field)}", c => c.Line(refusal));
            return;
        }
        code.If(condition, c => Content(c, field, field.Versions, flexible, path, "writer"));
        if (refusal is not null)
        {
            code.Line($"else if ({Types.IsSet(field)})");
            code.Line("    " + refusal);
        }
    }

    // The tagged fields of a structure: how many are set, then each with tag and size.
    public static void Tags(CodeWriter code, Struct s, Flexible flexible, string path)
    {
        if (flexible.Never)
            return;
        var tagged = s.Fields.Where(f => f.Tag is not null).OrderBy(f => f.Tag).ToList();
        code.If(flexible.Condition, c =>
        {
            if (tagged.Count == 0)
            {
                c.Line("writer.WriteByte(0);   // no tagged fields");
                return;
            }
            var scope = flexible.Versions.Intersect(s.Scope);
            c.Line("var tags = 0u;");
            foreach (var field in tagged)
                c.If(IsWritten(field, scope), inner => inner.Line("tags++;"));
            c.Line("writer.WriteUVarint(tags);");
            foreach (var field in tagged)
                c.If(IsWritten(field, scope), inner => Tag(inner, field, flexible, path));
        });
    }

    static void Tag(CodeWriter code, Field field, Flexible flexible, string path)
    {
        if (Types.FixedSize(field, field.Versions) is { } size)
        {
            code.Line($"writer.WriteTag({field.Tag}, size: {size});");
            Content(code, field, field.Versions, flexible, path, "writer");
            return;
        }
        var content = "tag" + field.Tag;
        code.Line($"var {content} = writer.BeginTag();");
        Content(code, field, field.Versions, flexible, path, content);
        code.Line($"writer.EndTag({field.Tag});");
    }

    static string IsWritten(Field field, Versions scope)
    {
        var condition = field.Versions.ConditionWithin(scope);
        return condition is null ? Types.IsSet(field) : $"{condition} && {Types.IsSet(field)}";
    }

    static void Content(CodeWriter code, Field field, Versions where, Flexible flexible, string path, string writer)
    {
        if (field.CanBeNull && field.Nullable.ConditionWithin(where) is not null)
        {
            code.Line($"if ({field.Name} is null && {Outside(field.Nullable, where)})");
            code.Line($"    throw MessageChecks.NullNotInVersion(\"{path}.{field.Name}\", version);");
        }
        if (field.IsArray)
            Array(code, field, where, flexible, writer);
        else if (field.IsStruct)
            Structure(code, field, where, writer);
        else
            Primitive(code, field, where, flexible, writer);
    }

    static void Primitive(CodeWriter code, Field field, Versions where, Flexible flexible, string writer)
    {
        var nullable = field.CanBeNull ? "Nullable" : "";
        var compact = Types.HasLength(field) ? flexible.Argument(where) : "";
        code.Line($"{writer}.Write{nullable}{Types.Method(field)}({field.Name}{compact});");
    }

    // A nullable structure has a byte before it: 1 for present, -1 for null.
    static void Structure(CodeWriter code, Field field, Versions where, string writer)
    {
        if (!field.CanBeNull)
        {
            code.Line($"{field.Name}.Write({writer}, version);");
            return;
        }
        code.If(field.Nullable.ConditionWithin(where),
            c => c.Line($"{writer}.WriteInt8({field.Name} is null ? (sbyte)-1 : (sbyte)1);"));
        code.Line($"{field.Name}?.Write({writer}, version);");
    }

    static void Array(CodeWriter code, Field field, Versions where, Flexible flexible, string writer)
    {
        var length = field.CanBeNull ? $"{field.Name}?.Count ?? -1" : $"{field.Name}.Count";
        var compact = flexible.Argument(where);
        code.Line($"{writer}.WriteArrayLength({length}{compact});");
        code.If(field.CanBeNull ? $"{field.Name} is not null" : null, c =>
        {
            c.Line($"foreach (var item in {field.Name})");
            if (field.IsStruct)
                c.Line($"    item.Write({writer}, version);");
            else
                c.Line($"    {writer}.Write{Types.Method(field)}(item{(Types.HasLength(field) ? compact : "")});");
        });
    }

    static string Not(Field field, Versions scope) => Outside(field.Versions, scope);

    static string Outside(Versions inside, Versions scope)
    {
        if (inside.Low > scope.Low && inside.High < scope.High)
            return $"version is < {inside.Low} or > {inside.High}";
        return inside.Low > scope.Low ? $"version < {inside.Low}" : $"version > {inside.High}";
    }
}
