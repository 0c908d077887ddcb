using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Millrace.Console.Api;

/// <summary>Bytes for a person: null, text, indented JSON, or hex for what is neither.</summary>
/// <param name="Format"><c>null</c>, <c>json</c>, <c>text</c> or <c>hex</c>.</param>
/// <param name="Size">How many bytes there are.</param>
/// <param name="Text">What to show by default.</param>
/// <param name="Hex">A hex dump of the same bytes.</param>
/// <param name="IsCut">There is more than is shown.</param>
sealed record PayloadView(string Format, int Size, string Text, string Hex, bool IsCut)
{
    const int HexColumns = 16;

    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static PayloadView Of(ReadOnlyMemory<byte>? bytes, int maxBytes)
    {
        if (bytes is not { } all)
        {
            return new PayloadView("null", 0, "", "", false);
        }

        var shown = all.Span[..Math.Min(all.Length, maxBytes)];
        var hex = Dump(shown);
        var isCut = shown.Length < all.Length;
        if (!isCut && Indent(all) is { } json)
        {
            return new PayloadView("json", all.Length, json, hex, false);
        }

        return Decode(shown, isCut) is { } text
            ? new PayloadView("text", all.Length, text, hex, isCut)
            : new PayloadView("hex", all.Length, hex, hex, isCut);
    }

    /// <summary>One line for a table; null for null.</summary>
    public static string? Line(ReadOnlyMemory<byte>? bytes, int maxChars)
    {
        if (bytes is not { } all)
        {
            return null;
        }

        var start = all.Span[..Math.Min(all.Length, maxChars * 4)];
        var text = (Decode(start, start.Length < all.Length) ?? "0x" + Convert.ToHexString(start))
            .ReplaceLineEndings(" ");
        return Cut(text, maxChars);
    }

    /// <summary>The beginning of a text; null for null.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Cut(string? text, int maxChars) =>
        text is null || text.Length <= maxChars ? text : string.Concat(text.AsSpan(0, maxChars - 1), "…");

    static string? Indent(ReadOnlyMemory<byte> bytes)
    {
        // A number or a bare word is valid JSON as well, and better shown as it is.
        var first = bytes.Span.TrimStart(" \t\r\n"u8);
        if (first.IsEmpty || first[0] is not ((byte)'{' or (byte)'['))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(bytes);
            using var buffer = new MemoryStream();
            // Not escaped for HTML: the page puts it into the document as text, and a person reads it.
            using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions
            {
                Indented = true,
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }))
            {
                document.WriteTo(writer);
            }

            return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static string? Decode(ReadOnlySpan<byte> bytes, bool isCut)
    {
        // A cut may fall into a character of up to four bytes.
        for (var drop = 0; drop <= (isCut ? 3 : 0) && drop <= bytes.Length; drop++)
        {
            try
            {
                var text = Strict.GetString(bytes[..^drop]);
                return text.Any(static c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) ? null : text;
            }
            catch (DecoderFallbackException)
            {
                // Not text up to here.
            }
        }

        return null;
    }

    static string Dump(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length * 5);
        for (var at = 0; at < bytes.Length; at += HexColumns)
        {
            var row = bytes.Slice(at, Math.Min(HexColumns, bytes.Length - at));
            text.Append(CultureInfo.InvariantCulture, $"{at:x8} ");
            for (var i = 0; i < HexColumns; i++)
            {
                text.Append(i < row.Length ? " " + row[i].ToString("x2", CultureInfo.InvariantCulture) : "   ");
            }

            text.Append("  ");
            foreach (var b in row)
            {
                text.Append(b is >= 0x20 and < 0x7F ? (char)b : '.');
            }

            text.Append('\n');
        }

        return text.ToString();
    }
}
