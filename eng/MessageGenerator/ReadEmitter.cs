namespace Millrace.MessageGenerator;

// The statements of a Read method.
static class ReadEmitter
{
    public static void Field(CodeWriter code, Field field, Versions where, Flexible flexible)
    {
        if (field.IsArray)
            Array(code, field, where, flexible);
        else if (field.IsStruct)
            Structure(code, field, where);
        else
            code.Line($"{field.Name} = {Value(field, where, flexible, field.CanBeNull)};");
    }

    // The tagged fields of a structure: known ones by tag, the rest skipped.
    public static void Tags(CodeWriter code, Struct s, Flexible flexible)
    {
        if (flexible.Never)
            return;
        var tagged = s.Fields.Where(f => f.Tag is not null).OrderBy(f => f.Tag).ToList();
        code.If(flexible.Condition, c =>
        {
            if (tagged.Count == 0)
                c.Line("reader.SkipTags();");
            else
                KnownTags(c, tagged, flexible, flexible.Versions.Intersect(s.Scope));
        });
    }

    static void KnownTags(CodeWriter code, List<Field> tagged, Flexible flexible, Versions scope)
    {
        code.Open("for (var tags = reader.ReadTagCount(); tags > 0 && !reader.IsBad; tags--)");
        code.Open("switch (reader.ReadTag(out var end))");
        foreach (var field in tagged)
        {
            var guard = field.Versions.ConditionWithin(scope) is { } condition ? $" when {condition}" : "";
            code.Open($"case {field.Tag}{guard}:");
            Field(code, field, field.Versions, flexible);
            code.Line("reader.EndTag(end);");
            code.Line("break;");
            code.Close();
        }
        code.Line("default:");
        code.Line("    reader.SkipTo(end);");
        code.Line("    break;");
        code.Close();
        code.Close();
    }

    static string Value(Field field, Versions where, Flexible flexible, bool nullable)
    {
        var compact = Types.HasLength(field) ? flexible.Argument(where, first: true) : "";
        var plain = $"reader.Read{Types.Method(field)}({compact})";
        if (!nullable)
            return plain;
        var orNull = $"reader.ReadNullable{Types.Method(field)}({compact})";
        return field.Nullable.ConditionWithin(where) is { } condition ? $"{condition} ? {orNull} : {plain}" : orNull;
    }

    static void Structure(CodeWriter code, Field field, Versions where)
    {
        if (field.CanBeNull)
        {
            var isThere = field.Nullable.ConditionWithin(where) is { } condition
                ? $"!({condition}) || reader.ReadInt8() >= 0"
                : "reader.ReadInt8() >= 0";
            code.Line($"{field.Name} = {isThere} ? new() : null;");
            code.Line($"{field.Name}?.Read(ref reader, version);");
            return;
        }
        code.Line($"{field.Name}.Read(ref reader, version);");
    }

    static void Array(CodeWriter code, Field field, Versions where, Flexible flexible)
    {
        var count = char.ToLowerInvariant(field.Name[0]) + field.Name[1..] + "Count";
        var size = flexible.Choose(where, v => Types.MinSize(field, v, flexible.Versions));
        var arguments = size + flexible.Argument(where);
        var plain = $"reader.ReadArrayLength({arguments})";
        if (!field.CanBeNull)
        {
            code.Line($"var {count} = {plain};");
            code.Line($"{field.Name}.EnsureCapacity({count});");
        }
        else
        {
            var orNull = $"reader.ReadNullableArrayLength({arguments})";
            var condition = field.Nullable.ConditionWithin(where);
            if (condition is null)
            {
                code.Line($"var {count} = {orNull};");
            }
            else
            {
                code.Line($"var {count} = {condition}");
                code.Line($"    ? {orNull}");
                code.Line($"    : {plain};");
            }
            code.Line($"if ({count} < 0)");
            code.Line($"    {field.Name} = null;");
            code.Line("else");
            code.Line($"    ({field.Name} ??= []).EnsureCapacity({count});");
        }
        var bang = field.CanBeNull ? "!" : "";
        var loop = $"for (; {count} > 0 && !reader.IsBad; {count}--)";
        if (!field.IsStruct)
        {
            code.Line(loop);
            code.Line($"    {field.Name}{bang}.Add({Value(field, where, flexible, nullable: false)});");
            return;
        }
        code.Open(loop);
        code.Line($"var item = new {field.Type}();");
        code.Line("item.Read(ref reader, version);");
        code.Line($"{field.Name}{bang}.Add(item);");
        code.Close();
    }
}
