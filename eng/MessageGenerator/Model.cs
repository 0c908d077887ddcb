namespace Millrace.MessageGenerator;

enum MessageKind
{
    Request,
    Response,
    Data,
}

// One .msg file.
sealed record Definition(string Source, short? ApiKey, string Name, IReadOnlyList<Message> Messages);

// A request, a response, or a structure that is embedded in byte fields or logs.
sealed record Message(
    MessageKind Kind, string Name, string Doc, Versions Versions, Versions Flexible, IReadOnlyList<Struct> Structs)
{
    public Struct Root => Structs[0];
}

// A class: the message itself, or the elements of one of its fields. Doc: XML. Scope: the versions in which it occurs.
sealed record Struct(string Name, string Doc, Versions Scope, IReadOnlyList<Field> Fields)
{
    // True if some field holds one of these by itself, so that it must be able to tell whether it is all defaults.
    public bool IsUsedAlone { get; set; }
}

sealed record Field(
    string Name,
    string Doc,
    string Type,         // a primitive or the name of a struct
    bool IsArray,
    Versions Versions,   // as written, cut to the scope it stands in
    Versions Nullable,
    bool IsIgnorable,
    uint? Tag,
    string? Default,     // as written; null is the type's own default, "null" is null
    Struct? Struct)      // what Type names, if it is no primitive
{
    public bool CanBeNull => !Nullable.IsEmpty;

    public bool IsStruct => Struct is not null;

    public bool StartsNull => Default == "null" || (Type == "records" && CanBeNull);
}
