using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Millrace.Repo;

/// <summary>Writes the public surface of an assembly as sorted text, one member a line.</summary>
static class ApiText
{
    const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic
        | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        // Generated message classes are left out: the definitions are their text.
        foreach (var type in assembly.GetExportedTypes()
                     .Where(t => !(t.Namespace ?? "").EndsWith(".Messages", StringComparison.Ordinal))
                     .OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(Name(type)).Append(Bases(type)).Append('\n');
            foreach (var line in Members(type).Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(line).Append('\n');
            }
        }

        return text.ToString();
    }

    static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetNames(type).Select(n => $"{n} = {Convert.ToInt64(Enum.Parse(type, n), null)}");
        }

        return type.GetMembers(Declared).Where(IsVisible).Select(Line).Where(l => l.Length > 0);
    }

    static bool IsVisible(MemberInfo member) => member switch
    {
        _ when member.IsDefined(typeof(CompilerGeneratedAttribute)) && member is not FieldInfo => false,
        MethodBase m => m.IsPublic || m.IsFamily,
        FieldInfo f => f.IsPublic,
        PropertyInfo p => (p.GetMethod ?? p.SetMethod)!.IsPublic || (p.GetMethod ?? p.SetMethod)!.IsFamily,
        EventInfo e => e.AddMethod!.IsPublic,
        _ => false,
    };

    static string Line(MemberInfo member) => member switch
    {
        ConstructorInfo c => $"new({Parameters(c)})",
        MethodInfo { IsSpecialName: true } => "",
        MethodInfo m => $"{(m.IsStatic ? "static " : "")}{Name(m.ReturnType)} {m.Name}{Generic(m)}({Parameters(m)})",
        PropertyInfo p => $"{Static(p)}{Name(p.PropertyType)} {p.Name} {{ {Accessors(p)}}}",
        FieldInfo f => $"{(f.IsLiteral ? "const " : f.IsStatic ? "static " : "")}{Name(f.FieldType)} {f.Name}",
        EventInfo e => $"event {Name(e.EventHandlerType!)} {e.Name}",
        _ => "",
    };

    static string Static(PropertyInfo property) =>
        (property.GetMethod ?? property.SetMethod)!.IsStatic ? "static " : "";

    static string Accessors(PropertyInfo property)
    {
        var set = property.SetMethod is { IsPublic: true } setter
            ? setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; "
            : "";
        return (property.GetMethod is { IsPublic: true } ? "get; " : "") + set;
    }

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(p =>
        (p.IsDefined(typeof(ParamArrayAttribute)) ? "params " : "")
        + $"{Name(p.ParameterType)} {p.Name}"
        + (p.IsOptional ? " = …" : "")));

    static string Generic(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";

    static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "enum",
        { IsInterface: true } => "interface",
        { IsValueType: true } => "struct",
        _ when typeof(Delegate).IsAssignableFrom(type) => "delegate",
        { IsAbstract: true, IsSealed: true } => "static class",
        { IsAbstract: true } => "abstract class",
        { IsSealed: true } => "class",
        _ => "unsealed class",
    };

    static string Bases(Type type)
    {
        var isDerived = type.BaseType is { } b && b != typeof(object) && b != typeof(ValueType) && b != typeof(Enum);
        var bases = (isDerived ? [type.BaseType!] : Array.Empty<Type>())
            .Concat(type.GetInterfaces().Where(i => i.IsPublic && !i.IsGenericType))
            .Select(Name);
        var list = string.Join(", ", bases);
        return list.Length == 0 || type.IsEnum ? "" : " : " + list;
    }

    static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return "ref " + Name(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Name(inner) + "?";
        }

        var name = type.IsGenericParameter ? type.Name : (type.FullName ?? $"{type.Namespace}.{type.Name}");
        if (type.IsGenericType)
        {
            name = (type.GetGenericTypeDefinition().FullName ?? type.Name).Split('`')[0]
                + $"<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
        }

        return name.Replace("System.", "", StringComparison.Ordinal).Replace('+', '.');
    }
}
