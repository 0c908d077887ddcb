namespace Millrace.MessageGenerator;

// What a field looks like in C#: its type, its first value, the test for "still the default", the smallest encoding.
static class Types
{
    public static string Declared(Field field)
    {
        var element = Element(field);
        var type = field.IsArray ? $"List<{element}>" : element;
        return field.CanBeNull ? type + "?" : type;
    }

    public static string Element(Field field) => field.Type switch
    {
        "bool" => "bool",
        "int8" => "sbyte",
        "int16" => "short",
        "uint16" => "ushort",
        "int32" => "int",
        "uint32" => "uint",
        "int64" => "long",
        "float64" => "double",
        "string" => "string",
        "uuid" => "Guid",
        "error" => "ErrorCode",
        "bytes" or "records" => "ReadOnlyMemory<byte>",
        _ => field.Type,
    };

    // The suffix of the reader's and the writer's method.
    public static string Method(Field field) => field.Type switch
    {
        "bool" => "Bool",
        "int8" => "Int8",
        "int16" => "Int16",
        "uint16" => "UInt16",
        "int32" => "Int32",
        "uint32" => "UInt32",
        "int64" => "Int64",
        "float64" => "Float64",
        "string" => "String",
        "uuid" => "Uuid",
        "error" => "ErrorCode",
        _ => "Bytes",
    };

    public static bool HasLength(Field field) => field.Type is "string" or "bytes" or "records";

    // A structure that may not be null is made when it is first asked for: most stay at their defaults.
    public static bool IsLazy(Field field) => field.IsStruct && !field.IsArray && !field.StartsNull;

    public static string Backing(Field field) => $"_{char.ToLowerInvariant(field.Name[0])}{field.Name[1..]}";

    // " = …;" after the property, or nothing where C# starts with the same value.
    public static string Initializer(Field field)
    {
        if (field.StartsNull)
            return "";
        if (field.IsArray)
            return " = [];";
        if (field.Type == "string")
            return $" = \"{field.Default?.Trim('"')}\";";
        if (field.Type is "bytes" or "records" && field.CanBeNull)
            return " = ReadOnlyMemory<byte>.Empty;";
        return field.Default is null or "0" or "false" ? "" : $" = {Literal(field)};";
    }

    // A condition that holds when the field differs from its default.
    public static string IsSet(Field field)
    {
        var name = field.Name;
        if (field.StartsNull)
            return $"{name} is not null";
        if (field.IsArray)
            return field.CanBeNull ? $"{name} is not {{ Count: 0 }}" : $"{name}.Count != 0";
        if (field.IsStruct)
            return $"{Backing(field)}?.IsDefault() == false";
        return field.Type switch
        {
            "bool" => field.Default == "true" ? $"!{name}" : name,
            "string" => $"{name} != \"{field.Default?.Trim('"')}\"",
            "bytes" or "records" => field.CanBeNull ? $"{name} is not {{ IsEmpty: true }}" : $"!{name}.IsEmpty",
            "uuid" => $"{name} != Guid.Empty",
            "error" => $"{name} != ErrorCode.None",
            _ => $"{name} != {Literal(field)}",
        };
    }

    static string Literal(Field field) => (field.Type, field.Default) switch
    {
        (_, null) => "0",
        ("int64", "9223372036854775807") => "long.MaxValue",
        ("int32", "2147483647") => "int.MaxValue",
        _ => field.Default,
    };

    // The fewest bytes that one value, or one element of an array, takes in a version.
    public static int MinSize(Field field, short version, Versions flexible) => field.Type switch
    {
        "bool" or "int8" => 1,
        "int16" or "uint16" or "error" => 2,
        "int32" or "uint32" => 4,
        "int64" or "float64" => 8,
        "uuid" => 16,
        "string" => flexible.Contains(version) ? 1 : 2,
        "bytes" or "records" => flexible.Contains(version) ? 1 : 4,
        _ => MinSize(field.Struct!, version, flexible),
    };

    // The size of a tagged field's content if it is the same for all values and versions, else null.
    public static int? FixedSize(Field field, Versions where)
    {
        if (field.IsArray || field.CanBeNull || HasLength(field))
            return null;
        if (!field.IsStruct)
            return MinSize(field, where.Low, where);
        var total = 1;   // its own count of tagged fields, which is 0
        foreach (var inner in field.Struct!.Fields)
        {
            if (inner.Tag is not null || !inner.Versions.Contains(where) || FixedSize(inner, where) is not { } size)
                return null;
            total += size;
        }
        return total;
    }

    static int MinSize(Struct s, short version, Versions flexible)
    {
        var size = flexible.Contains(version) ? 1 : 0;
        foreach (var field in s.Fields.Where(f => f.Versions.Contains(version) && f.Tag is null))
        {
            if (field.IsArray)
                size += flexible.Contains(version) ? 1 : 4;
            else if (field.IsStruct && field.Nullable.Contains(version))
                size += 1;
            else
                size += MinSize(field, version, flexible);
        }
        return size;
    }
}
