using System.Collections;
using Millrace.MessageGenerator;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Unit.Protocol.Messages;

// Makes an instance with values in every field that a version has, the same for the same seed.
sealed class Filler(Random random, short version, int longBytes = 1500)
{
    static readonly string[] Letters = ["a", "b", "-", "7", "é", "雪", "🜚"];

    public static IMessage Fill(Message message, short version, int seed, int longBytes = 1500)
    {
        var instance = Catalog.New(message);
        new Filler(new Random(seed), version, longBytes).Fill(instance, message.Root);
        return instance;
    }

    // A number for Random that is the same in every run and on every machine.
    public static int SeedOf(Message message, short version) =>
        message.Name.Aggregate((int)version, (seed, c) => unchecked((seed * 31) + c));

    public void Fill(object instance, Struct s)
    {
        foreach (var field in s.Fields.Where(f => f.Versions.Contains(version)))
        {
            if (field.Tag is not null && random.Next(3) == 0)
                continue;
            var property = instance.GetType().GetProperty(field.Name)!;
            property.SetValue(instance, Value(field, property.PropertyType));
        }
    }

    object? Value(Field field, Type type)
    {
        if (field.Nullable.Contains(version) && random.Next(4) == 0)
            return null;
        if (!field.IsArray)
            return One(field, type);
        var list = (IList)Activator.CreateInstance(type)!;
        for (var left = random.Next(4); left > 0; left--)
            list.Add(One(field, type.GenericTypeArguments[0]));
        return list;
    }

    object One(Field field, Type type)
    {
        if (field.Struct is null)
            return Primitive(field.Type);
        var instance = Activator.CreateInstance(type)!;
        Fill(instance, field.Struct);
        return instance;
    }

    object Primitive(string type) => type switch
    {
        "bool" => random.Next(2) == 0,
        "int8" => (sbyte)Number(),
        "int16" => (short)Number(),
        "uint16" => (ushort)Number(),
        "int32" => (int)Number(),
        "uint32" => (uint)Number(),
        "int64" => Number(),
        "float64" => random.NextDouble(),
        "error" => (ErrorCode)random.Next(-1, 130),
        "uuid" => new Guid(Bytes(16)),
        "string" => Text(random.Next(20) == 0 ? random.Next(200) : random.Next(12)),
        "bytes" or "records" => (ReadOnlyMemory<byte>)Bytes(random.Next(random.Next(5) == 0 ? longBytes : 20)),
        _ => throw new InvalidOperationException($"No values are known for {type}."),
    };

    long Number() => random.Next(4) switch
    {
        0 => random.NextInt64(),
        1 => random.Next(-2, 3),
        2 => random.NextInt64(long.MinValue, long.MaxValue),
        _ => random.Next(1000),
    };

    string Text(int length) =>
        string.Concat(Enumerable.Range(0, length).Select(_ => Letters[random.Next(Letters.Length)]));

    byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
