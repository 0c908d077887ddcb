using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Millrace.Processing.Serialization;

/// <summary>
/// The value as UTF-8 text. Bytes that are not UTF-8 are an error: a replacement character would hide them.
/// </summary>
sealed class StringDeserializer : IValueDeserializer<string>
{
    static readonly UTF8Encoding Strict = new(false, true);

    public string Deserialize(ReadOnlyMemory<byte> value, RecordInfo record) => Strict.GetString(value.Span);
}

/// <summary>The value's bytes, copied: the handler may keep them.</summary>
sealed class BytesDeserializer : IValueDeserializer<byte[]>
{
    public byte[] Deserialize(ReadOnlyMemory<byte> value, RecordInfo record) => value.ToArray();
}

/// <summary>The value's bytes, borrowed until the handler returns.</summary>
sealed class RawDeserializer : IValueDeserializer<ReadOnlyMemory<byte>>
{
    public ReadOnlyMemory<byte> Deserialize(ReadOnlyMemory<byte> value, RecordInfo record) => value;
}

/// <summary>JSON through System.Text.Json, with type information that was looked up once.</summary>
sealed class JsonDeserializer<T>(JsonTypeInfo<T> typeInfo) : IValueDeserializer<T>
{
    public T Deserialize(ReadOnlyMemory<byte> value, RecordInfo record)
    {
        var span = value.Span;
        if (span is [0xEF, 0xBB, 0xBF, ..])
        {
            span = span[3..];
        }

        if (span is [0, _, _, _, _, ..])
        {
            throw new JsonException(
                "The value begins with a zero byte, as values framed for a schema registry do; it is not plain JSON.");
        }

        return JsonSerializer.Deserialize(span, typeInfo)
            ?? throw new JsonException($"The value is the JSON literal null, not a {typeof(T).Name}.");
    }
}
